"""Loader options and columns: every line passes all type checkers."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

from asyncorm import (
    LoaderOption,
    Mapped,
    Model,
    Related,
    Select,
    Session,
    aliased,
    column,
    defer,
    foreign_key,
    defaultload,
    lazyload,
    load_only,
    noload,
    raiseload,
    relationship,
    select,
    selectinload,
    undefer,
    undefer_group,
    with_loader_criteria,
)


class SoftDelete(Model):
    deleted_at: Mapped[datetime | None] = column(default=None)


class Author(SoftDelete, table="author"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    bio: Mapped[str | None] = column(default=None, deferred=True, deferred_group="texts")
    books: Related[list[Book]] = relationship(back_populates="author", lazy="selectin")


class Book(SoftDelete, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(Author.id)
    author: Related[Author] = relationship(back_populates="books", lazy="raise")


async def columns(session: Session, author: Author, authors: list[Author]) -> None:
    assert_type(await session.load(author, Author.bio), str | None)
    assert_type(await session.load(author, Author.name), str)
    assert_type(await session.load(authors, Author.bio), None)
    statement = select(Author).options(load_only(Author.name, Author.bio), defer("*"))
    assert_type(statement, Select[Author])
    assert_type(await session.all(statement.options(undefer(Author.bio))), list[Author])
    assert_type(undefer_group("texts"), LoaderOption)
    other = aliased(Author)
    await session.all(select(Author, other).options(defer(other.name)))
    await session.get(Author, 1, options=[load_only(Author.name)])


async def relationships(session: Session) -> None:
    option = selectinload(Author.books).load_only(Book.title).raiseload(Book.author)
    assert_type(option, LoaderOption)
    below = selectinload(Author.books).options(defer(Book.title), lazyload(Book.author))
    assert_type(below, LoaderOption)
    await session.all(
        select(Author).options(
            option, defaultload(Author.books).raiseload(Book.author), noload(Author.books), raiseload("*"), raiseload(Author.books, sql_only=True)
        )
    )


async def criteria(session: Session) -> None:
    alive = with_loader_criteria(SoftDelete, lambda cls: cls.deleted_at.is_(None))
    some = with_loader_criteria(Book, Book.title == "x", include_aliases=True)
    assert_type(await session.all(select(Author).options(alive, some)), list[Author])
