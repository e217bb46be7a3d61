"""Ranges, multiranges, networks, bit strings and arrays keep their values on every way: one row,
many rows, COPY, UPDATE, RETURNING, nested loading and raw SQL."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import Session, nestedload, select, sql, update
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.bookings import Bookings, Room, Use, use

NAMES = [name for name in Use.__mapper__.columns if name not in ("id", "room_id")]


def values(found: Any) -> str:
    # as text, because a NaN equals nothing
    return repr({name: getattr(found, name) for name in NAMES})


@pytest.mark.parametrize("count", [1, 20, 2000])
async def test_values_come_back_as_they_were_sent(
    engine: Engine, tables: CreateTables, count: int
) -> None:
    await tables(Bookings)
    async with Session(engine) as session:
        session.add(Room(id=1))
        session.add_all(use(number) for number in range(1, count + 1))
        await session.commit()
    async with Session(engine) as session:
        for found in await session.all(select(Use)):
            assert values(found) == values(use(found.id))
        room = await session.one(select(Room).options(nestedload(Room.uses)))
        assert len(room.uses) == count
    async with Session(engine) as session:
        nested = await session.one(select(Room).options(nestedload(Room.uses)))
        assert all(values(found) == values(use(found.id)) for found in nested.uses)


async def test_update_returning_and_raw_sql(engine: Engine, tables: CreateTables) -> None:
    await tables(Bookings)
    async with Session(engine) as session:
        session.add_all([Room(id=1), use(1), use(2)])
        await session.flush()
        other = {name: getattr(use(7), name) for name in NAMES}
        await session.execute(update(Use), [{"id": 1, **other}, {"id": 2, **other}])
        columns = [getattr(Use, name) for name in ("numbers", "many_prices", "bits", "mac")]
        rows = (await session.execute(update(Use).values(room_id=1).returning(*columns))).all()
        expected = (other["numbers"], other["many_prices"], other["bits"], other["mac"])
        assert [tuple(row) for row in rows] == [expected, expected]
        session.expunge_all()
        found = (await session.execute(sql("SELECT * FROM use ORDER BY id").into(Use))).all()
        assert [values(one) for one in found] == [values(use(7))] * 2
