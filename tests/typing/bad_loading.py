"""Loader options and columns: every line marked E is refused by all type checkers."""

from __future__ import annotations

from asyncorm import (
    Session,
    defaultload,
    defer,
    lazyload,
    load_only,
    noload,
    raiseload,
    relationship,
    select,
    selectinload,
    undefer_group,
    with_loader_criteria,
)
from tests.typing.good_loading import Author, Book, SoftDelete


async def columns(session: Session, author: Author, authors: list[Author]) -> None:
    text: str = await session.load(author, Author.bio)  # E
    number: int = await session.load(author, Author.name)  # E
    await session.load(author, "bio")  # E
    print(text, number)
    select(Author).options(load_only("name"))  # E
    select(Author).options(load_only(Author.books))  # E
    select(Author).options(defer("name"))  # E
    undefer_group(Author.bio)  # E


def relationships() -> None:
    selectinload(Author.books).load_only("title")  # E
    selectinload(Author.name)  # E
    raiseload(Book.title)  # E
    raiseload("books")  # E
    raiseload(Author.books, sql_only="yes")  # E
    noload("books")  # E
    lazyload(Author)  # E
    defaultload(Book.title)  # E
    relationship(lazy="dynamic")  # E


def criteria() -> None:
    with_loader_criteria(SoftDelete, lambda cls: cls.removed_at.is_(None))  # E
    with_loader_criteria(Book, "title = 'x'")  # E
    with_loader_criteria("Book", Book.title == "x")  # E
