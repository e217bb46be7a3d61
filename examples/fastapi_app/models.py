"""Authors and books: tables, request bodies and responses at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from asyncorm import Index, Mapped, Model, Related, column, foreign_key, func, relationship

Name = Annotated[str, Field(min_length=1, max_length=100)]
Email = Annotated[str, Field(max_length=200, pattern=r".@.")]


class Author(Model, table="author", schema="bookshop"):
    """An author; ``id`` comes from the database, so no request body can set it."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[Name]
    email: Mapped[Email] = column(unique=True)

    books: Related[list[Book]] = relationship(
        back_populates="author", order_by="id", passive_deletes=True
    )


class Book(Model, table="book", schema="bookshop"):
    """A book of an author."""

    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[Name]
    author_id: Mapped[int] = foreign_key(Author.id, index=True)

    author: Related[Author] = relationship(back_populates="books")

    __table_args__ = (
        # what the search compares, word for word, or the server would not use it
        Index("ix_book_search", func.to_tsvector("english", "title"), using="gin"),
    )
