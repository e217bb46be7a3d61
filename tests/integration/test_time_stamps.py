"""Time stamps are read and written as the driver does it, whatever the settings of the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from asyncorm import (
    DateTime,
    Mapped,
    MetaData,
    Model,
    Session,
    column,
    create_engine,
    func,
    generated,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class Visit(Base, table="visit"):
    id: Mapped[int] = generated(primary_key=True)
    at: Mapped[datetime]
    local: Mapped[datetime] = column(DateTime(timezone=False))
    times: Mapped[list[datetime]]
    noted: Mapped[datetime] = column(server_default=sql("'2020-02-02 02:02:02.02Z'"), init=False)


class Stamp(Base, table="stamp"):
    id: Mapped[int] = generated(primary_key=True)
    made: Mapped[datetime] = column(server_default=func.now(), init=False)


NOTED = datetime(2020, 2, 2, 2, 2, 2, 20_000, tzinfo=UTC)
MOMENTS = [
    datetime(1850, 1, 1, 3, 4, 5, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(9000, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


def visits() -> list[Visit]:
    return [
        Visit(at=at, local=at.replace(tzinfo=None), times=[at, at + timedelta(1)]) for at in MOMENTS
    ]


@pytest.mark.parametrize(
    "setting",
    [
        {"timezone": "Europe/Berlin"},
        {"timezone": "Asia/Kathmandu"},
        {"timezone": "America/St_Johns"},
        {"datestyle": "German"},
        {"datestyle": "SQL, DMY", "timezone": "Asia/Tokyo"},
        {"datestyle": "Postgres"},
    ],
    ids=str,
)
async def test_settings_of_the_server_change_nothing(
    setting: dict[str, str], database_url: str, tables: CreateTables
) -> None:
    await tables(Base)
    async with create_engine(database_url, server_settings=setting) as engine:
        async with Session(engine) as session:
            session.add_all(written := visits())
            await session.commit()
            assert [visit.noted for visit in written] == [NOTED] * 4
        async with Session(engine) as session:
            read = await session.all(select(Visit).order_by(Visit.id))
            assert [visit.at for visit in read] == MOMENTS
            assert all(visit.at.tzinfo is UTC for visit in read)
            assert [visit.local for visit in read] == [at.replace(tzinfo=None) for at in MOMENTS]
            assert [visit.times for visit in read] == [[at, at + timedelta(1)] for at in MOMENTS]
            found = await session.all(select(Visit.id).where(Visit.at == MOMENTS[2]))
            assert found == [read[2].id]


async def test_a_style_that_is_set_meanwhile_is_read_as_well(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Base)
    async with Session(engine) as session:
        session.add_all([*visits(), Stamp()])
        await session.flush()
        statement = select(Visit.at).order_by(Visit.id)
        assert await session.all(statement) == MOMENTS
        for style in ("German", "SQL", "Postgres", "ISO"):
            await session.execute(sql(f"SET LOCAL datestyle = '{style}'"))
            assert await session.all(statement) == MOMENTS
            session.add(stamp := Stamp())
            await session.flush()
            assert stamp.made == await session.scalar(select(func.now()))


async def test_the_server_gets_what_the_driver_would_send(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Base)
    async with Session(engine) as session:
        session.add_all(visits())
        await session.commit()
    driver = await asyncpg.connect(database_url)
    try:
        rows = await driver.fetch(
            "SELECT at, at = ($1::timestamptz[])[id], times FROM visit ORDER BY id", MOMENTS
        )
    finally:
        await driver.close()
    assert [tuple(row) for row in rows] == [(at, True, [at, at + timedelta(1)]) for at in MOMENTS]
