"""Joined loading: every line passes all type checkers."""

from __future__ import annotations

from typing import assert_type

from asyncorm import (
    LoaderOption,
    Select,
    Session,
    aliased,
    contains_eager,
    joinedload,
    select,
    selectinload,
)
from tests.typing.good_loading import Author, Book


async def joined(session: Session) -> None:
    option = joinedload(Author.books)
    assert_type(option, LoaderOption)
    assert_type(option.selectinload(Book.author), LoaderOption)
    assert_type(joinedload(Book.author, innerjoin=True), LoaderOption)
    assert_type(selectinload(Author.books).joinedload(Book.author), LoaderOption)
    assert_type(joinedload(Author.books, Book.author), LoaderOption)
    assert_type(joinedload(Author.books.where(Book.title != "")), LoaderOption)
    assert_type(joinedload(Author.books.top(3, order_by=Book.title)), LoaderOption)
    statement = select(Author).options(option).limit(3)
    assert_type(statement, Select[Author])
    assert_type(await session.all(statement), list[Author])
    rows = await session.all(select(Author, Book.title).join(Author.books).options(option))
    assert_type(rows, list[tuple[Author, str]])
    assert_type(await session.get(Book, 1, options=[joinedload(Book.author)]), Book | None)


def contained() -> None:
    other = aliased(Book)
    assert_type(contains_eager(Author.books), LoaderOption)
    assert_type(contains_eager(Author.books).contains_eager(Book.author), LoaderOption)
    assert_type(contains_eager(Author.books.of_type(other)), LoaderOption)
