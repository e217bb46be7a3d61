"""Related objects that memory holds, but whose values have expired, are read with their owners."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import LoaderOption, SessionFactory, joinedload, nestedload, select, selectinload
from tests.support.bookshop import Author, Book
from tests.support.sent import Sent
from tests.support.store import store

TITLES = ["one", "two"]


@pytest.fixture
async def shop(Session: SessionFactory) -> SessionFactory:
    await store(Session, Author(name="Ada", books=[Book(title=title) for title in TITLES]))
    return Session


@pytest.mark.parametrize("loader", [selectinload, joinedload, nestedload])
async def test_the_owner_of_expired_references(shop: SessionFactory, loader: Any) -> None:
    option: LoaderOption = loader(Book.author)
    async with shop(expire_on_commit=True) as session:
        author = await session.one(select(Author))
        books = await session.all(select(Book))
        await session.commit()
        await session.all(select(Book).options(option))
        assert [book.author for book in books] == [author, author]
        assert author.name == "Ada"


@pytest.mark.parametrize("loader", [selectinload, joinedload, nestedload])
async def test_members_of_a_loaded_collection(shop: SessionFactory, loader: Any) -> None:
    statement = select(Author).options(loader(Author.books))
    async with shop() as session:
        author = await session.one(statement)
        author.books.append(Book(title="new"))
        changed = author.books[0]
        session.expire(author.books[1])
        changed.title = "changed"
        with session.no_autoflush:
            await session.one(statement)
        assert [book.title for book in author.books] == ["changed", "two", "new"]


async def test_one_statement_reads_those_of_all_siblings(shop: SessionFactory, sent: Sent) -> None:
    await store(shop, Author(name="Bob", books=[Book(title="three")]))
    async with shop() as session:
        authors = await session.all(select(Author).order_by(Author.id))
        await session.load(authors, Author.books)
        for author in authors:
            for book in author.books:
                session.expire(book)
        sent()
        for author in authors:
            await session.load(author, Author.books)
        assert [book.title for author in authors for book in author.books] == [*TITLES, "three"]
        books = list(authors[0].books)
        session.expire(authors[0])
        await session.load(books, Book.author)
        assert authors[0].name == "Ada"
        assert sent.verbs() == ["SELECT", "SELECT"]


async def test_what_was_left_out_on_purpose_is_not_read(shop: SessionFactory, sent: Sent) -> None:
    async with shop() as session:
        only_keys = selectinload(Author.books).load_only(Book.id)
        author = await session.one(select(Author).options(only_keys))
        sent()
        await session.load(author, Author.books)
        assert sent() == []
