"""Statements, round trips and Python calls of reading, with a session opened and closed each time.

Limits are a tenth above what was counted with Python 3.11; later versions call less.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    contains_eager,
    foreign_key,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
    sql,
)
from tests.support.calls import Meter, metered


class Costs(Model):
    metadata = MetaData()


class Person(Costs, table="cost_person"):
    """Ten mixed columns."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int]
    balance: Mapped[Decimal]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    token: Mapped[UUID]
    score: Mapped[float]
    note: Mapped[str | None] = column(default=None)


class Author(Costs, table="cost_author"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Costs, table="cost_book"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(Author.id, index=True)
    author: Related[Author] = relationship(back_populates="books")


class Animal(Costs, table="cost_animal"):
    id: Mapped[int] = column(primary_key=True)
    kind: Mapped[str] = column(init=False)
    __mapper_args__ = {"polymorphic_on": "kind"}


class Cat(Animal):
    lives: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Dog(Animal):
    breed: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "dog"}


@dataclass(slots=True)
class Named:
    id: int
    name: str


def person(number: int) -> Person:
    return Person(
        id=number,
        name=f"person {number}",
        email=f"p{number}@example.org",
        age=number % 50,
        balance=Decimal(number) / 100,
        active=number % 2 == 0,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        token=UUID(int=number),
        score=number / 7,
        note=None if number % 3 else "a note",
    )


@pytest.fixture(scope="module")
async def meter(database_url: str) -> AsyncIterator[Meter]:
    """1,000 people, 100 authors of 20 books each."""
    async with metered(database_url, Costs) as found:
        async with Session(found.engine) as session:
            session.add_all([person(number) for number in range(1, 1001)])
            authors = [Author(id=number, name=f"author {number}") for number in range(1, 101)]
            session.add_all(authors)
            session.add_all(
                Book(id=number, title=f"book {number}", author=authors[number % 100])
                for number in range(2000)
            )
            session.add_all(Cat(id=n, lives=9) for n in range(500))
            session.add_all(Dog(id=n, breed="pug") for n in range(500, 1000))
            await session.commit()
        yield found


async def test_getting_an_object(meter: Meter) -> None:
    async def work(session: Session) -> None:
        assert await session.get(Person, 5) is not None

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=123)


async def test_twenty_objects_by_a_condition(meter: Meter) -> None:
    async def work(session: Session) -> None:
        found = select(Person).where(Person.age == 7, Person.id <= 1800)
        assert len(await session.all(found.order_by(Person.id).limit(20))) == 20

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=211)


async def test_a_thousand_objects(meter: Meter) -> None:
    async def work(session: Session) -> None:
        assert len(await session.all(select(Person).where(Person.id <= 1000))) == 1000

    # a call a row reads the time stamp
    (await meter.cost(work)).within(statements=1, round_trips=1, calls=1000 + 168)


async def test_columns_of_a_thousand_rows(meter: Meter) -> None:
    async def work(session: Session) -> None:
        found = select(Person.id, Person.name, Person.age).where(Person.id <= 1000)
        assert len(await session.all(found)) == 1000

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=150)


async def test_columns_of_a_thousand_rows_as_dataclasses(meter: Meter) -> None:
    async def work(session: Session) -> None:
        found = select(Person.id, Person.name).where(Person.id <= 1000).into(Named)
        assert (await session.all(found))[-1].name == "person 1000"

    # a call a row is that of the class
    (await meter.cost(work)).within(statements=1, round_trips=1, calls=1000 + 189)


async def test_a_thousand_objects_of_raw_sql(meter: Meter) -> None:
    async def work(session: Session) -> None:
        found = sql("select * from cost_book where id <= {}", 1000)
        assert len(await session.all(found.into(Book))) == 1001

    calls = (await meter.cost(work)).calls
    assert calls.total <= 294, str(calls)


async def test_two_thousand_objects_by_their_keys(meter: Meter) -> None:
    async def work(session: Session) -> None:
        books = await session.get_many(Book, range(2000))
        assert books[-1] is not None

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=8982)


async def test_a_thousand_objects_of_two_classes(meter: Meter) -> None:
    async def work(session: Session) -> None:
        assert {type(animal) for animal in await session.all(select(Animal))} == {Cat, Dog}

    # a call a row makes an object of its class
    (await meter.cost(work)).within(statements=1, round_trips=1, calls=1249)


async def test_a_stream_of_a_thousand_objects(meter: Meter) -> None:
    async def work(session: Session) -> None:
        count = 0
        async for _ in await session.stream(select(Book).where(Book.id < 1000)):
            count += 1
        assert count == 1000

    # a call a row goes on
    assert (calls := (await meter.cost(work)).calls).total <= 1533, str(calls)


async def test_partitions_of_a_thousand_objects(meter: Meter) -> None:
    async def work(session: Session) -> None:
        stream = await session.stream(select(Book).where(Book.id < 1000))
        assert [len(part) async for part in stream.partitions(300)] == [300, 300, 300, 100]

    assert (calls := (await meter.cost(work)).calls).total <= 460, str(calls)


async def test_a_thousand_objects_that_expire_and_are_read_again(meter: Meter) -> None:
    async def work(session: Session) -> None:
        found = select(Author, Book).join(Author.books).where(Book.id < 1000)
        before = await session.all(found)
        session.expire_all()
        assert await session.all(found) == before

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=16029)


async def test_a_hundred_collections_of_twenty_by_selectinload(meter: Meter) -> None:
    async def work(session: Session) -> None:
        authors = await session.all(select(Author).options(selectinload(Author.books)))
        assert len(authors[-1].books) == 20

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=603)


async def test_a_hundred_collections_of_twenty_by_joinedload(meter: Meter) -> None:
    async def work(session: Session) -> None:
        authors = await session.all(select(Author).options(joinedload(Author.books)))
        assert len(authors[-1].books) == 20

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=332)


async def test_a_hundred_collections_of_twenty_by_nestedload(meter: Meter) -> None:
    async def work(session: Session) -> None:
        authors = await session.all(select(Author).options(nestedload(Author.books)))
        assert len(authors[-1].books) == 20

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=362)


async def test_two_thousand_books_with_their_authors(meter: Meter) -> None:
    async def work(session: Session) -> None:
        books = await session.all(select(Book).options(joinedload(Book.author)))
        assert books[0].author.name == "author 1"

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=209)


async def test_two_thousand_books_with_their_authors_by_selectinload(meter: Meter) -> None:
    async def work(session: Session) -> None:
        books = await session.all(select(Book).options(selectinload(Book.author)))
        assert books[0].author.name == "author 1"

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=479)


async def test_authors_that_are_there_already(meter: Meter) -> None:
    async def work(session: Session) -> None:
        authors = await session.all(select(Author))
        books = await session.all(select(Book).options(selectinload(Book.author)))
        assert books[0].author is authors[0]

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=633)


async def test_a_loop_that_loads_the_author_of_each_book(meter: Meter) -> None:
    async def work(session: Session) -> None:
        for book in await session.all(select(Book)):
            await session.load(book, Book.author)

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=40140)


async def test_two_thousand_books_with_the_authors_of_a_join_of_ones_own(meter: Meter) -> None:
    async def work(session: Session) -> None:
        joined = select(Book).join(Book.author).options(contains_eager(Book.author))
        assert len(await session.all(joined)) == 2000

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=242)
