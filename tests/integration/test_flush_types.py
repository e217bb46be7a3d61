"""Values of every type go out and come back on every way a flush can write them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from itertools import count
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from asyncorm import Mapped, MetaData, Model, Session, column, select
from asyncorm.compiler.quoting import quote_name
from asyncorm.engine.engine import Engine
from asyncorm.flush.statements import COPY_MINIMUM, uses_copy
from asyncorm.types.json import JSON
from asyncorm.types.scalars import DateTime, Integer, Numeric, Real, SmallInteger
from tests.conftest import CreateTables
from tests.support.rows import rows


class Base(Model):
    metadata = MetaData()


class Color(Enum):
    RED = "red"
    O_HARE = "o'\"hare, {x}"


class Level(Enum):
    LOW = 1
    HIGH = 2


class Number(IntEnum):
    ONE = 1
    TWO = 2


class Address(BaseModel):
    street: str
    price: Decimal | None = None
    tags: list[str] = []


class Everything(Base, table="everything", schema="odd schema"):
    """A column of every type, all of them nullable."""

    id: Mapped[int] = column(primary_key=True)
    small: Mapped[int | None] = column(SmallInteger, default=None)
    normal: Mapped[int | None] = column(Integer, default=None)
    big: Mapped[int | None] = column(default=None)
    real: Mapped[float | None] = column(Real, default=None)
    double: Mapped[float | None] = column(default=None)
    exact: Mapped[Decimal | None] = column(default=None)
    money: Mapped[Annotated[Decimal, Field(max_digits=10, decimal_places=2)] | None] = column(
        Numeric(10, 2), default=None
    )
    flag: Mapped[bool | None] = column(default=None)
    text: Mapped[str | None] = column(default=None)
    short: Mapped[Annotated[str, Field(max_length=20)] | None] = column(default=None)
    word: Mapped[Literal["a", "b"] | None] = column(default=None)
    day: Mapped[date | None] = column(default=None)
    clock: Mapped[time | None] = column(default=None)
    moment: Mapped[datetime | None] = column(default=None)
    naive: Mapped[datetime | None] = column(DateTime(timezone=False), default=None)
    span: Mapped[timedelta | None] = column(default=None)
    key: Mapped[UUID | None] = column(default=None)
    blob: Mapped[bytes | None] = column(default=None)
    color: Mapped[Color | None] = column(default=None)
    level: Mapped[Level | None] = column(default=None)
    number: Mapped[Number | None] = column(default=None)
    address: Mapped[Address | None] = column(default=None)
    addresses: Mapped[list[Address] | None] = column(default=None)
    document: Mapped[dict[str, Any] | None] = column(default=None)
    nested: Mapped[list[list[int]] | None] = column(default=None)
    plain: Mapped[Any | None] = column(JSON, default=None)
    words: Mapped[list[str] | None] = column(default=None)
    numbers: Mapped[list[int] | None] = column(default=None)
    prices: Mapped[list[Decimal] | None] = column(default=None)
    colors: Mapped[list[Color] | None] = column(default=None)
    moments: Mapped[list[datetime] | None] = column(default=None)
    unique: Mapped[set[str] | None] = column(name='what\'s "unique"', default=None)
    host: Mapped[IPv4Address | IPv6Address | None] = column(default=None)
    net: Mapped[IPv4Network | None] = column(default=None)


class Keyed(Base, table="keyed"):
    """A key of many parts."""

    color: Mapped[Color] = column(primary_key=True)
    key: Mapped[UUID] = column(primary_key=True)
    day: Mapped[date] = column(primary_key=True)
    exact: Mapped[Decimal] = column(primary_key=True)
    text: Mapped[str] = column(primary_key=True)
    value: Mapped[int | None] = column(default=None)


class Flat(Base, table="flat"):
    """Nothing that COPY can't carry."""

    id: Mapped[int] = column(primary_key=True)
    small: Mapped[int | None] = column(SmallInteger, default=None)
    double: Mapped[float | None] = column(default=None)
    flag: Mapped[bool | None] = column(default=None)
    text: Mapped[str | None] = column(default=None)
    day: Mapped[date | None] = column(default=None)
    clock: Mapped[time | None] = column(default=None)
    moment: Mapped[datetime | None] = column(default=None)
    naive: Mapped[datetime | None] = column(DateTime(timezone=False), default=None)
    span: Mapped[timedelta | None] = column(default=None)
    key: Mapped[UUID | None] = column(default=None)
    blob: Mapped[bytes | None] = column(default=None)
    number: Mapped[Number | None] = column(default=None)
    words: Mapped[list[str] | None] = column(default=None)
    numbers: Mapped[list[int] | None] = column(default=None)
    moments: Mapped[list[datetime] | None] = column(default=None)
    host: Mapped[IPv4Address | IPv6Address | None] = column(default=None)


