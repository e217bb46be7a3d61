"""Many rows of one flush: their values are the same in the database, packed or as arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from asyncorm import Mapped, Model, column, select, sessionmaker, sql
from asyncorm.engine.engine import Engine
from asyncorm.sql.table import MetaData
from asyncorm.testing import assert_queries
from tests.conftest import CreateTables


class PackedBase(Model):
    metadata = MetaData()


class Mixed(PackedBase, table="packed_mixed"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    note: Mapped[str | None] = column(default=None)
    number: Mapped[int | None] = column(default=None)
    price: Mapped[Decimal | None] = column(default=None)
    active: Mapped[bool | None] = column(default=None)
    at: Mapped[datetime | None] = column(default=None)
    token: Mapped[UUID | None] = column(default=None)


TEXTS = ["", " ", "a", "NULL", "null", '"', "\\", "{}", "a,b", "é\U0001f600", "\n\t", "'", "\x1d"]


def _at(random: Random, years: tuple[int, int]) -> datetime:
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in years)
    moment = first + timedelta(microseconds=random.randrange((last - first) // timedelta(0, 0, 1)))
    return moment.astimezone(timezone(timedelta(minutes=random.randrange(-840, 841))))


def _values(random: Random, years: tuple[int, int] = (1834, 2106)) -> dict[str, Any]:
    return {
        "text": random.choice(TEXTS) + random.choice(TEXTS),
        "note": random.choice([None, *TEXTS]),
        "number": random.choice([None, 0, -(2**63), 2**63 - 1, random.getrandbits(40)]),
        "price": random.choice(
            [None, Decimal("1E+3"), Decimal("-0.0100"), Decimal("1E-20"), Decimal(7) / 3]
        ),
        "active": random.choice([None, True, False]),
        "at": random.choice([None, _at(random, years), _at(random, years), _at(random, years)]),
        "token": random.choice([None, uuid4()]),
    }


#: what keeps a batch from being packed
ODD = [
    {},
    {"text": "a\x1fb"},
    {"note": "\x1e"},
    {"at": datetime(9999, 1, 1, tzinfo=UTC)},
]


@pytest.mark.parametrize("odd", ODD)
async def test_all_values_come_back_as_they_were_given(
    engine: Engine, tables: CreateTables, odd: dict[str, Any]
) -> None:
    await tables(PackedBase)
    random = Random(str(odd))
    Session = sessionmaker(engine)
    given = [_values(random) for _ in range(1500)]
    given[700] |= odd
    async with Session() as session:
        rows = [Mixed(**values) for values in given]
        session.add_all(rows)
        await session.commit()
    async with Session() as session:
        stored = {row.id: row for row in await session.all(select(Mixed))}
        for row, values in zip(rows, given, strict=True):
            assert stored[row.id].model_dump(exclude={"id"}) == values
        changed = [_values(random) for _ in range(1500)]
        changed[3] |= odd
        for row, values in zip(stored.values(), changed, strict=True):
            for name, value in values.items():
                setattr(row, name, value)
        await session.commit()
    async with Session() as session:
        for key, values in zip(stored, changed, strict=True):
            assert (await session.get_one(Mixed, key)).model_dump(exclude={"id"}) == values
            if key % 100 == 0:
                session.clear()


async def test_moments_are_exact_to_the_microsecond(engine: Engine, tables: CreateTables) -> None:
    await tables(PackedBase)
    random = Random(1)
    edges = [(1834, 1835), (1969, 1971), (1999, 2001), (2037, 2039), (2105, 2106)]
    given = [_at(random, years) for years in edges for _ in range(300)]
    async with sessionmaker(engine)() as session:
        session.add_all([Mixed(text=at.isoformat(), at=at) for at in given])
        await session.commit()
        wrong = await session.all(
            sql('select text from packed_mixed where at <> "text"::timestamptz')
        )
        assert wrong == []


async def test_values_that_can_not_be_packed_cost_no_statement_more(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(PackedBase)
    async with sessionmaker(engine)() as session:
        with assert_queries(1):
            session.add_all([Mixed(text="a"), Mixed(text="b\x1f")])
            await session.commit()
        assert [row.text for row in await session.all(select(Mixed).order_by(Mixed.id))] == [
            "a",
            "b\x1f",
        ]
