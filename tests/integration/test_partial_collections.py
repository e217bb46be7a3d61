"""A collection that holds some members only is not taken for the whole."""

from __future__ import annotations

import pickle

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    column,
    contains_eager,
    foreign_key,
    relationship,
    select,
    sessionmaker,
)
from tests.conftest import CreateTables
from tests.support.sent import Sent


class Own(Model):
    metadata = MetaData()


class Box(Own, table="box"):
    id: Mapped[int] = column(primary_key=True)
    things: Related[list[Thing]] = relationship(
        back_populates="box", cascade="all, delete-orphan", passive_updates=False
    )
    cats: Related[list[Cat]] = relationship(passive_updates=False)


class Thing(Own, table="thing"):
    id: Mapped[int] = column(primary_key=True)
    box_id: Mapped[int] = foreign_key(Box.id, initially="DEFERRED")
    box: Related[Box] = relationship(back_populates="things")


class Cat(Own, table="cat"):
    """May be without a box."""

    id: Mapped[int] = column(primary_key=True)
    box_id: Mapped[int | None] = foreign_key(Box.id, initially="DEFERRED")


@pytest.fixture
async def Store(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    """Sessions on a box of three things and two cats."""
    await tables(Own)
    made = sessionmaker(engine)
    async with made() as session:
        things = [Thing(id=number) for number in (1, 2, 3)]
        session.add(Box(id=1, things=things, cats=[Cat(id=1), Cat(id=2)]))
        await session.commit()
    return made


SOME = (
    select(Box)
    .join(Box.things)
    .join(Box.cats)
    .where(Thing.id == 2, Cat.id == 2)
    .options(contains_eager(Box.things), contains_eager(Box.cats))
)


def ids(members: list[Thing]) -> list[int]:
    return sorted(member.id for member in members)


async def test_a_delete_takes_all_members_along(Store: SessionFactory) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        assert (ids(box.things), [cat.id for cat in box.cats]) == ([2], [2])
        await session.delete(box)
        await session.commit()
        assert await session.all(select(Thing.id)) == []
        assert await session.all(select(Cat.box_id)) == [None, None]


async def test_an_orphan_takes_all_its_members_along(engine: Engine, tables: CreateTables) -> None:
    await tables(Shelves)
    async with sessionmaker(engine)() as session:
        shelf = Shelf(id=1, trays=[Tray(id=1, pens=[Pen(id=1), Pen(id=2)])])
        session.add(shelf)
        await session.commit()
    async with sessionmaker(engine)() as session:
        tray = await session.one(
            select(Tray).join(Tray.pens).where(Pen.id == 1).options(contains_eager(Tray.pens))
        )
        shelf = await session.get_one(Shelf, 1)
        await session.load(shelf, Shelf.trays)
        shelf.trays.remove(tray)
        await session.commit()
        assert await session.all(select(Pen.id)) == []


async def test_an_assignment_removes_what_is_known_and_stays_partial(
    Store: SessionFactory,
) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        box.things = [Thing(id=9)]
        assert box.things.partial  # type: ignore[attr-defined]
        await session.commit()
        await session.load(box, Box.things)
        assert ids(box.things) == [1, 3, 9]


async def test_a_new_key_is_given_to_all_members(Store: SessionFactory) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        box.id = 5
        async with session.begin_nested():
            await session.flush()
        await session.commit()
        assert await session.all(select(Thing.box_id).distinct()) == [5]
        assert await session.all(select(Cat.box_id).distinct()) == [5]


async def test_a_merge_adds_what_a_partial_source_holds(Store: SessionFactory) -> None:
    async with Store() as session:
        source = await session.one(SOME)
    async with Store() as session:
        merged = await session.merge(source)
        assert ids(merged.things) == [1, 2, 3]
        await session.commit()
        assert await session.all(select(Thing.id).order_by(Thing.id)) == [1, 2, 3]


async def test_a_copied_state_is_partial_as_its_source(Store: SessionFactory) -> None:
    async with Store() as session:
        source = await session.one(SOME)
    async with Store() as session:
        merged = await session.merge(source, load=False)
        assert merged.things.partial  # type: ignore[attr-defined]
        await session.load(merged, Box.things)
        assert ids(merged.things) == [1, 2, 3]


async def test_a_pickled_collection_is_partial_afterwards(Store: SessionFactory) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        copy = pickle.loads(pickle.dumps(box))
    async with Store() as session:
        session.add(copy)
        assert copy.things.partial
        assert not (await session.load(copy, Box.things)).partial
        assert ids(copy.things) == [1, 2, 3]


async def test_refreshing_makes_it_whole(Store: SessionFactory, sent: Sent) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        sent()
        await session.refresh(box, ["things"])
        assert ids(box.things) == [1, 2, 3]
        assert sent.verbs() == ["SELECT"]


async def test_a_payload_is_applied_to_all_members(Store: SessionFactory) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        await session.apply(box, {"things": [{"id": 1}, {"id": 2}]})
        await session.commit()
        assert await session.all(select(Thing.id).order_by(Thing.id)) == [1, 2]


async def test_a_rollback_brings_members_back_to_a_partial_collection(
    Store: SessionFactory,
) -> None:
    async with Store() as session:
        box = await session.one(SOME)
        async with session.begin_nested() as savepoint:
            await session.delete(box.things[0])
            await session.flush()
            await savepoint.rollback()
        await session.load(box, Box.things)
        assert ids(box.things) == [1, 2, 3]


class Shelves(Model):
    metadata = MetaData()


class Shelf(Shelves, table="shelf"):
    id: Mapped[int] = column(primary_key=True)
    trays: Related[list[Tray]] = relationship(cascade="all, delete-orphan")


class Tray(Shelves, table="tray"):
    id: Mapped[int] = column(primary_key=True)
    shelf_id: Mapped[int] = foreign_key(Shelf.id)
    pens: Related[list[Pen]] = relationship(cascade="all, delete-orphan")


class Pen(Shelves, table="pen"):
    id: Mapped[int] = column(primary_key=True)
    tray_id: Mapped[int] = foreign_key(Tray.id)