MOMENT = datetime(2026, 2, 3, 4, 5, 6, 7, timezone(timedelta(hours=-3)))
VALUES: dict[str, list[Any]] = {
    "small": [0, -(2**15)],
    "normal": [1, 2**31 - 1],
    "big": [-1, 2**63 - 1],
    "real": [0.5, -0.25],
    "double": [0.1, float("inf")],
    "exact": [Decimal("0.10"), Decimal("-12345678901234567890.5")],
    "money": [Decimal("0.00"), Decimal("99999999.99")],
    "flag": [True, False],
    "text": ["", "NULL", "\\N", "a\"b'c{},\n\t", "äöü€😀"],
    "short": ["x" * 20, " a "],
    "word": ["a", "b"],
    "day": [date(1, 1, 2), date(2026, 12, 31)],
    "clock": [time(0, 0), time(23, 59, 59, 999999)],
    "moment": [MOMENT, datetime(1900, 1, 1, tzinfo=UTC)],
    "naive": [datetime(2026, 1, 1, 1, 2, 3, 4)],
    "span": [timedelta(0), timedelta(days=-3, microseconds=7)],
    "key": [UUID(int=0), UUID(int=2**128 - 1)],
    "blob": [b"", b"\x00\xff\\"],
    "color": list(Color),
    "level": list(Level),
    "number": list(Number),
    "address": [Address(street="x"), Address(street='"', price=Decimal("1.50"), tags=["a"])],
    "addresses": [[], [Address(street="a"), Address(street="b")]],
    "document": [{}, {"a": [1, None, True, {"b": "ü"}], "c": None}],
    "nested": [[], [[1], [], [2, 3]]],
    "plain": [0, "", [], {"b": 1, "a": None}, False],
    "words": [[], ["", "NULL", '"', "\\", "{}", ","]],
    "numbers": [[], [1, -2, 2**40]],
    "prices": [[], [Decimal("1.10"), Decimal("-2")]],
    "colors": [[], list(Color)],
    "moments": [[], [MOMENT]],
    "unique": [set(), {"a", "b"}],
    "host": [IPv4Address("1.2.3.4"), IPv6Address("::1")],
    "net": [IPv4Network("10.0.0.0/8")],
}


def values_for(kind: type[Model], seed: int) -> dict[str, Any]:
    chooser = random.Random(seed)
    return {
        name: chooser.choice([None, *VALUES[name]]) for name in VALUES if name in kind.model_fields
    }


def numbered(kind: type[Any], seeds: range) -> list[Any]:
    return [kind(id=seed, **values_for(kind, seed)) for seed in seeds]


async def assert_stored(
    engine: Engine, kind: type[Any], expected: dict[int, dict[str, Any]]
) -> None:
    """What a fresh session reads is what was written, value and Python type."""
    async with Session(engine) as session:
        found = {row.id: row for row in await session.all(select(kind))}
    assert set(found) == set(expected)
    for key, values in expected.items():
        for name, value in values.items():
            stored = getattr(found[key], name)
            assert stored == value, name
            assert isinstance(stored, type(value)), name


