"""Whatever the order in which objects are added, changed and deleted, foreign keys hold."""

from __future__ import annotations

import random

import pytest

from asyncorm import (
    CircularDependencyError,
    FlushError,
    Session,
    inspect,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.library import (
    Author,
    Book,
    City,
    Country,
    Desk,
    Egg,
    Hen,
    Line,
    Node,
    Note,
    Order,
    Player,
    Profile,
    Promise,
    Room,
    Street,
    Team,
    User,
)
from tests.support.rows import rows, run


async def test_children_added_first_are_inserted_after_their_parents(  # E01
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        authors = [Author(name=str(number)) for number in range(20)]
        books = [
            Book(title=f"{author.name}.{n}", author=author) for author in authors for n in range(3)
        ]
        random.shuffle(books)
        session.add_all(books)
        await session.commit()
        assert all(book.author_id == book.author.id for book in books if book.author)
    found = await rows(
        engine, "select b.title, a.name from library.book b join author a on a.id = b.author_id"
    )
    assert len(found) == 60
    assert all(title.partition(".")[0] == name for title, name in found)


async def test_author_and_books_are_deleted_books_first(  # E02
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        author = Author(name="a", books=[Book(title="1"), Book(title="2")])
        session.add(author)
        await session.flush()
        await session.delete(author)
        for book in author.books:
            await session.delete(book)
        await session.commit()
        assert inspect(author).was_deleted
    assert await rows(engine, "select 1 from author union all select 1 from library.book") == []


@pytest.mark.parametrize("load", [True, False])
async def test_books_of_a_deleted_author_lose_their_reference(  # E03, H05 without the cascade
    engine: Engine, tables: CreateTables, load: bool
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        session.add(Author(name="a", books=[Book(title="1"), Book(title="2")]))
        await session.commit()
    async with Session(engine) as session:
        options = [selectinload(Author.books)] if load else []
        author = await session.one(select(Author).options(*options))
        await session.delete(author)
        await session.flush()
        books = await session.all(select(Book))
        assert [(book.author_id, book.author) for book in books] == [(None, None)] * 2
        await session.commit()
    assert await rows(engine, "select author_id from library.book") == [(None,), (None,)]


async def test_a_child_no_longer_shows_a_deleted_parent(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        session.add(Author(name="a", books=[Book(title="1")]))
        await session.commit()
    async with Session(engine) as session:
        book = await session.one(select(Book).options(selectinload(Book.author)))
        assert book.author is not None
        await session.delete(book.author)
        await session.commit()
        assert (book.author, book.author_id) == (None, None)


async def test_keys_are_made_in_the_order_of_adding(  # E04
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author)
    async with Session(engine) as session:
        names = [str(number) for number in range(50)]
        random.shuffle(names)
        authors = [Author(name=name) for name in names]
        session.add_all(authors)
        await session.commit()
        assert [author.id for author in authors] == list(range(1, 51))
    assert [name for (name,) in await rows(engine, "select name from author order by id")] == names


async def test_a_row_that_refers_to_itself_comes_and_goes(  # E10
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Node)
    async with Session(engine) as session:
        node = Node()
        node.parent = node
        session.add(node)
        await session.commit()
        assert await rows(engine, "select parent_id = id from node") == [(True,)]
        await session.delete(node)
        await session.commit()
    assert await rows(engine, "select id from node") == []


async def test_a_tree_comes_in_levels_and_goes_at_once(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Node)
    async with Session(engine) as session:
        nodes = [Node(name=str(number)) for number in range(200)]
        for number, node in enumerate(nodes[1:], 1):
            node.parent = nodes[random.randrange(number)]
        shuffled = random.sample(nodes, len(nodes))
        session.add_all(shuffled)
        await session.commit()
        assert all(node.parent_id == node.parent.id for node in nodes if node.parent)
        for node in shuffled:
            await session.delete(node)
        assert len(await session.plan()) == 1
        await session.commit()
    assert await rows(engine, "select id from node") == []


async def test_a_tree_whose_keys_restrict_goes_at_once_too(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Node)
    await run(
        engine,
        "alter table node drop constraint fk_node_parent_id_node",
        "alter table node add foreign key (parent_id) references node on delete restrict",
    )
    async with Session(engine) as session:
        root = Node(children=[Node(children=[Node()]), Node()])
        session.add(root)
        await session.commit()
        for node in await session.all(select(Node)):
            await session.delete(node)
        await session.commit()
    assert await rows(engine, "select id from node") == []


async def test_a_stored_row_gets_a_new_parent_of_its_own_table(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Node)
    async with Session(engine) as session:
        node = Node()
        session.add(node)
        await session.commit()
        node.parent = Node()
        await session.commit()
    assert await rows(engine, "select parent_id from node order by id") == [(2,), (None,)]


async def test_a_circle_of_rows_comes_and_goes(engine: Engine, tables: CreateTables) -> None:  # D10
    await tables(Node)
    async with Session(engine) as session:
        nodes = [Node(name=str(number)) for number in range(5)]
        for node, following in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
            node.parent = following
        session.add_all(nodes)
        await session.commit()
        assert [node.parent_id for node in nodes] == [*(n.id for n in nodes[1:]), nodes[0].id]
        for node in nodes:
            await session.delete(node)
        await session.commit()
    assert await rows(engine, "select id from node") == []


async def test_a_circle_of_tables_without_a_circle_of_rows(  # E11
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Team, Player)
    async with Session(engine) as session:
        first = Team(players=[Player(), Player()])
        second = Team(captain=first.players[0], players=[Player()])
        session.add_all([second, first])
        assert len(await session.plan()) == 4
        await session.commit()
        assert second.captain_id == first.players[0].id


async def test_a_circle_of_tables_is_broken_over_its_nullable_key(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Team, Player)
    async with Session(engine) as session:
        teams = [Team(players=[Player(), Player()]) for _ in range(10)]
        for team in teams:
            team.captain = team.players[1]
        session.add_all(teams)
        assert len(await session.plan()) == 3
        await session.commit()
        found = await rows(
            engine,
            "select count(*) from team t join player p on p.id = captain_id where p.team_id = t.id",
        )
        assert found == [(10,)]
        for player in await session.all(select(Player)):
            await session.delete(player)
        for team in teams:
            await session.delete(team)
        await session.commit()
    assert await rows(engine, "select 1 from team union all select 1 from player") == []


async def test_a_failed_flush_of_a_circle_can_be_repeated(
    engine: Engine, tables: CreateTables
) -> None:
    """The second time the references hold the keys of the first, which must not be sent."""
    await tables(Team, Player)
    async with Session(engine) as session:
        team = Team(players=[Player()])
        team.captain = team.players[0]
        session.add(team)
        await session.flush()
        await session.rollback()
        assert team.captain_id == team.players[0].id
        session.add(team)
        await session.commit()
    assert await rows(engine, "select captain_id from team") == [(team.captain_id,)]


async def test_rows_that_need_each_other_are_refused_before_sql(
    engine: Engine, tables: CreateTables
) -> None:
    hen, egg = Hen(), Egg()
    hen.egg, egg.hen = egg, hen
    async with Session(engine) as session:
        session.add(hen)
        with pytest.raises(CircularDependencyError):
            await session.flush()
        assert hen in session


async def test_keys_checked_at_commit_need_no_order(engine: Engine, tables: CreateTables) -> None:
    await tables(Promise)
    async with Session(engine) as session:
        session.add_all([Promise(id=1, other_id=2), Promise(id=2, other_id=1)])
        await session.commit()
    assert await rows(engine, "select id from promise order by 1") == [(1,), (2,)]


async def test_flushing_again_writes_nothing_of_the_unchanged_side(  # E12
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        author, book = Author(name="a"), Book(title="t")
        session.add_all([author, book])
        await session.flush()
        book.author = author
        assert [str(batch) for batch in (await session.plan()).batches] == [
            "UPDATE library.book (author_id): 1 row"
        ]
        await session.flush()
        assert len(await session.plan()) == 0
        book.author = None
        book.author = author
        assert len(await session.plan()) == 0


async def test_a_value_set_to_itself_is_not_written(  # E18
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author)
    async with Session(engine) as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        author.name = "a"
        assert author in session.dirty
        assert not session.is_modified(author)
        assert len(await session.plan()) == 0
        await session.flush()
        assert author not in session.dirty


# ------------------------------------------------------------------------------- one-to-many: G


async def test_a_child_moves_between_two_parents_by_one_update(  # G01
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        here = Author(name="a", books=[Book(title="1"), Book(title="2")])
        there = Author(name="b")
        session.add_all([here, there])
        await session.commit()
        book = here.books[0]
        there.books.append(book)
        assert len(await session.plan()) == 1
        await session.commit()
        assert (book.author, book.author_id) == (there, there.id)
        assert (len(here.books), there.books) == (1, [book])
    assert await rows(engine, "select author_id from library.book order by title") == [(2,), (1,)]


async def test_a_foreign_key_set_by_hand_shows_after_a_refresh(  # G02
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        first, second = Author(name="a"), Author(name="b")
        book = Book(title="t", author=first)
        session.add_all([book, second])
        await session.flush()
        book.author_id = second.id
        await session.flush()
        await session.refresh(book)
        assert await session.load(book, Book.author) is second


async def test_the_relationship_wins_over_its_foreign_key(  # G03
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        first, second = Author(name="a"), Author(name="b")
        session.add_all([first, second])
        await session.flush()
        new = Book(title="t", author_id=first.id, author=second)
        session.add(new)
        await session.flush()
        assert new.author_id == second.id
        new.author, new.author_id = first, 12345
        await session.commit()
        assert new.author_id == first.id
    assert await rows(engine, "select author_id from library.book") == [(first.id,)]


async def test_a_target_is_deleted_after_it_was_left(  # G04
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        book = Book(title="t", author=Author(name="a"))
        session.add(book)
        await session.flush()
        assert book.author is not None
        await session.delete(book.author)
        book.author = None
        assert [batch.kind.value for batch in (await session.plan()).batches] == [
            "UPDATE",
            "DELETE",
        ]
        await session.commit()
    assert await rows(engine, "select author_id from library.book") == [(None,)]


async def test_a_child_is_deleted_without_its_parent_being_read(  # G05
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        session.add(Book(title="t", author=Author(name="a")))
        await session.commit()
    async with Session(engine) as session:
        book = await session.one(select(Book))
        await session.delete(book)
        assert len(session.identity_map) == 1
        await session.commit()
    assert await rows(engine, "select id from library.book") == []


async def test_one_of_one_to_one_is_replaced(engine: Engine, tables: CreateTables) -> None:  # G06
    await tables(User, Profile)
    async with Session(engine) as session:
        user = User(profile=Profile())
        session.add(user)
        await session.commit()
        old, user.profile = user.profile, Profile()
        await session.commit()
        assert old is not None
        assert (old.user, old.user_id) == (None, None)
    assert await rows(engine, "select id, user_id from profile order by id") == [(1, None), (2, 1)]


async def test_a_reference_made_from_the_other_side_shows_at_the_child(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Room, Desk, Country, City, Street)
    async with Session(engine) as session:
        room, desk = Room(building="a", number=1), Desk(building="b")
        room.desks.append(desk)
        session.add(room)
        await session.commit()
        assert (desk.building, desk.room_number, desk.room) == ("a", 1, room)
        room.desks.remove(desk)
        await session.commit()
        assert (desk.building, desk.room_number, desk.room) == ("a", None, None)
    assert await rows(engine, "select building, room_number from desk") == [("a", None)]


async def test_a_parent_whose_children_can_not_be_without_it_is_not_deleted(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        line, note = Line(), Note(text="x")
        line.notes.append(note)
        session.add(Order(lines=[line]))
        await session.commit()
        await session.delete(line)
        session.add(note)  # not this one
        with pytest.raises(FlushError, match=r"Note.line_id can't be empty"):
            await session.flush()
        assert session.is_active
        await session.rollback()
    assert len(await rows(engine, "select 1 from note")) == 1
