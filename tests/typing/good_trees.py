"""Trees in one statement: every line passes all type checkers."""

from __future__ import annotations

from typing import NamedTuple, assert_type

from pydantic import BaseModel

from asyncorm import LoaderOption, Select, Session, nestedload, select
from tests.typing.good_explicit_loading import Author, Book


class BookRead(BaseModel):
    title: str


class AuthorRead(BaseModel):
    name: str
    books: list[BookRead]


class Pair(NamedTuple):
    id: int
    name: str


async def trees(session: Session) -> None:
    option = nestedload(Author.books).nestedload(Book.author)
    assert_type(option, LoaderOption)
    some = nestedload(Author.books.top(3, order_by=Book.title), recursion_depth=None)
    statement = select(Author).options(option, some)
    assert_type(await session.all(statement), list[Author])
    read = statement.into(AuthorRead)
    assert_type(read, Select[AuthorRead])
    assert_type(await session.all(read), list[AuthorRead])
    assert_type(await session.one(read.where(Author.id == 1)), AuthorRead)
    assert_type(await session.first(read), AuthorRead | None)
    assert_type((await session.one(read)).books, list[BookRead])
    assert_type(await session.all(select(Author).into(Pair)), list[Pair])
    async for one in await session.stream(read):
        assert_type(one, AuthorRead)
