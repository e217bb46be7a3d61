"""Eager loading of trees: asyncpg by hand, asyncorm by each strategy, SQLAlchemy if it is there."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import asyncpg
from pydantic import BaseModel

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    create_engine,
    foreign_key,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
)
from benchmarks.eager_by_hand import load_tree
from benchmarks.timing import Case, measure, ratio
from tests.support.wire import WireProxy

#: loads the tree of a level and returns its top
Load = Callable[[int], Awaitable[Sequence[Any]]]

PUBLISHERS, AUTHORS, BOOKS, TAGS, TAGS_OF_A_BOOK = 10, 100, 20, 50, 3
#: what is below the top of each level's tree
PATHS = {1: ("books",), 2: ("books", "tags"), 3: ("authors", "books", "tags")}
TITLES = {
    1: "100 authors, 2,000 books",
    2: "100 authors, 2,000 books, 6,000 links to 50 tags",
    3: "10 publishers, 100 authors, 2,000 books, 6,000 links to 50 tags",
}
BY_HAND, SQLALCHEMY = "asyncpg by hand, dicts", "SQLAlchemy selectinload"


class Base(Model):
    """The models of this benchmark."""

    metadata = MetaData()


class Publisher(Base, table="eager_publisher"):
    """The top of the deepest tree."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    authors: Related[list[Author]] = relationship(back_populates="publisher")


class Author(Base, table="eager_author"):
    """Has books, and a publisher."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    born: Mapped[int]
    publisher_id: Mapped[int] = foreign_key(Publisher.id, index=True)
    publisher: Related[Publisher] = relationship(back_populates="authors")
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="eager_book"):
    """Has an author, and tags."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    year: Mapped[int]
    price: Mapped[float]
    author_id: Mapped[int] = foreign_key(Author.id, index=True)
    author: Related[Author] = relationship(back_populates="books")
    tags: Related[list[Tag]] = relationship(secondary="eager_book_tag")


class Tag(Base, table="eager_tag"):
    """The bottom of the trees."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]


class TagRead(BaseModel):
    """A tag as a read model."""

    id: int
    name: str


class BookRead(BaseModel):
    """A book without its tags, as a read model."""

    id: int
    name: str
    year: int
    price: float
    author_id: int


class BookWithTags(BookRead):
    """A book with its tags."""

    tags: list[TagRead]


class AuthorRead(BaseModel):
    """An author, as a read model."""

    id: int
    name: str
    email: str
    born: int
    publisher_id: int


class AuthorWithBooks(AuthorRead):
    """The tree of the first level."""

    books: list[BookRead]


class AuthorWithTags(AuthorRead):
    """The tree of the second level."""

    books: list[BookWithTags]


class PublisherWithAuthors(BaseModel):
    """The tree of the third level."""

    id: int
    name: str
    authors: list[AuthorWithTags]


READ_MODELS: dict[int, type[BaseModel]] = {
    1: AuthorWithBooks,
    2: AuthorWithTags,
    3: PublisherWithAuthors,
}
STEPS: dict[int, tuple[Any, ...]] = {
    1: (Author.books,),
    2: (Author.books, Book.tags),
    3: (Publisher.authors, Author.books, Book.tags),
}
#: loader options, whose methods of the same names lead to the next step
LOADERS: tuple[Callable[..., Any], ...] = (selectinload, joinedload, nestedload)


async def prepare(engine: Engine) -> None:
    """Make the tables and their rows."""
    await engine.drop_all(Base)
    await engine.create_all(Base)
    async with Session(engine) as session:
        tags = [Tag(id=n, name=f"tag {n}") for n in range(1, TAGS + 1)]
        publishers = [Publisher(id=n, name=f"publisher {n}") for n in range(1, PUBLISHERS + 1)]
        for n in range(1, AUTHORS + 1):
            author = Author(id=n, name=f"author {n}", email=f"a{n}@example.org", born=1900 + n)
            author.publisher = publishers[n % PUBLISHERS]
            for key in range(n * BOOKS, (n + 1) * BOOKS):
                book = Book(id=key, name=f"book {key}", year=2000 + n % 25, price=n / 7)
                book.author = author
                book.tags = [tags[(key + 7 * k) % TAGS] for k in range(TAGS_OF_A_BOOK)]
        session.add_all([*tags, *publishers])
        await session.commit()
    async with engine.connect() as connection:
        await connection.command("ANALYZE")


def by_option(engine: Engine, loader: Callable[..., Any]) -> Load:
    """asyncorm: one statement with an option for the whole path."""

    async def load(level: int) -> list[Any]:
        option: Any = None
        for step in STEPS[level]:
            follow = loader if option is None else getattr(option, loader.__name__)
            option = follow(step)
        top: Any = Publisher if level == 3 else Author
        async with Session(engine) as session:
            return await session.all(select(top).options(option).order_by(top.id))

    return load


def into_read_models(engine: Engine) -> Load:
    """asyncorm: read models that pydantic validates from the JSON of one statement."""

    async def load(level: int) -> list[Any]:
        top: Any = Publisher if level == 3 else Author
        async with Session(engine) as session:
            return await session.all(select(top).order_by(top.id).into(READ_MODELS[level]))

    return load


def in_a_loop(engine: Engine) -> Load:
    """asyncorm: every object's relationship is loaded where it is needed."""

    async def load(level: int) -> list[Any]:
        top: Any = Publisher if level == 3 else Author
        async with Session(engine) as session:
            found = objects = await session.all(select(top).order_by(top.id))
            for step in STEPS[level]:
                objects = [one for owner in objects for one in await session.load(owner, step)]
            return found

    return load


