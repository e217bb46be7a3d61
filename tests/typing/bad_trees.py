"""Trees in one statement: every line marked E is refused by all type checkers."""

from __future__ import annotations

from asyncorm import Session, nestedload, select
from tests.typing.good_explicit_loading import Author, Book
from tests.typing.good_trees import AuthorRead


async def trees(session: Session) -> None:
    nestedload("books")  # E
    nestedload(Author.books, recursion_depth="all")  # E
    nestedload(Author.books).nestedload(Book.title)  # E
    select(Author).into("AuthorRead")  # E
    rows: list[Author] = await session.all(select(Author).into(AuthorRead))  # E
    print(rows)
    (await session.one(select(Author).into(AuthorRead))).age  # E
