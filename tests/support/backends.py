"""Looks at an engine's connections from outside: what does the server say about them?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine


async def states(observer: Engine, application: str) -> list[str]:
    """The states of the server processes whose application_name this is."""
    async with observer.connect() as connection:
        records = await connection.fetch(
            "SELECT state FROM pg_stat_activity WHERE application_name = $1::text", [application]
        )
    return [record[0] for record in records]


async def terminate(observer: Engine, application: str) -> int:
    """End the server processes of an application, as an administrator or a fail-over would."""
    async with observer.connect() as connection:
        records = await connection.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = $1::text",
            [application],
        )
    return len(records)


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0
) -> None:
    """Wait until the condition holds; fail if it does not in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        holds = condition()
        if holds if isinstance(holds, bool) else await holds:
            return
        assert loop.time() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)


async def assert_pool_is_whole(engine: Engine, observer: Engine, application: str) -> None:
    """All connections can be had at once, all work, and none of them is in a transaction."""

    async def none_in_transaction() -> bool:
        return not any(
            "in transaction" in (state or "") for state in await states(observer, application)
        )

    await eventually(none_in_transaction)
    held: list[Connection] = []
    try:
        while len(held) < engine.pool.size:
            held.append(await asyncio.wait_for(engine.acquire(), 20))
        for connection in held:
            assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]
    finally:
        for connection in held:
            engine.release(connection)
    assert engine.pool.in_use == 0
