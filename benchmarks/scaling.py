"""How costs grow: per row, per concurrent task, per clean object, and memory over time.

``python -m benchmarks.scaling [quick]``, on DATABASE_URL or an embedded server. What is meant to be
flat or falling is a cost for one of something; CPU time of this process, the best of some runs.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from time import process_time

from asyncorm import Engine, Mapped, MetaData, Model, Session, column, create_engine, select, sql
from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.url import parse_url
from benchmarks.memory import resident_bytes

#: a cost at each size
Curve = list[tuple[int, float]]

ROWS = (1, 10, 100, 1_000, 10_000, 100_000)
TASKS = (1, 10, 100, 1_000)
OBJECTS = (1_000, 10_000, 100_000, 1_000_000)
CLEAN = (0, 100, 1_000, 10_000, 100_000)
POOL = 10


class Scaling(Model):
    """The models of this benchmark."""

    metadata = MetaData()


class Item(Scaling, table="scaling_item"):
    """Rows to read."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int]
    active: Mapped[bool]


class Entry(Scaling, table="scaling_entry"):
    """Rows to write, whose keys the server makes."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    size: Mapped[int]
    active: Mapped[bool]


@asynccontextmanager
async def prepared(url: str, rows: int) -> AsyncIterator[Engine]:
    """An engine, with that many rows to read."""
    async with create_engine(url, pool_size=POOL) as engine:
        await engine.drop_all(Scaling)
        await engine.create_all(Scaling)
        async with Session(engine) as session:
            await session.execute(
                sql(
                    "INSERT INTO scaling_item SELECT n, 'item ' || n, n % 90, n % 2 = 0 "
                    "FROM generate_series(1, {}::bigint) n",
                    rows,
                )
            )
            await session.execute(sql("ANALYZE scaling_item"))
            await session.commit()
        yield engine
        await engine.drop_all(Scaling)


async def loading(engine: Engine, sizes: Sequence[int] = ROWS) -> Curve:
    """Microseconds a row to load so many rows into a new session."""

    async def load(size: int) -> float:
        async with Session(engine) as session:
            start = process_time()
            items = await session.all(select(Item).where(Item.id <= size))
            seconds = process_time() - start
            assert len(items) == size
        return seconds

    return [(size, await _best(load, size)) for size in sizes]


async def inserting(engine: Engine, sizes: Sequence[int] = ROWS) -> Curve:
    """Microseconds a row to make, insert and commit so many objects, keys back."""

    async def insert(size: int) -> float:
        async with Session(engine) as session:
            start = process_time()
            entries = [Entry(name=f"entry {n}", size=n % 90, active=True) for n in range(size)]
            session.add_all(entries)
            await session.commit()
            seconds = process_time() - start
            assert entries[-1].id
        return seconds

    curve: Curve = []
    for size in sizes:
        curve.append((size, await _best(insert, size)))
        async with Session(engine) as session:
            await session.execute(sql("TRUNCATE scaling_entry"))
            await session.commit()
    return curve


async def _best(run: Callable[[int], Awaitable[float]], size: int) -> float:
    """Microseconds for one of so many: the best of some runs, of more where one is short."""
    await run(size)
    await run(size)
    runs = max(3, min(50, 20_000 // size))
    seconds = []
    for _ in range(runs):
        gc.collect()
        seconds.append(await run(size))
    return min(seconds) / size * 1e6


async def concurrent_gets(engine: Engine, counts: Sequence[int] = TASKS) -> Curve:
    """Microseconds a task, where so many tasks each get one object over the pool of 10."""

    async def get(key: int) -> None:
        async with Session(engine) as session:
            assert await session.get(Item, key) is not None

    async def together(count: int) -> float:
        start = process_time()
        await asyncio.gather(*(get(1 + number % 100) for number in range(count)))
        return process_time() - start

    await together(100)
    return [(count, await _best(together, count)) for count in counts]


async def one_change(engine: Engine, sizes: Sequence[int] = CLEAN) -> Curve:
    """Microseconds to commit one changed object, in a session that holds so many clean ones."""
    curve: Curve = []
    for size in sizes:
        async with Session(engine) as session:
            items = await session.all(select(Item).where(Item.id <= size + 1))
            assert len(items) == size + 1
            gc.collect()
            seconds = []
            for number in range(50):
                items[0].size = -number
                start = process_time()
                await session.commit()
                seconds.append(process_time() - start)
        curve.append((size, min(seconds) * 1e6))
    return curve


async def long_session(engine: Engine, rounds: int = 1_000) -> dict[str, Curve]:
    """One session that loads 1,000 objects and clears, again and again: MiB after so many times."""
    resident: Curve = []
    traced: Curve = []
    marks = {max(1, rounds * tenth // 10) for tenth in range(11)}
    tracemalloc.start()
    try:
        async with Session(engine) as session:
            for number in range(1, rounds + 1):
                assert len(await session.all(select(Item).where(Item.id <= 1_000))) == 1_000
                session.clear()
                if number in marks:
                    gc.collect()
                    traced.append((number, tracemalloc.get_traced_memory()[0] / 2**20))
                    resident.append((number, resident_bytes() / 2**20))
    finally:
        tracemalloc.stop()
    return {"resident": resident, "traced": traced}


async def dropping(engine: Engine, sizes: Sequence[int] = OBJECTS) -> dict[str, Curve]:
    """So many clean objects of one session are dropped: CPU microseconds and bytes, each.

    ``left`` is what stays afterwards: the driver's records of the last result, if it is not long.
    """
    drop: Curve = []
    held: Curve = []
    left: Curve = []
    for size in sizes:
        drop.append((size, await _drop(engine, size) / size * 1e6))
        tracemalloc.start()
        await _drop(engine, size, lambda: held.append((size, _traced() / size)))  # noqa: B023
        left.append((size, _traced() / size))
        tracemalloc.stop()
    return {"drop": drop, "held": held, "left": left}


async def _drop(engine: Engine, size: int, loaded: Callable[[], None] | None = None) -> float:
    """CPU seconds to let go of so many objects that were loaded."""
    session = Session(engine)
    items = await session.all(select(Item).where(Item.id <= size))
    assert len(items) == size
    if loaded is not None:
        loaded()
    gc.collect()
    start = process_time()
    session.clear()
    del items
    seconds = process_time() - start
    await session.close()
    return seconds


def _traced() -> float:
    """Bytes that Python's memory holds since tracing began."""
    gc.collect()
    return float(tracemalloc.get_traced_memory()[0])


