"""Composite values: fields, comparison, conditions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, NamedTuple

import pytest

from asyncorm import (
    ArgumentError,
    Array,
    Composite,
    ConfigurationError,
    DateTime,
    Mapped,
    MetaData,
    Model,
    Session,
    aliased,
    column,
    delete,
    func,
    select,
    sql,
    update,
)
from asyncorm.engine.engine import Engine
from tests.constructs.conftest import Same


class Town(NamedTuple):
    name: str
    people: int | None = None


class Address(NamedTuple):
    street: str
    town: Annotated[Town, Composite(Town)]
    number: int | None = None


class Moments(NamedTuple):
    """Times that Python has no room for."""

    day: date | None = None
    moment: Annotated[datetime | None, DateTime(timezone=False)] = None
    zoned: datetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    exact: Decimal | None = None
    real: float | None = None
    data: bytes | None = None


class People(Model):
    metadata = MetaData()


class Person(People, table="person"):
    id: Mapped[int] = column(primary_key=True)
    address: Mapped[Address] = column(Composite(Address, name="home_address"))
    other: Mapped[Address | None] = column(Composite(Address, name="home_address"), default=None)
    towns: Mapped[list[Town]] = column(Array(Composite(Town)), default_factory=list)


class Diary(People, table="diary"):
    id: Mapped[int] = column(primary_key=True)
    moments: Mapped[Moments] = column(Composite(Moments))


LONDON, BERN = Town("London", 9_000_000), Town("Bern")
PERSONS = [
    Person(id=1, address=Address("Main St", LONDON, 5), towns=[LONDON, BERN]),
    Person(id=2, address=Address("", BERN), other=Address("x", LONDON)),
    Person(id=3, address=Address("Main St", BERN, 7)),
]


@pytest.fixture(scope="module", autouse=True)
async def people(engine: Engine) -> AsyncIterator[None]:
    await engine.create_all(People)
    async with Session(engine) as session:
        session.add_all(PERSONS)
        await session.commit()
    yield
    await engine.drop_all(People)


async def test_fields_are_read_and_compared(same: Same) -> None:
    street = Person.address.field(lambda address: address.street)
    await same(
        select(Person.id, street).where(street == "Main St"),
        "select id, (address).street from person where (address).street = 'Main St'",
        rows=2,
    )
    await same(
        select(Person.id).where(Person.address.field("number") > 5),
        "select id from person where (address).number > 5",
        rows=1,
    )
    await same(
        select(Person.id, Person.other.field("street")).order_by(Person.id),
        "select id, (other).street from person order by id",
    )


async def test_two_fields_are_two_statements(same: Same) -> None:
    for name in Address._fields[::2]:
        await same(
            select(Person.id, Person.address.field(name)).order_by(Person.id),
            f"select id, (address).{name} from person order by id",
        )


async def test_fields_of_fields(same: Same) -> None:
    town = Person.address.field(lambda address: address.town)
    await same(
        select(town.field("name"), func.count())
        .group_by(town.field("name"))
        .order_by(func.count()),
        "select ((address).town).name, count(*) from person group by 1 order by 2",
    )
    await same(
        select(Person.id).where(town == BERN),
        "select id from person where (address).town = row('Bern', null)::town",
        rows=2,
    )


async def test_values_are_compared_whole(same: Same) -> None:
    await same(
        select(Person.id).where(Person.address == Address("Main St", LONDON, 5)),
        "select id from person where address = "
        "row('Main St', row('London', 9000000), 5)::home_address",
        rows=1,
    )
    await same(
        select(Person.id).where(Person.address.in_([PERSONS[0].address, PERSONS[1].address])),
        "select id from person where id in (1, 2)",
        rows=2,
    )
    await same(
        select(Person.id).where(Person.towns.contains([BERN])),
        "select id from person where row('Bern', null)::town = any (towns)",
        rows=1,
    )
    await same(
        select(Person.id).where(Person.other.is_(None)),
        "select id from person where id <> 2",
        rows=2,
    )


async def test_fields_of_aliases_and_in_order(same: Same) -> None:
    other = aliased(Person, name="other")
    await same(
        select(other.id).order_by(other.address.field("number").desc().nulls_last(), other.id),
        "select id from person order by (address).number desc nulls last, id",
    )


async def test_values_are_set_by_statements(same: Same) -> None:
    await same(
        update(Person).where(Person.id == 3).values(other=Person.address),
        "update person set other = address where id = 3",
        rows=0,
        then="select id, other::text from person order by id",
    )


async def test_wrong_fields_are_refused_while_building() -> None:
    with pytest.raises(ArgumentError, match="Address has no field of this name"):
        Person.address.field("stret")
    with pytest.raises(ArgumentError, match=r"person\.id is bigint and has no fields"):
        Person.id.field("street")
    with pytest.raises(ArgumentError, match='is "home_address" and takes Address, not tuple'):
        _ = Person.address == ("Main St", None, 5)  # type: ignore[comparison-overlap]


ODD = [
    ("0044-03-15 BC", "0001-12-31 23:59:59.5 BC", "0044-03-15 01:02:03+02 BC", "24:00", "1 mon"),
    ("infinity", "-infinity", "infinity", "00:00", "-1 year -2 days -03:04:05.000006"),
    ("12026-12-31", "294276-12-31 23:59:59.999999", "10000-01-01 00:00+05:30", "23:59", "0"),
    ("2026-01-01", "2026-01-01 00:00:00.1", "2026-06-01 00:00-03", "01:02:03.04", "36 hours"),
]


async def test_fields_are_read_as_columns_of_their_types_are(engine: Engine) -> None:
    names = Moments._fields
    async with engine.begin() as connection:
        for number, values in enumerate(ODD):
            await connection.execute(
                sql(
                    "insert into diary values ({}, row({}::text::date, {}::text::timestamp, "
                    "{}::text::timestamptz, {}::text::time, {}::text::interval, 'NaN', "
                    "'-infinity', '\\x00ff')::moments)",
                    number,
                    *values,
                )
            )
        columns = [Diary.moments.field(name) for name in names]
        statement = select(Diary.moments, *columns).order_by(Diary.id)
        found = (await connection.execute(statement)).all()
        for read, *expected in found:
            assert [repr(field) for field in read] == [repr(value) for value in expected]
        await connection.execute(update(Diary).values(moments=Moments(day=date(1, 1, 1))))
        for number, (read, *_) in enumerate(found):
            changed = update(Diary).where(Diary.id == number).values(moments=read)
            await connection.execute(changed)
        again = (await connection.execute(statement)).all()
        assert repr(again) == repr(found)
        await connection.execute(delete(Diary))


async def test_wrong_classes_are_refused() -> None:
    class Empty:
        pass

    class Odd(NamedTuple):
        thing: complex

    with pytest.raises(ConfigurationError, match="Empty has no fields for a composite type"):
        Composite(Empty)
    with pytest.raises(ConfigurationError, match=r"Odd.thing: no PostgreSQL type is known"):
        Composite(Odd)
