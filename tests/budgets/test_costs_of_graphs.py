"""Python calls for each object of writing many that belong together, and the statements of all.

Limits are a tenth above what was counted with Python 3.11; later versions call less.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

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
from tests.support.calls import Cost, Meter, metered

#: how many objects the calls are counted for, beyond those of a small graph
MANY, FEW = 40, 20
NUMBERS = count()


class Graphs(Model):
    metadata = MetaData()


class Order(Graphs, table="graph_order"):
    id: Mapped[int] = column(primary_key=True, init=False)
    customer: Mapped[str]
    items: Related[list[Item]] = relationship(back_populates="order")


class Item(Graphs, table="graph_item"):
    id: Mapped[int] = column(primary_key=True, init=False)
    order_id: Mapped[int] = foreign_key(Order.id)
    sku: Mapped[str]
    order: Related[Order] = relationship(back_populates="items")


class Tag(Graphs, table="graph_tag"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    posts: Related[list[Post]] = relationship(secondary="graph_post_tag", back_populates="tags")


class Post(Graphs, table="graph_post"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    tags: Related[list[Tag]] = relationship(secondary="graph_post_tag", back_populates="posts")


class PostTag(Graphs, table="graph_post_tag"):
    post_id: Mapped[int] = foreign_key(Post.id, primary_key=True)
    tag_id: Mapped[int] = foreign_key(Tag.id, primary_key=True)


@pytest.fixture(scope="module")
async def meter(database_url: str) -> AsyncIterator[Meter]:
    """Ten orders with ten items each, and three tags."""
    async with metered(database_url, Graphs) as found:
        async with Session(found.engine) as session:
            session.add_all(orders(10))
            session.add_all([Tag(name=name) for name in "abc"])
            await session.commit()
        yield found


def orders(number: int) -> list[Order]:
    return [
        Order(customer="a customer", items=[Item(sku=str(n)) for n in range(10)])
        for _ in range(number)
    ]


def calls_for_each(many: Cost, few: Cost, objects: int) -> float:
    return (many.calls.total - few.calls.total) / objects


async def test_inserting_parents_with_their_children(meter: Meter) -> None:
    async def insert(session: Session, number: int) -> None:
        session.add_all(orders(number))
        await session.commit()

    many = await meter.cost(lambda session: insert(session, MANY))
    few = await meter.cost(lambda session: insert(session, FEW))
    many.sends(statements=4, round_trips=2)
    assert calls_for_each(many, few, (MANY - FEW) * 11) <= 10.3


async def test_inserting_children_that_refer_to_their_parents(meter: Meter) -> None:
    async def insert(session: Session, number: int) -> None:
        for _ in range(number):
            order = Order(customer="a customer")
            session.add_all([order, *(Item(sku=str(n), order=order) for n in range(10))])
        await session.commit()

    many = await meter.cost(lambda session: insert(session, MANY))
    few = await meter.cost(lambda session: insert(session, FEW))
    many.sends(statements=4, round_trips=2)
    assert calls_for_each(many, few, (MANY - FEW) * 11) <= 25.5


async def test_giving_stored_children_other_parents(meter: Meter) -> None:
    async def move(session: Session, number: int) -> None:
        parents = await session.all(select(Order).where(Order.id <= 10).order_by(Order.id))
        children = await session.all(select(Item).order_by(Item.id).limit(number))
        turn = next(NUMBERS)
        for place, child in enumerate(children):
            child.order = parents[(place + turn) % 10]
        await session.commit()

    many = await meter.cost(lambda session: move(session, MANY))
    few = await meter.cost(lambda session: move(session, FEW))
    many.sends(statements=3, round_trips=3)
    assert calls_for_each(many, few, MANY - FEW) <= 67


async def test_linking_new_objects_to_stored_ones(meter: Meter) -> None:
    async def link(session: Session, number: int) -> None:
        tags = await session.all(select(Tag))
        session.add_all([Post(title="a post", tags=tags) for _ in range(number)])
        await session.commit()

    many = await meter.cost(lambda session: link(session, MANY))
    few = await meter.cost(lambda session: link(session, FEW))
    many.sends(statements=5, round_trips=3)
    assert calls_for_each(many, few, MANY - FEW) <= 84