@contextmanager
def collector_off() -> Iterator[None]:
    """Without Python's collector, which goes through all objects again when there are many more."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def curves(url: str, *, quick: bool = False) -> dict[str, Curve]:
    """Everything, by what the figures are."""
    rows, most = (ROWS[:5], 10_000) if quick else (ROWS, 1_000_000)
    async with prepared(url, most + 1) as engine:
        found = {
            "load, CPU µs a row": await loading(engine, rows),
            "insert, CPU µs a row": await inserting(engine, rows),
            f"get over {POOL} connections, CPU µs a task": await concurrent_gets(engine),
            "commit of one change among clean objects, CPU µs": await one_change(
                engine, [size for size in CLEAN if size <= most]
            ),
        }
        with collector_off():
            found["load, CPU µs a row, without the collector"] = await loading(engine, rows)
            found["insert, CPU µs a row, without the collector"] = await inserting(engine, rows)
        memory = await long_session(engine, 100 if quick else 1_000)
        found["session that loads 1,000 and clears, traced MiB"] = memory["traced"]
        found["session that loads 1,000 and clears, resident MiB"] = memory["resident"]
        dropped = await dropping(engine, [size for size in OBJECTS if size <= most])
        found["clean objects, bytes each"] = dropped["held"]
        found["clean objects dropped, CPU µs each"] = dropped["drop"]
        found["clean objects dropped, bytes left each"] = dropped["left"]
    return found


def show(found: dict[str, Curve]) -> None:
    """Print each curve as a line of sizes and a line of figures."""
    for name, curve in found.items():
        print(f"\n{name}")
        print("".join(f"{size:>11,}" for size, _ in curve))
        print("".join(f"{value:>11,.2f}" for _, value in curve))


def main(arguments: Sequence[str]) -> None:
    """``[quick]``."""
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("DATABASE_URL") or str(
            start_embedded(parse_url(f"embedded:///{folder}/data?fsync=off"))
        )
        show(asyncio.run(curves(url, quick="quick" in arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
