"""Listeners and locks that are cancelled at every place leave neither connections nor locks."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import anyio
import pytest

from asyncorm import Channel, MissedNotifications, create_engine
from asyncorm.engine.engine import Engine
from tests.support.cancel import Mode, cancel_at

texts = Channel("cancelled_texts")
MODES: list[Mode] = ["before", "after"]
OWN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cancelled'"
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
BREAK = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cancelled'"
)


@pytest.fixture
async def own(database_url: str) -> AsyncIterator[Engine]:
    """An engine whose connections can be told from all others."""
    settings = {"application_name": "cancelled"}
    # without TLS: asyncpg's negotiation of it, when cancelled, complains to the event loop
    async with create_engine(
        database_url, pool_size=2, server_settings=settings, ssl=False
    ) as engine:
        yield engine


async def becomes(engine: Engine, sql: str, wanted: int) -> bool:
    for _ in range(2000):
        async with engine.connect() as connection:
            if (await connection.fetch(sql))[0][0] == wanted:
                return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("mode", MODES)
async def test_a_listener_that_is_cancelled_anywhere(
    engine: Engine, own: Engine, mode: Mode
) -> None:
    """While it connects, listens, receives, finds the connection broken, and connects again."""
    tasks = asyncio.all_tasks()

    async def receive() -> None:
        async with own.listen(texts, heartbeat=0.02) as notifications:
            try:
                async with engine.connect() as connection:
                    await connection.notify(texts, "one")
                assert (await anext(notifications)).payload == "one"
                with anyio.move_on_after(0.03):  # there is a heartbeat meanwhile
                    await anext(notifications)
                async with engine.connect() as connection:
                    await connection.fetch(BREAK)
                await anext(notifications)
            except MissedNotifications:
                return

    places, outcome = 0, "cancelled"
    while outcome != "not reached":
        places += 1
        outcome = await cancel_at(receive, places, mode)
        assert await becomes(engine, OWN, 0), places
    assert places > 10
    gc.collect()
    assert {task for task in asyncio.all_tasks() if "asyncorm" in task.get_name()} <= tasks


@pytest.mark.parametrize("timeout", [None, 0, 5])
@pytest.mark.parametrize("mode", MODES)
async def test_a_lock_that_is_cancelled_anywhere(
    engine: Engine, own: Engine, mode: Mode, timeout: float | None
) -> None:
    async def lock() -> None:
        async with own.advisory_lock("cancelled", timeout=timeout) as lock:
            await lock.verify()

    outcomes = []
    for place in range(1, 40):
        outcomes.append(await cancel_at(lock, place, mode))
        assert await becomes(engine, LOCKS, 0)
        if outcomes[-1] == "not reached":
            break
    assert outcomes.count("cancelled") >= 3
    assert outcomes[-1] == "not reached"
    assert own.pool.in_use == 0
    async with own.advisory_lock("cancelled", timeout=0):
        pass
