"""Copying rows: from tuples, dicts and objects, beside the driver's own COPY of the same tuples."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from asyncorm import Engine, Mapped, Model, Session, column, create_engine
from benchmarks.timing import Case, measure, ratio

ROWS = 100_000
MANY = 1_000_000
COLUMNS = ["id", "name", "balance", "created_at", "active", "token"]


class Copied(Model, table="bench_copied"):
    """Six mixed columns."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    balance: Mapped[Decimal]
    created_at: Mapped[datetime]
    active: Mapped[bool]
    token: Mapped[UUID]


def _row(number: int) -> tuple[Any, ...]:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return number, f"person {number}", Decimal(number) / 100, moment, number % 2 == 0, uuid4()


def _cases(engine: Engine, driver: asyncpg.Connection[Any]) -> dict[str, Case]:
    tuples = [_row(number) for number in range(ROWS)]
    dicts = [dict(zip(COLUMNS, row, strict=True)) for row in tuples]
    objects = [Copied(**values) for values in dicts]

    async def by_hand() -> None:
        await driver.execute("TRUNCATE bench_copied")
        await driver.copy_records_to_table("bench_copied", records=tuples, columns=COLUMNS)

    def ours(rows: list[Any], **options: Any) -> Case:
        async def copy() -> None:
            async with Session(engine) as session:
                await (await session.connection()).command("TRUNCATE bench_copied")
                await session.copy_in(Copied, rows, **options)
                await session.commit()

        return copy

    return {
        "asyncpg by hand": by_hand,
        "copy_in of tuples": ours(tuples, columns=COLUMNS),
        "copy_in of dicts": ours(dicts),
        "copy_in of objects": ours(objects),
        "upsert of tuples": ours(tuples, columns=COLUMNS, on_conflict="update"),
        "copy_in, validated": ours(dicts, validate=True),
    }


async def _memory(engine: Engine) -> int:
    """The most bytes that copying from an async iterator takes."""

    async def rows() -> AsyncIterator[tuple[Any, ...]]:
        for number in range(MANY):
            yield _row(number)

    async with Session(engine) as session:
        await (await session.connection()).command("TRUNCATE bench_copied")
        tracemalloc.start()
        await session.copy_in(Copied, rows(), columns=COLUMNS)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


async def run(url: str, rounds: int) -> None:
    """Print rows a second, and what a copy from an iterator without end takes of memory."""
    rounds = min(rounds, 7)
    async with create_engine(url) as engine:
        await engine.drop_all(Copied)
        await engine.create_all(Copied)
        driver = await asyncpg.connect(url)
        try:
            times = await measure(_cases(engine, driver), rounds, 1)
            print(f"{ROWS:,} rows of {len(COLUMNS)} columns, best and median of {rounds} rounds")
            for name, found in times.items():
                best, median = ROWS / min(found), ROWS / statistics.median(found)
                speed = 1 / ratio(times, name, "asyncpg by hand")
                print(f"  {name:<20}{best:10,.0f} {median:10,.0f} rows/s   {speed:.2f} of by hand")
        finally:
            await driver.close()
        print(f"  memory for {MANY:,} rows from an async iterator: {await _memory(engine):,} bytes")
