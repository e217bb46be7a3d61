"""The workloads: each in asyncorm and in the asyncpg a careful developer writes by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from asyncorm import Engine, Mapped, Model, Session, column, select
from benchmarks.timing import Case

ROWS = 1000
COLUMNS = "name, email, age, balance, active, created_at, token, score, note"


class Person(Model, table="bench_person"):
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


@dataclass
class Workload:
    """A name, its cases (the first is the base), and how often to repeat one in a round."""

    name: str
    cases: dict[str, Case]
    repeat: int
    target: float


def sample(number: int) -> dict[str, Any]:
    """The values of one row."""
    return {
        "name": f"person {number}",
        "email": f"p{number}@example.org",
        "age": number % 90,
        "balance": Decimal(number) / 100,
        "active": number % 2 == 0,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "token": uuid4(),
        "score": number / 7,
        "note": None if number % 3 else "a note",
    }


async def prepare(engine: Engine) -> None:
    """Make the table and its rows."""
    await engine.drop_all(Person)
    await engine.create_all(Person)
    async with Session(engine) as session:
        session.add_all([Person(**sample(n)) for n in range(ROWS)])
        await session.commit()


def workloads(engine: Engine, pool: asyncpg.Pool[asyncpg.Record]) -> list[Workload]:
    """All workloads."""
    return [
        Workload("get by key", _get_by_key(engine, pool), 100, 1.5),
        Workload("load 1,000 rows of 10 columns", _load(engine, pool), 5, 1.5),
        Workload("insert 1,000, keys back", _insert(engine, pool), 1, 1.3),
        Workload("update 1,000", _update(engine, pool), 1, 1.5),
    ]


def _get_by_key(engine: Engine, pool: asyncpg.Pool[asyncpg.Record]) -> dict[str, Case]:
    async def by_hand() -> None:
        async with pool.acquire() as connection:
            row = await connection.fetchrow("SELECT * FROM bench_person WHERE id = $1", 5)
        assert row is not None
        assert row["id"] == 5

    async def asyncorm() -> None:
        async with Session(engine) as session:
            person = await session.get(Person, 5)
            assert person is not None
            assert person.id == 5

    return {"asyncpg by hand": by_hand, "asyncorm": asyncorm}


def _load(engine: Engine, pool: asyncpg.Pool[asyncpg.Record]) -> dict[str, Case]:
    async def by_hand() -> None:
        async with pool.acquire() as connection:
            rows = await connection.fetch("SELECT * FROM bench_person WHERE id <= $1", ROWS)
        assert len(rows) == ROWS

    async def as_dicts() -> None:
        async with pool.acquire() as connection:
            rows = await connection.fetch("SELECT * FROM bench_person WHERE id <= $1", ROWS)
        assert len([dict(row) for row in rows]) == ROWS

    async def asyncorm() -> None:
        async with Session(engine) as session:
            people = await session.all(select(Person).where(Person.id <= ROWS))
            assert len(people) == ROWS

    return {"asyncpg by hand": by_hand, "asyncpg and dicts": as_dicts, "asyncorm": asyncorm}


def _insert(engine: Engine, pool: asyncpg.Pool[asyncpg.Record]) -> dict[str, Case]:
    rows = [sample(number) for number in range(ROWS)]
    values = [tuple(row.values()) for row in rows]
    arrays = [list(column) for column in zip(*values, strict=True)]
    unnest = (
        f"INSERT INTO bench_person ({COLUMNS}) SELECT * FROM unnest($1::text[], $2::text[], "
        "$3::bigint[], $4::numeric[], $5::boolean[], $6::timestamptz[], $7::uuid[], "
        "$8::float8[], $9::text[]) RETURNING id"
    )
    one = (
        f"INSERT INTO bench_person ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        "RETURNING id"
    )

    async def by_hand() -> None:
        async with pool.acquire() as connection, connection.transaction():
            keys = await connection.fetch(unnest, *arrays)
        assert len(keys) == ROWS

    async def many() -> None:
        async with pool.acquire() as connection, connection.transaction():
            keys = await connection.fetchmany(one, values)
        assert len(keys) == ROWS

    async def asyncorm() -> None:
        async with Session(engine) as session:
            session.add_all([Person(**row) for row in rows])
            await session.commit()

    return {
        "asyncpg unnest by hand": by_hand,
        "asyncpg fetchmany": many,
        "asyncorm, construction too": asyncorm,
        "construction alone": _constructing(rows),
    }


def _constructing(rows: list[dict[str, Any]]) -> Case:
    async def construct() -> None:
        assert len([Person(**row) for row in rows]) == ROWS

    return construct


def _update(engine: Engine, pool: asyncpg.Pool[asyncpg.Record]) -> dict[str, Case]:
    ticks = iter(range(10**9))
    text = (
        "UPDATE bench_person t SET name = u.name, age = u.age "
        "FROM unnest($1::bigint[], $2::text[], $3::bigint[]) u(id, name, age) WHERE t.id = u.id"
    )
    keys = list(range(1, ROWS + 1))

    async def by_hand() -> None:
        tick = next(ticks)
        async with pool.acquire() as connection, connection.transaction():
            status = await connection.execute(text, keys, [f"n{tick}"] * ROWS, [tick] * ROWS)
        assert status == f"UPDATE {ROWS}"

    held: list[Session] = []

    async def asyncorm() -> None:
        tick = next(ticks)
        if not held:
            held.append(Session(engine))
            held[0].info["people"] = await held[0].all(select(Person).where(Person.id <= ROWS))
        for person in held[0].info["people"]:
            person.name = f"n{tick}"
            person.age = tick
        await held[0].commit()

    return {"asyncpg unnest by hand": by_hand, "asyncorm": asyncorm}
