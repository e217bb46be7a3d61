"""Scenarios E: which statements a flush sends, and in which order."""

from __future__ import annotations

import pytest

import asyncorm
from asyncorm import (
    Engine,
    FlushError,
    InvalidRequestError,
    SessionFactory,
    select,
)
from asyncorm import (
    Session as SessionClass,
)
from tests.support.rows import rows, run
from tests.support.scenario_models import (
    Album,
    Author,
    Book,
    Licence,
    Line,
    Node,
    Order,
    Photo,
    Player,
    Team,
    Wide,
)
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store


async def test_e01_parents_are_inserted_before_their_children(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(Book(title="t", author=author))
        session.add(Book(title="u", author=author))
        session.add(author)
        await session.commit()
        assert sent.work() == ["INSERT author", "INSERT book"]
        assert [book.author_id for book in author.books] == [author.id, author.id]


async def test_e02_children_are_deleted_before_their_parents(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        books = await session.load(author, Author.books)
        await session.delete(author)
        for book in list(books):
            await session.delete(book)
        sent()
        await session.commit()
        assert sent.work() == ["DELETE book", "DELETE author"]
    assert await rows(engine, "select id from book union all select id from author") == []


async def test_e03_children_of_a_deleted_parent_lose_their_reference_first(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.delete(author)
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE book", "DELETE author"]
    assert await rows(engine, "select id, author_id from book order by 1") == [(1, None), (2, None)]


async def test_e04_inserts_are_in_the_order_of_add_and_updates_in_that_of_keys(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        wides = [Wide(c00=number) for number in (3, 1, 2)]
        session.add_all(wides)
        session.add(wides[0])
        await session.flush()
        assert [wide.id for wide in wides] == [1, 2, 3]
        # different columns, so that each row is a statement
        wides[2].c01 = wides[0].c02 = wides[1].c03 = 1
        sent()
        await session.flush()
        changed = [statement.split('SET "')[1][:3] for statement in sent()]
        assert changed == ["c02", "c03", "c01"]


async def test_e04_deletes_are_in_the_order_of_keys(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    await store(Session, *(Author(name=name) for name in "abcd"))
    await run(
        engine,
        "create table seen (place serial, id bigint)",
        "create function see() returns trigger language plpgsql as "
        "$$ begin insert into seen (id) values (old.id); return old; end $$",
        "create trigger see before delete on author for each row execute function see()",
    )
    try:
        async with Session() as session:
            authors = await session.all(select(Author).order_by(Author.id))
            for place in (2, 0, 3, 1):
                await session.delete(authors[place])
            sent()
            await session.commit()
            assert sent.work() == ["DELETE author"]
        assert await rows(engine, "select id from seen order by place") == [(1,), (2,), (3,), (4,)]
    finally:
        await run(engine, "drop trigger see on author", "drop function see", "drop table seen")


async def test_e09_post_updates_of_many_rows_are_one_statement(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        albums = [Album(name=name, photos=[Photo(name=name)]) for name in "abc"]
        for album in albums:
            album.cover = album.photos[0]
        session.add_all(albums)
        await session.flush()
        assert sent.work() == ["INSERT album", "INSERT photo", "UPDATE album"]
        assert [album.cover_id for album in albums] == [album.photos[0].id for album in albums]
        await session.commit()
        for album in albums:
            await session.delete(album)
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE album", "DELETE photo", "DELETE album"]
    assert await rows(engine, "select id from album union all select id from photo") == []


async def test_e10_a_row_may_point_at_itself(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        node = Node(name="n")
        node.parent = node
        session.add(node)
        await session.commit()
        assert node.parent_id == node.id
        assert await rows(engine, "select id, parent_id from node") == [(1, 1)]
        await session.delete(node)
        await session.commit()
        assert state_of(node) == "detached"
    assert await rows(engine, "select id from node") == []


async def test_e11_a_circle_of_tables_without_one_of_rows_is_put_in_order(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        player = Player(name="p", team=Team(name="first"))
        captained = Team(name="second", captain=player)
        session.add_all([captained, player])
        await session.commit()
    found = await rows(engine, "select name, captain_id is not null from team order by name")
    assert found == [("first", False), ("second", True)]


async def test_e11_a_circle_of_rows_is_broken_at_a_nullable_key(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    """D10"""
    async with Session() as session:
        player = Player(name="p")
        team = Team(name="t", captain=player, players=[player])
        session.add(team)
        await session.commit()
        assert sorted(sent.work()[:2]) == ["INSERT player", "INSERT team"]
        assert (team.captain_id, player.team_id) == (player.id, team.id)
        sent()
        await session.delete(team)
        await session.delete(player)
        await session.commit()
        assert len(sent.work()) == 3
    assert await rows(engine, "select id from team union all select id from player") == []


async def test_e12_only_the_changed_side_of_a_mutual_pair_is_written(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        team, player = Team(name="t"), Player(name="p")
        session.add_all([team, player])
        await session.flush()
        team.captain = player
        sent()
        await session.flush()
        assert sent.work() == ["UPDATE team"]
        player.team = team
        await session.flush()
        assert sent.work() == ["UPDATE player"]
        await session.flush()
        assert sent() == []


async def test_e13_unrelated_chains_of_objects_share_a_flush_with_few_statements(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        order = Order(lines=[Line(text="1"), Line(text="2")])
        author = Author(name="a", books=[Book(title="t"), Book(title="u")])
        session.add_all([order, author])
        await session.flush()
        assert sorted(sent.work()) == [
            "INSERT author",
            "INSERT book",
            "INSERT line",
            "INSERT orders",
        ]
        order.lines[0].text = "changed"
        await session.flush()
        assert sent.work() == ["UPDATE line"]
        author.books[1].author = None
        await session.flush()
        assert sent.work() == ["UPDATE book"]


async def test_e15_a_hook_cannot_flush_inside_a_flush(Session: SessionFactory) -> None:
    async with Session() as session:
        refused: list[str] = []

        async def flush_again(session: SessionClass) -> None:
            with pytest.raises(InvalidRequestError, match="already flushing") as caught:
                await session.flush()
            refused.append(str(caught.value))

        asyncorm.event.listen(session, "before_flush", flush_again)
        author = Author(name="a")
        session.add(author)
        await session.flush()
        assert len(refused) == 1
        assert state_of(author) == "persistent"


async def test_e16_what_a_hook_does_before_the_flush_is_part_of_it(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="changed"), Author(name="deleted"))
    async with Session() as session:
        changed, deleted = await session.all(select(Author).order_by(Author.id))

        async def prepare(session: SessionClass) -> None:
            session.add(Author(name="added"))
            changed.age = 7
            await session.delete(deleted)

        asyncorm.event.listen(session, "before_flush", prepare)
        session.add(Author(name="mine"))
        sent()
        await session.flush()
        written = [work for work in sent.work() if not work.startswith("SELECT")]
        assert written == ["UPDATE author", "INSERT author", "DELETE author"]
        asyncorm.event.remove(session, "before_flush", prepare)
        await session.commit()
    found = await rows(engine, "select name, age from author order by name")
    assert found == [("added", None), ("changed", 7), ("mine", None)]


async def test_e17_a_key_that_nobody_makes_is_an_error_before_any_sql(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        licence, author = Licence(kind="B"), Author(name="a")
        session.add_all([author, licence])
        with pytest.raises(FlushError, match=r"Licence\.driver_id"):
            await session.flush()
        assert sent.work() == []
        await session.rollback()
        session.add(author)
        await session.commit()
        assert state_of(author) == "persistent"
        assert state_of(licence) == "transient"


@pytest.mark.parametrize("count", [1, 3])
async def test_e17_a_row_that_the_server_does_not_insert_is_an_error(
    Session: SessionFactory, engine: Engine, count: int
) -> None:
    await run(
        engine,
        "create function swallow() returns trigger language plpgsql as "
        "$$ begin if new.name like 'no%' then return null; end if; return new; end $$",
        "create trigger swallow before insert on author for each row execute function swallow()",
    )
    try:
        async with Session() as session:
            authors = [Author(name=f"n{place}") for place in range(count - 1)]
            session.add_all([*authors, Author(name="no")])
            with pytest.raises(FlushError, match="Author"):
                await session.flush()
            await session.rollback()
            assert len(session.identity_map) == 0
            session.add(Author(name="yes"))
            await session.commit()
        assert await rows(engine, "select name from author") == [("yes",)]
    finally:
        await run(engine, "drop trigger swallow on author", "drop function swallow")


async def test_e18_assigning_the_same_value_sends_nothing(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        author.name = "a"
        author.age = 2
        author.age = 1
        assert list(session.dirty) == [author]
        assert not session.is_modified(author)
        sent()
        await session.flush()
        assert sent() == []
        assert list(session.dirty) == []


async def test_e19_one_changed_column_of_twenty_is_written_alone(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Wide())
    async with Session() as session:
        wide = await session.get_one(Wide, 1)
        wide.c07 = 5
        sent()
        await session.flush()
        assert sent() == [
            "BEGIN",
            'UPDATE "wide" AS t SET "c07" = $1::bigint WHERE t."id" = $2::bigint',
        ]
