"""The trees of the eager loading benchmark in SQLAlchemy 2; imported only where it is installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import joinedload, registry, relationship, selectinload

Load = Callable[[int], Awaitable[Sequence[Any]]]

metadata = MetaData()
mappers = registry(metadata=metadata)


publishers = Table(
    "eager_publisher", metadata, Column("id", Integer, primary_key=True), Column("name", String)
)
authors = Table(
    "eager_author",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("email", String),
    Column("born", Integer),
    Column("publisher_id", ForeignKey("eager_publisher.id")),
)
books = Table(
    "eager_book",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("year", Integer),
    Column("price", Float),
    Column("author_id", ForeignKey("eager_author.id")),
)
tags = Table("eager_tag", metadata, Column("id", Integer, primary_key=True), Column("name", String))
links = Table(
    "eager_book_tag",
    metadata,
    Column("eager_book_id", ForeignKey("eager_book.id"), primary_key=True),
    Column("eager_tag_id", ForeignKey("eager_tag.id"), primary_key=True),
)


class Publisher:
    """The top of the deepest tree."""

    id: Any
    authors: Any


class Author:
    """Has books, and a publisher."""

    id: Any
    books: Any


class Book:
    """Has an author, and tags."""

    tags: Any


class Tag:
    """The bottom of the trees."""


mappers.map_imperatively(
    Publisher,
    publishers,
    properties={"authors": relationship(Author, back_populates="publisher", order_by=authors.c.id)},
)
mappers.map_imperatively(
    Author,
    authors,
    properties={
        "publisher": relationship(Publisher, back_populates="authors"),
        "books": relationship(Book, back_populates="author", order_by=books.c.id),
    },
)
mappers.map_imperatively(
    Book,
    books,
    properties={
        "author": relationship(Author, back_populates="books"),
        "tags": relationship(Tag, secondary=links, order_by=tags.c.id),
    },
)
mappers.map_imperatively(Tag, tags)

STEPS: dict[int, tuple[Any, ...]] = {
    1: (Author.books,),
    2: (Author.books, Book.tags),
    3: (Publisher.authors, Author.books, Book.tags),
}


def _by_option(engine: AsyncEngine, loader: Callable[..., Any]) -> Load:
    async def load(level: int) -> Sequence[Any]:
        option: Any = None
        for step in STEPS[level]:
            follow = loader if option is None else getattr(option, loader.__name__)
            option = follow(step)
        top: Any = Publisher if level == 3 else Author
        async with AsyncSession(engine) as session:
            found: Any = await session.scalars(select(top).options(option).order_by(top.id))
            return list(found.unique())

    return load


@asynccontextmanager
async def open_cases(url: str) -> AsyncIterator[dict[str, Load]]:
    """All cases on a database, by name."""

    async def connect() -> Any:
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, pool_size=1)
    yield {
        f"SQLAlchemy {loader.__name__}": _by_option(engine, loader)
        for loader in (selectinload, joinedload)
    }
    await engine.dispose()