async def open_cases(url: str, stack: AsyncExitStack) -> dict[str, Load]:
    """All cases on a database, by name; the first is the base of the ratios."""
    pool = await stack.enter_async_context(
        asyncpg.create_pool(url, min_size=1, max_size=1, reset=_keep)
    )
    engine = await stack.enter_async_context(create_engine(url, pool_size=1))
    cases: dict[str, Load] = {BY_HAND: partial(load_tree, pool)}
    for loader in LOADERS:
        cases[f"asyncorm {loader.__name__}"] = by_option(engine, loader)
    cases["asyncorm into(ReadModel)"] = into_read_models(engine)
    cases["asyncorm session.load, a loop"] = in_a_loop(engine)
    if find_spec("sqlalchemy") is not None:
        module = import_module("benchmarks.eager_sqlalchemy")
        cases.update(await stack.enter_async_context(module.open_cases(url)))
    return cases


async def _keep(connection: object) -> None:
    """No reset query: the base must not pay for what asyncorm does not send either."""


def tree(one: Any, path: Sequence[str]) -> Any:
    """A tree of objects or dicts as tuples and lists, to be compared."""
    get = one.__getitem__ if isinstance(one, dict) else partial(getattr, one)
    if not path:
        return get("id"), get("name")
    return get("id"), get("name"), [tree(below, path[1:]) for below in get(path[0])]


async def count(url: str, level: int) -> dict[str, tuple[int, int]]:
    """Statements and round trips of each case, whose trees must all be the same."""
    counts: dict[str, tuple[int, int]] = {}
    expected: Any = None
    async with WireProxy(url) as proxy, AsyncExitStack() as stack:
        for name, load in (await open_cases(proxy.url, stack)).items():
            await load(level)
            await load(level)
            proxy.reset()
            found = [tree(one, PATHS[level]) for one in await load(level)]
            sent = sum(message.kind in "QE" for message in proxy.messages)
            counts[name] = sent, proxy.round_trips
            expected = expected or found
            assert found == expected, f"{name} has loaded another tree"
    assert len(expected) == (PUBLISHERS if level == 3 else AUTHORS)
    return counts


async def run(url: str, rounds: int) -> None:
    """Measure all levels and print a table of each."""
    async with create_engine(url) as engine:
        await prepare(engine)
    if find_spec("sqlalchemy") is None:
        print("SQLAlchemy is not installed here, so it is not measured.")
    for level, title in TITLES.items():
        counts = await count(url, level)
        async with AsyncExitStack() as stack:
            loads = await open_cases(url, stack)
            cases: dict[str, Case] = {name: partial(load, level) for name, load in loads.items()}
            times = await measure(cases, rounds, 1)
        print(f"\n{title}")
        print(f"{'':<32}{'ms':>8}{'asyncpg':>10}{'SQLAlchemy':>12}{'statements':>12}{'trips':>7}")
        for name, (statements, trips) in counts.items():
            milliseconds = statistics.median(times[name]) * 1000
            by_hand = f"x{ratio(times, name, BY_HAND):.2f}"
            other = f"x{ratio(times, name, SQLALCHEMY):.2f}" if SQLALCHEMY in times else "-"
            print(
                f"{name:<32}{milliseconds:>8.1f}{by_hand:>10}{other:>12}{statements:>12}{trips:>7}"
            )