def dumped(*instances: Any) -> dict[int, dict[str, Any]]:
    return {
        row.id: {name: row.__dict__[name] for name in VALUES if name in row.__dict__}
        for row in instances
    }


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("size", [1, 60])
async def test_every_type_is_inserted(
    engine: Engine, tables: CreateTables, how: str, size: int
) -> None:
    await tables(Everything)
    for start in (0, 100, 200, 300, 400) if size == 1 else (0,):
        instances = numbered(Everything, range(start, start + size))
        async with Session(engine) as session:
            session.add_all(instances)
            await getattr(session, how)()
            await session.commit()
        async with Session(engine) as session:
            found = await session.get(Everything, start)
            assert found is not None
            assert found.model_dump() == instances[0].model_dump()
    await assert_stored(engine, Everything, dumped(*instances) | await earlier(engine, instances))


async def earlier(engine: Engine, instances: list[Any]) -> dict[int, dict[str, Any]]:
    keys = [key for (key,) in await rows(engine, 'select id from "odd schema".everything')]
    own = {instance.id for instance in instances}
    return {key: {} for key in keys if key not in own}


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("size", [1, 60])
async def test_nothing_is_inserted_everywhere(
    engine: Engine, tables: CreateTables, size: int, missing: bool
) -> None:
    await tables(Everything)
    given: dict[str, Any] = {} if missing else dict.fromkeys(VALUES)
    instances = [Everything(id=number, **given) for number in range(size)]
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
    await assert_stored(engine, Everything, {n: dict.fromkeys(VALUES) for n in range(size)})
    columns = ", ".join(quote_name(c.name) for c in Everything.__table__.columns.values())
    nulls = await rows(engine, f'select num_nulls({columns}) from "odd schema".everything')
    assert nulls == [(len(VALUES),)] * size


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("size", [1, 60])
@pytest.mark.parametrize("before", ["nothing", "something"])
async def test_every_type_is_updated(
    engine: Engine, tables: CreateTables, how: str, size: int, before: str
) -> None:
    await tables(Everything)
    instances = [Everything(id=number) for number in range(size)]
    if before == "something":
        instances = numbered(Everything, range(size))
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
        for instance in instances:
            for name, value in values_for(Everything, instance.id + 1000).items():
                setattr(instance, name, value)
        await getattr(session, how)()
        await session.commit()
    await assert_stored(engine, Everything, dumped(*instances))


async def test_every_type_is_updated_in_one_statement_for_all(
    engine: Engine, tables: CreateTables
) -> None:
    """All rows change all columns, so that they share one batch."""
    await tables(Everything)
    instances = [Everything(id=number) for number in range(20)]
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
        for instance in instances:
            for name, values in VALUES.items():
                setattr(instance, name, values[instance.id % len(values)])
        assert len(await session.plan()) == 1
        await session.commit()
        for instance in instances:
            for name in VALUES:
                setattr(instance, name, None)
        assert len(await session.plan()) == 1
        await session.rollback()
    async with Session(engine) as session:
        for row in await session.all(select(Everything)):
            for name, values in VALUES.items():
                assert getattr(row, name) == values[row.id % len(values)], name


async def test_every_type_that_can_be_copied_is_copied(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Flat)
    instances = numbered(Flat, range(COPY_MINIMUM))
    async with Session(engine) as session:
        session.add_all(instances)
        [batch] = (await session.plan()).batches
        assert uses_copy(batch)
        await session.commit()
    await assert_stored(engine, Flat, dumped(*instances))


def keyed(number: Iterator[int]) -> Keyed:
    chooser = random.Random(next(number))
    return Keyed(
        color=chooser.choice(list(Color)),
        key=UUID(int=chooser.getrandbits(128)),
        day=date.fromordinal(chooser.randrange(1, 800_000)),
        exact=Decimal(chooser.randrange(10**6)) / 1000,
        text=chooser.choice(VALUES["text"]),
    )


@pytest.mark.parametrize("size", [1, 50])
async def test_keys_of_every_type_find_their_rows(
    engine: Engine, tables: CreateTables, size: int
) -> None:
    await tables(Keyed)
    number = count()
    instances = [keyed(number) for _ in range(size)]
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
    async with Session(engine) as session:
        found = await session.all(select(Keyed))
        for position, instance in enumerate(found):
            instance.value = position
        await session.commit()
        assert await rows(engine, "select count(distinct value) from keyed") == [(size,)]
        for instance in found:
            if instance.value:
                await session.delete(instance)
        await session.commit()
        assert await rows(engine, "select value from keyed") == [(0,)]
