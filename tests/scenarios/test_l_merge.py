"""Scenarios L: merge."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    Engine,
    InvalidRequestError,
    SessionFactory,
    UnloadedAttributeError,
    inspect,
    select,
)
from tests.support.rows import rows, run
from tests.support.scenario_models import (
    Author,
    Badge,
    Book,
    Country,
    Employee,
    Line,
    Order,
    Player,
    Team,
    Ticket,
)
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store


async def test_l01_what_has_no_key_becomes_a_pending_copy(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        source = Author(name="a", books=[Book(title="t")])
        merged = await session.merge(source)
        assert sent.work() == []
        assert merged is not source
        assert state_of(merged) == state_of(merged.books[0]) == "pending"
        assert state_of(source) == state_of(source.books[0]) == "transient"
        assert merged.books[0] is not source.books[0]
        assert set(session.new) == {merged, merged.books[0]}
        await session.commit()
        assert source.id is None
        assert source.books[0].author is source
    assert await rows(engine, "select name, title from author join book on author_id = 1") == [
        ("a", "t")
    ]


async def test_l02_only_what_was_given_is_written_over_the_row(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="old", age=7))
    async with Session() as session:
        source = Author(id=1, name="new")
        merged = await session.merge(source)
        assert sent.work()[-1] == "SELECT author"
        assert state_of(merged) == "persistent"
        assert state_of(source) == "transient"
        assert (merged.name, merged.age) == ("new", 7)
        await session.commit()
        assert sent()[-1].startswith('UPDATE "author" AS t SET "name" = ')
        again = await session.merge(Author(id=1, name="new"))
        assert again is merged
        assert not session.is_modified(merged)
        assert sent() == []
    assert await rows(engine, "select name, age from author") == [("new", 7)]


async def test_l02_a_key_without_a_row_is_inserted(Session: SessionFactory, engine: Engine) -> None:
    async with Session() as session:
        merged = await session.merge(Country(code="de", name="n"))
        assert state_of(merged) == "pending"
        await session.commit()
        assert await session.merge(merged) is merged
    assert await rows(engine, "select code, name from country") == [("de", "n")]


@pytest.mark.parametrize("stored", [False, True], ids=["pending", "persistent"])
async def test_l04_one_key_twice_in_what_is_merged_is_one_object(
    Session: SessionFactory, engine: Engine, stored: bool
) -> None:
    """M5"""
    if stored:
        await store(Session, Player(id=5, name="old"))
    async with Session() as session:
        sources = [Team(id=number, captain=Player(id=5, name="p")) for number in (1, 2)]
        merged = await session.merge_all(sources)
        captain = merged[0].captain
        assert captain is not None
        assert merged[1].captain is captain
        assert captain is not sources[0].captain
        assert [one for one in session if isinstance(one, Player)] == [captain]
        await session.commit()
        assert await session.get(Player, 5) is captain
    assert await rows(engine, "select id, name from player") == [(5, "p")]
    assert await rows(engine, "select id, captain_id from team order by 1") == [(1, 5), (2, 5)]


async def test_l04_a_graph_with_a_circle_is_merged(Session: SessionFactory) -> None:
    """M5"""
    async with Session() as session:
        source = Team(name="t", players=[Player(name="p")])
        source.captain = source.players[0]
        merged = await session.merge(source)
        assert merged.captain is merged.players[0]
        assert merged.players[0].team is merged
        assert len(session.new) == 2


async def test_l05_a_merged_collection_replaces_the_stored_one(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Order(lines=[Line(text="1"), Line(text="2")]))
    async with Session() as session:
        source = Order(id=1, lines=[Line(id=2, text="changed"), Line(text="new")])
        merged = await session.merge(source)
        await session.commit()
        assert [line.text for line in merged.lines] == ["changed", "new"]
    found = await rows(engine, "select id, text, order_id from line order by id")
    assert found == [(2, "changed", 1), (3, "new", 1)]


async def test_l05_a_collection_that_was_not_given_stays(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Order(name="a", lines=[Line(text="1")]))
    async with Session() as session:
        merged = await session.merge(Order(id=1, name="b"))
        await session.commit()
        assert [line.text for line in await session.load(merged, Order.lines)] == ["1"]
    assert await rows(engine, "select text from line") == [("1",)]


async def test_l05_the_old_one_of_a_merged_pair_is_an_orphan(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Employee(name="e", badge=Badge(number="old")))
    async with Session() as session:
        merged = await session.merge(Employee(id=1, name="e", badge=Badge(number="new")))
        await session.commit()
        assert merged.badge is not None
        assert merged.badge.number == "new"
    assert await rows(engine, "select number, employee_id from badge") == [("new", 1)]


async def detached(Session: SessionFactory, key: int) -> Author:
    async with Session() as session:
        author = await session.get_one(Author, key)
        await session.load(author, Author.books)
        return author


async def test_l06_without_loading_a_copy_is_clean_and_costs_no_sql(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", age=1, books=[Book(title="t")]))
    source = await detached(Session, 1)
    await run(engine, "update author set age = 99")
    async with Session() as session:
        sent()
        merged = await session.merge(source, load=False)
        assert merged is not source
        assert state_of(merged) == state_of(merged.books[0]) == "persistent"
        assert merged.books[0].author is merged
        assert (merged.name, merged.age) == ("a", 1)
        assert not session.is_modified(merged)
        assert list(session.dirty) == list(session.new) == []
        assert await session.get(Author, 1) is merged
        await session.flush()
        assert sent() == []


async def test_l06_without_loading_new_or_changed_objects_are_refused(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a"))
    changed = await detached(Session, 1)
    changed.name = "b"
    async with Session() as session:
        for source in (changed, Author(name="n"), Author(id=1, name="n")):
            sent()
            with pytest.raises(InvalidRequestError, match="Author"):
                await session.merge(source, load=False)
            assert sent() == []
            assert list(session) == []


async def test_l07_an_explicit_none_is_copied(Session: SessionFactory, engine: Engine) -> None:
    await store(Session, Author(name="a", age=7, books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        await session.merge(Author(id=1, name="a", age=None))
        await session.merge(Book(id=1, title="t", author=None))
        await session.merge(Book(id=2, title="v"))
        await session.commit()
    assert await rows(engine, "select age from author") == [(None,)]
    found = await rows(engine, "select title, author_id from book order by id")
    assert found == [("t", None), ("v", 1)]


async def test_l08_half_a_key_is_not_looked_for(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Ticket(series="a"))
    async with Session() as session:
        sent()
        merged = await session.merge(Ticket(series="a", note="new"))
        assert sent() == []
        assert state_of(merged) == "pending"
        await session.commit()
        assert inspect(merged).identity_key == (Ticket, ("a", 2))
    found = await rows(engine, "select number, note from ticket order by number")
    assert found == [(1, None), (2, "new")]


async def test_l09_what_the_source_has_not_loaded_is_not_touched(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Author(name="a", age=7, books=[Book(title="t")]))
    async with Session() as session:
        source: Any = await session.get_one(Author, 1)
        session.expire(source, ["age", "books"])
        session.expunge(source)
        source.name = "b"
    await run(engine, "update author set age = 8")
    async with Session() as session:
        held = await session.get_one(Author, 1)
        session.expire(held, ["age"])
        merged = await session.merge(source)
        assert merged is held
        assert merged.name == "b"
        await session.commit()
        assert await session.all(select(Author.age)) == [8]
        with pytest.raises(UnloadedAttributeError, match=r"Author\.books"):
            _ = merged.books
    assert await rows(engine, "select name, age from author") == [("b", 8)]
    assert await rows(engine, "select title, author_id from book") == [("t", 1)]
