"""A member that was removed stays so, though its reference was not loaded and its row is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asyncorm import (
    Engine,
    LoaderOption,
    joinedload,
    load_only,
    nestedload,
    select,
    selectinload,
    sessionmaker,
)
from tests.conftest import CreateTables
from tests.support.imprint import Author, Book, Imprint


@pytest.mark.parametrize("load", [selectinload, joinedload, nestedload])
@pytest.mark.parametrize("expired", [False, True])
async def test_a_removal_is_not_undone_by_a_row_that_is_read(
    engine: Engine, tables: CreateTables, load: Callable[..., LoaderOption], expired: bool
) -> None:
    await tables(Imprint)
    Session = sessionmaker(engine)
    async with Session.begin() as session:
        session.add(Author(id=1, rank=0, name="a", books=[Book(id=1, rank=0, name="b")]))
    async with Session() as session:
        book = await session.one(select(Book).options(load_only(Book.rank)))
        author = await session.get_one(
            Author, 1, options=[nestedload(Author.books).load_only(Book.rank)]
        )
        if expired:
            session.expire(book)
        author.books.remove(book)
        with session.no_autoflush:
            assert await session.all(select(Book).options(load(Book.author))) == [book]
        assert book.author is None
        assert author.books == []
        await session.commit()
        assert await session.all(select(Book.author_id)) == [None]
