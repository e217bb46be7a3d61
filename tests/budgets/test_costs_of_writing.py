"""Statements, round trips and Python calls of writing a few objects, with a session of its own.

Limits are a tenth above what was counted with Python 3.11; later versions call less.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    foreign_key,
    relationship,
    select,
)
from tests.support.calls import Meter, metered

NUMBERS = count(1)


class Writes(Model):
    metadata = MetaData()


class Person(Writes, table="written_person"):
    """Ten mixed columns."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int]
    balance: Mapped[Decimal]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    token: Mapped[UUID]
    score: Mapped[float]
    note: Mapped[str | None] = column(default=None)


class Post(Writes, table="written_post"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    answers: Mapped[int] = column(default=0)
    comments: Related[list[Comment]] = relationship(back_populates="post")


class Comment(Writes, table="written_comment"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    post_id: Mapped[int] = foreign_key(Post.id, index=True)
    post: Related[Post] = relationship(back_populates="comments")


def person() -> Person:
    return Person(
        name="a name",
        email="p@example.org",
        age=40,
        balance=Decimal(1),
        active=True,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        token=UUID(int=1),
        score=0.5,
    )


@pytest.fixture(scope="module")
async def meter(database_url: str) -> AsyncIterator[Meter]:
    """Ten people and a post."""
    async with metered(database_url, Writes) as found:
        async with Session(found.engine) as session:
            session.add_all([person() for _ in range(10)])
            session.add(Post(title="a post"))
            await session.commit()
        yield found


async def test_a_session_that_does_nothing(meter: Meter) -> None:
    async def work(session: Session) -> None:
        assert not session.in_transaction()

    (await meter.cost(work)).within(statements=0, round_trips=0, calls=32)


async def test_inserting_an_object(meter: Meter) -> None:
    async def work(session: Session) -> None:
        session.add(person())
        await session.commit()

    (await meter.cost(work)).within(statements=1, round_trips=1, calls=181)


async def test_inserting_an_object_that_refers_to_a_loaded_one(meter: Meter) -> None:
    async def work(session: Session) -> None:
        post = await session.get_one(Post, 1)
        session.add(Comment(text="a comment", post=post))
        await session.commit()

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=311)


async def test_changing_an_object(meter: Meter) -> None:
    async def work(session: Session) -> None:
        found = await session.get_one(Person, 5)
        found.name = f"name {next(NUMBERS)}"
        found.age = next(NUMBERS)
        await session.commit()

    (await meter.cost(work)).within(statements=2, round_trips=2, calls=239)


async def test_deleting_an_object(meter: Meter) -> None:
    async def work(session: Session) -> None:
        mine = person()
        session.add(mine)
        await session.flush()
        await session.delete(mine)
        await session.commit()

    (await meter.cost(work)).within(statements=4, round_trips=2, calls=418)


async def test_a_unit_of_a_web_application(meter: Meter) -> None:
    async def work(session: Session) -> None:
        author = await session.get_one(Person, 5)
        await session.all(select(Person).where(Person.age == 40).order_by(Person.id).limit(20))
        post = await session.get_one(Post, 1)
        session.add(Comment(text=f"by {author.name}", post_id=post.id))
        post.answers = next(NUMBERS)
        await session.commit()

    (await meter.cost(work)).within(statements=7, round_trips=5, calls=528)
