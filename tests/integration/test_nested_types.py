"""Values of every type are the same inside the rows of others as in rows of their own."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    SQLType,
    column,
    foreign_key,
    nestedload,
    relationship,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.typed import Shelf, Thing, Typed, things

NAMES = list(Thing.__mapper__.columns)


@pytest.fixture(autouse=True)
async def stored(tables: CreateTables, engine: Engine) -> None:
    await tables(Typed)
    async with Session(engine) as session:
        session.add_all([Shelf(id=1), *things()])
        await session.commit()


async def values(engine: Engine, *, nested: bool) -> list[dict[str, Any]]:
    async with Session(engine) as session:
        if nested:
            shelf = await session.one(select(Shelf).options(nestedload(Shelf.things)))
            found = list(shelf.things)
        else:
            found = await session.all(select(Thing).order_by(Thing.id))
        return [{name: thing.__dict__[name] for name in NAMES} for thing in found]


async def test_values_in_arrays(engine: Engine) -> None:
    plain = await values(engine, nested=False)
    nested = await values(engine, nested=True)
    assert nested == plain
    kinds = [{name: type(value) for name, value in row.items()} for row in plain]
    assert [{name: type(value) for name, value in row.items()} for row in nested] == kinds
    assert str([row["exact"] for row in nested]) == str([row["exact"] for row in plain])


async def test_not_a_number(engine: Engine) -> None:
    async with engine.begin() as connection:
        update = "update thing set double = 'nan', exact = 'nan', real = 'nan' where id = 2"
        await connection.execute(sql(update))
    plain = await values(engine, nested=False)
    assert str(await values(engine, nested=True)) == str(plain)
    assert "nan" in str(plain)


async def test_values_in_one_record(engine: Engine, tables: CreateTables) -> None:
    class Other(Model):
        metadata = MetaData()

    class Pointer(Other, table="pointer"):
        id: Mapped[int] = column(primary_key=True)
        thing_id: Mapped[int] = foreign_key(Thing.id)
        thing: Related[Thing] = relationship()

    await tables(Other)
    async with Session(engine) as session:
        session.add_all([Pointer(id=number, thing_id=number) for number in (1, 2, 3)])
        await session.commit()
    async with Session(engine) as session:
        statement = select(Pointer).order_by(Pointer.id).options(nestedload(Pointer.thing))
        rows = await session.all(statement)
        found = [{name: row.thing.__dict__[name] for name in NAMES} for row in rows]
    assert found == await values(engine, nested=False)


async def test_a_type_the_driver_would_have_to_ask_for_comes_by_a_select_of_its_own(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    class Other(Model):
        metadata = MetaData()

    class Owner(Other, table="owner_of_odd"):
        id: Mapped[int] = column(primary_key=True)
        odds: Related[list[Odd]] = relationship()

    class Odd(Other, table="odd"):
        id: Mapped[int] = column(primary_key=True)
        owner_id: Mapped[int] = foreign_key(Owner.id)
        point: Mapped[Any] = column(SQLType("point"))

    await tables(Other)
    async with engine.begin() as connection:
        await connection.execute(sql("insert into owner_of_odd values (1)"))
        await connection.execute(sql("insert into odd values (1, 1, '(1,2)')"))
    async with Session(engine) as session:
        sent()
        owner = await session.one(select(Owner).options(nestedload(Owner.odds)))
        assert tuple(owner.odds[0].point) == (1, 2)
    assert sent.verbs() == ["SELECT", "SELECT"]
