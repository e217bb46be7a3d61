"""Loading what is related, and some of it: every line passes all type checkers."""

from __future__ import annotations

from typing import assert_type

from asyncorm import (
    Mapped,
    Model,
    Related,
    Select,
    Session,
    WriteOnlyCollection,
    column,
    foreign_key,
    relationship,
)


class Author(Model, table="author"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    books: Related[list[Book]] = relationship(back_populates="author")
    visits: Related[WriteOnlyCollection[Visit]] = relationship()


class Book(Model, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(Author.id)
    author: Related[Author] = relationship(back_populates="books")


class Visit(Model, table="visit"):
    id: Mapped[int] = column(primary_key=True, init=False)
    author_id: Mapped[int] = foreign_key(Author.id)


async def explicit(session: Session, author: Author, book: Book) -> None:
    assert_type(await session.load(author, Author.books), list[Book])
    assert_type(await session.load(book, Book.author), Author)
    assert_type(
        await session.load(author, Author.books.top(3, order_by=Book.title.desc())), list[Book]
    )
    assert_type(await session.load(author, Author.books.where(Book.title == "x")), list[Book])
    few = Author.books.where(Book.title != "x").top(3, order_by=Book.title)
    assert_type(await session.load(author, few), list[Book])
    assert_type(await session.load([author], Author.books.top(3), Book.author), None)
    assert_type(len(await session.load(author, Author.books)), int)
    titles = sorted(book.title for book in await session.load(author, Author.books.top(3)))
    assert_type(titles, list[str])
    assert_type(author.visits, WriteOnlyCollection[Visit])
    author.visits.add(Visit(author_id=1))
    assert_type(author.visits.select(), Select[Visit])
    assert_type(await session.all(author.visits.select().limit(3)), list[Visit])
