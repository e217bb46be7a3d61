"""Reading again: what expired objects load, what populate_existing and locks overwrite."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ObjectDeletedError,
    SessionFactory,
    UnflushedChangesError,
    UnloadedAttributeError,
    inspect,
    select,
    selectinload,
)
from asyncorm import Session as SessionType
from asyncorm.engine.engine import Engine
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Box, Country, Shelf


async def stored(session: SessionType) -> tuple[Author, Book]:
    author = Author(name="a", books=[Book(title="x")])
    session.add(author)
    await session.commit()
    return author, author.books[0]


async def elsewhere(engine: Engine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.command(statement)


def fresh(statement: Any) -> Any:
    return statement.execution_options(populate_existing=True)


async def test_one_refresh_reads_all_expired_columns(Session: SessionFactory, sent: Sent) -> None:
    """A5 D2"""
    async with Session() as session:
        author, _ = await stored(session)
        session.expire(author)
        for name in ("name", "age", "books"):
            with pytest.raises(UnloadedAttributeError, match=rf"Author\.{name}"):
                getattr(author, name)
        sent()
        await session.refresh(author)
        assert sent.verbs() == ["SELECT"]
        assert (author.name, author.age) == ("a", None)


async def test_an_expired_object_loads_what_it_refers_to(
    Session: SessionFactory, sent: Sent
) -> None:
    """A5 A11 K06"""
    async with Session() as session:
        author, book = await stored(session)
        session.expire(book)
        sent()
        assert await session.load(book, Book.author) is author
        assert sent.verbs() == ["SELECT"]  # its own row; the author is in memory
        assert book.title == "x"
        session.expire(book)
        await session.refresh(book, ["author"])
        assert book.author is author


async def test_what_an_expired_object_refers_to_is_gone_with_its_row(
    Session: SessionFactory, engine: Engine
) -> None:
    """A7"""
    async with Session() as session:
        _, book = await stored(session)
        session.expire(book)
        await elsewhere(engine, "delete from book")
        with pytest.raises(ObjectDeletedError, match=r"Book\.author"):
            await session.load(book, Book.author)


async def test_expiring_a_relationship_leaves_the_columns(
    Session: SessionFactory, sent: Sent
) -> None:
    """A3 K01"""
    async with Session() as session:
        author, book = await stored(session)
        author.books.append(Book(title="new"))
        session.expire(author, ["books"])
        assert author.name == "a"
        assert await session.load(author, Author.books) == [book, author.books[1]]
        await session.commit()
        assert [b.title for b in author.books] == ["x", "new"]


async def test_expire_follows_its_cascade_to_pending_children(Session: SessionFactory) -> None:
    """H11 A3"""
    async with Session() as session:
        shelf = Shelf(boxes={Box(size=1)})
        session.add(shelf)
        await session.commit()
        (old,) = shelf.boxes
        new = Box(size=2)
        shelf.boxes.add(new)
        assert inspect(new).pending
        session.expire(shelf)
        assert inspect(new).transient
        assert "size" in inspect(old).unloaded
        await session.commit()
        assert {box.id for box in await session.load(shelf, Shelf.boxes)} == {old.id}


@pytest.mark.parametrize("how", ["get", "get_many", "lock"])
async def test_a_row_that_is_gone_makes_its_object_deleted_until_a_rollback(
    Session: SessionFactory, engine: Engine, how: str
) -> None:
    """A8"""
    async with Session() as session:
        author, book = await stored(session)
        session.expire(book)
        await elsewhere(engine, "delete from book")
        if how == "get_many":
            assert await session.get_many(Book, [book.id]) == [None]
        else:
            assert await session.get(Book, book.id, with_for_update=how == "lock") is None
        assert inspect(book).deleted
        assert book not in session
        await session.rollback()
        assert inspect(book).persistent
        with pytest.raises(ObjectDeletedError):
            await session.refresh(book)
        assert inspect(book).persistent
        del author


async def test_a_locked_get_flushes_and_one_from_the_map_does_not(
    Session: SessionFactory, sent: Sent
) -> None:
    """A20 A19"""
    async with Session() as session:
        author, _ = await stored(session)
        author.age = 5
        sent()
        await session.get(Author, author.id)
        assert sent() == []
        await session.get(Author, author.id, with_for_update=True)
        assert sent.verbs() == ["BEGIN", "UPDATE", "SELECT"]
        assert author.age == 5


async def test_populate_existing_reaches_what_options_load(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    """A16 N04"""
    async with Session() as session:
        author, book = await stored(session)
        await elsewhere(
            engine,
            "update author set name = 'b'",
            "update book set title = 'z'",
            "insert into book (title, author_id) values ('y', 1)",
        )
        option = selectinload(Author.books).selectinload(Book.author)
        sent()
        found = await session.one(select(Author).options(selectinload(Author.books), option))
        assert [b.title for b in found.books] == ["x"]
        sent()
        found = await session.one(fresh(select(Author).options(option, option)))
        assert found is author
        assert author.name == "b"
        assert [b.title for b in author.books] == ["z", "y"]
        assert author.books[0] is book
        assert author.books[1].author is author
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert session.dirty == ()


async def test_populate_existing_keeps_what_the_same_statement_has_loaded(
    Session: SessionFactory,
) -> None:
    """A16"""
    async with Session() as session:
        author, book = await stored(session)
        option = selectinload(Book.author).selectinload(Author.books)
        session.expire(author, ["books"])
        await session.one(fresh(select(Book).options(option)))
        assert author.books == [book]
        assert not inspect(book).unloaded


async def test_populate_existing_forgets_relationships_that_no_option_loads(
    Session: SessionFactory,
) -> None:
    """A16"""
    async with Session() as session:
        author, _ = await stored(session)
        await session.one(fresh(select(Author)))
        with pytest.raises(UnloadedAttributeError):
            _ = author.books


async def test_populate_existing_loses_no_unflushed_change_of_a_relationship(
    Session: SessionFactory,
) -> None:
    """A16 D15"""
    async with Session() as session:
        author, book = await stored(session)
        author.books.append(Book(title="y"))
        with (
            session.no_autoflush,
            pytest.raises(UnflushedChangesError, match=r"Author\.books"),
        ):
            await session.one(fresh(select(Author)))
        assert len(author.books) == 2
        await session.one(fresh(select(Author)))
        assert [b.title for b in await session.load(author, Author.books)] == ["x", "y"]
        assert author.books[0] is book


async def test_refresh_of_a_changed_relationship_is_refused_until_the_flush(
    Session: SessionFactory,
) -> None:
    """A9 A11 D15"""
    async with Session() as session:
        author, _ = await stored(session)
        author.books.append(Book(title="y"))
        with pytest.raises(UnflushedChangesError, match=r"Author\.books"):
            await session.refresh(author, ["books"])
        await session.flush()
        await session.refresh(author, ["books"])
        assert [b.title for b in author.books] == ["x", "y"]


async def test_refresh_finds_the_row_of_a_changed_key(Session: SessionFactory) -> None:
    """A9 K7"""
    async with Session() as session:
        country = Country(code="a", name="x")
        session.add(country)
        await session.commit()
        country.code = "b"
        with session.no_autoflush:
            await session.refresh(country, ["name"])
        assert (country.code, country.name) == ("b", "x")
        await session.commit()
        assert await session.get(Country, "b") is country


async def test_collections_of_a_new_object_are_known_before_and_after_the_flush(
    Session: SessionFactory, sent: Sent
) -> None:
    """A24 D20 O07"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        assert (author.id, author.age, author.books) == (None, None, [])
        other = Author(name="b")
        session.add(other)
        await session.flush()
        sent()
        assert (author.books, other.books) == ([], [])
        await session.commit()
        assert other.books == []
        assert sent.verbs() == ["COMMIT"]
