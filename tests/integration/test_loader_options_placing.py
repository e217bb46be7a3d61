"""An option that begins at no selected entity is about what other options lead to."""

from __future__ import annotations

import pytest

from asyncorm import (
    ArgumentError,
    Session,
    UnloadedAttributeError,
    joinedload,
    load_only,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Bookshop, Note


@pytest.fixture(autouse=True)
async def authors(tables: CreateTables, engine: Engine) -> None:
    await tables(Bookshop)
    async with Session(engine) as session:
        session.add_all([Author(name=name, books=[Book(title=name)]) for name in "ab"])
        await session.commit()


async def test_it_holds_where_the_path_leads(engine: Engine, sent: Sent) -> None:
    statement = (
        select(Author)
        .join(Author.books)
        .options(selectinload(Author.books), joinedload(Book.author), load_only(Book.title))
        .order_by(Author.id.desc())
        .limit(10)
        .with_for_update(skip_locked=True)
    )
    async with Session(engine) as session:
        found = await session.all(statement)
        assert [author.name for author in found] == ["b", "a"]
        assert [book.author for author in found for book in author.books] == found
        assert sent.verbs() == ["BEGIN", "SELECT", "SELECT"]


async def test_columns_and_deeper_paths_follow(engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        statement = select(Note).options(
            selectinload(Note.author),
            selectinload(Author.books),
            load_only(Book.title),
        )
        session.add(Note(text="n", author=await session.one(select(Author).limit(1))))
        await session.commit()
        session.clear()
        sent()
        (note,) = await session.all(statement)
        assert note.author is not None
        (book,) = note.author.books
        assert book.title == note.author.name
        with pytest.raises(UnloadedAttributeError, match=r"Book\.author_id"):
            assert book.author_id


async def test_it_is_an_error_where_no_path_leads(engine: Engine) -> None:
    async with Session(engine) as session:
        with pytest.raises(ArgumentError, match=r"Book\.author.*concerns nothing"):
            await session.all(select(Author).options(joinedload(Book.author)))
