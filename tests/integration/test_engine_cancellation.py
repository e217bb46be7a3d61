from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import anyio
import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine, create_engine
from tests.support.backends import assert_pool_is_whole, eventually
from tests.support.cancel import Mode, cancel_at
from tests.support.wire import WireProxy

APPLICATION = "cancellation test"
NAME = {"application_name": APPLICATION}
#: seconds that a busy server may take to end a statement
PATIENT = 10.0


@pytest.fixture
async def table(engine: Engine) -> AsyncIterator[str]:
    async with engine.begin() as connection:
        await connection.command("CREATE TABLE cancelled (n bigint)")
    yield "cancelled"
    async with engine.begin() as connection:
        await connection.command("DROP TABLE cancelled")


async def numbers(engine: Engine) -> list[int]:
    async with engine.connect() as connection:
        return [
            record[0] for record in await connection.fetch("SELECT n FROM cancelled ORDER BY n")
        ]


async def pid(connection: Connection) -> int:
    return int((await connection.fetch("SELECT pg_backend_pid()"))[0][0])


async def sleep_in_transaction(pool: Engine, seconds: float) -> None:
    async with asyncio.timeout(seconds), pool.begin() as connection:
        await connection.fetch("SELECT pg_sleep(10)")


async def test_a_cancelled_statement_leaves_a_connection_that_is_used_again(
    database_url: str, engine: Engine
) -> None:
    async with create_engine(
        database_url, pool_size=2, server_settings=NAME, cancel_grace=PATIENT
    ) as pool:
        async with pool.connect() as connection:
            before = await pid(connection)
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await sleep_in_transaction(pool, 0.005)
            async with pool.connect() as connection:
                assert await pid(connection) == before
        await assert_pool_is_whole(pool, engine, APPLICATION)


async def test_a_scope_of_anyio_cancels_as_well(database_url: str, engine: Engine) -> None:
    async with create_engine(database_url, pool_size=1, server_settings=NAME) as pool:
        for _ in range(5):
            with anyio.move_on_after(0.01) as scope:
                async with pool.begin() as connection:
                    await connection.fetch("SELECT pg_sleep(10)")
            assert scope.cancelled_caught
        await assert_pool_is_whole(pool, engine, APPLICATION)


async def test_a_cancelled_copy_stores_nothing(
    database_url: str, engine: Engine, table: str
) -> None:
    async with create_engine(database_url, pool_size=1, server_settings=NAME) as pool:
        for place in range(1, 4):
            await cancel_at(lambda: copy(pool), place, "before")
            rows = len(await numbers(engine))
            assert rows in (0, 20_000 * place, 20_000), rows
            await assert_pool_is_whole(pool, engine, APPLICATION)


async def copy(pool: Engine) -> None:
    async with pool.begin() as connection:
        await connection.copy_records("cancelled", ["n"], [(n,) for n in range(20_000)])


async def test_who_is_cancelled_in_the_queue_leaves_it(database_url: str, engine: Engine) -> None:
    async with create_engine(database_url, pool_size=1, server_settings=NAME) as pool:
        async with pool.connect():
            waiting = [asyncio.create_task(pool.acquire()) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            waiting[2].cancel()
        connection = await waiting[1]
        pool.release(connection)
        assert [task.cancelled() for task in waiting] == [True, False, True]
        await assert_pool_is_whole(pool, engine, APPLICATION)


async def test_who_is_served_and_cancelled_at_once_passes_it_on(
    database_url: str, engine: Engine
) -> None:
    async with create_engine(database_url, pool_size=1, server_settings=NAME) as pool:
        connection = await pool.acquire()
        first, second = (asyncio.create_task(pool.acquire()) for _ in range(2))
        await asyncio.sleep(0)
        pool.release(connection)
        first.cancel()
        pool.release(await second)
        assert first.cancelled()
        await assert_pool_is_whole(pool, engine, APPLICATION)


@pytest.mark.parametrize("mode", ["before", "after"])
async def test_a_cancel_while_connecting_leaks_nothing(
    database_url: str, engine: Engine, mode: Mode
) -> None:
    async def connect(pool: Engine) -> None:
        async with pool.connect() as connection:
            await connection.fetch("SELECT 1")

    place, outcome = 0, "cancelled"
    while outcome != "not reached":
        place += 1
        # without TLS: asyncpg's negotiation of it, when cancelled, complains to the event loop
        async with create_engine(
            database_url, pool_size=2, server_settings=NAME, ssl=False
        ) as pool:
            outcome = await cancel_at(lambda pool=pool: connect(pool), place, mode)  # type: ignore[misc]
            await assert_pool_is_whole(pool, engine, APPLICATION)
    assert place > 3  # it did suspend in several places


@pytest.mark.parametrize("mode", ["before", "after"])
async def test_a_unit_cancelled_anywhere_is_stored_whole_or_not_at_all(
    database_url: str, engine: Engine, table: str, mode: Mode
) -> None:
    outcomes: list[str | None] = []

    async def unit(pool: Engine, number: int) -> None:
        async with pool.begin() as connection:
            try:
                await connection.run("INSERT INTO cancelled VALUES ($1::bigint)", [number])
                await connection.fetch("SELECT 1")
                await connection.run("INSERT INTO cancelled VALUES ($1::bigint)", [number])
                await connection.commit()
            finally:
                outcomes.append(connection.outcome)
            await connection.begin()

    async with create_engine(database_url, pool_size=1, server_settings=NAME) as pool:
        place, outcome = 0, "cancelled"
        while outcome != "not reached":
            place += 1
            outcomes.clear()
            outcome = await cancel_at(lambda n=place: unit(pool, n), place, mode)  # type: ignore[misc]
            await assert_pool_is_whole(pool, engine, APPLICATION)
            stored = (await numbers(engine)).count(place)
            assert stored in (0, 2), place
            if outcomes:
                assert (outcomes[0] == "committed") == (stored == 2), (place, outcomes)
        assert place > 4


async def test_a_cancelled_task_goes_on_before_the_server_has_answered(database_url: str) -> None:
    async with (
        WireProxy(database_url) as proxy,
        create_engine(proxy.url, pool_size=1, cancel_grace=60) as pool,
    ):
        connection = await pool.acquire()
        running = asyncio.create_task(connection.fetch("SELECT pg_sleep(10)"))
        await eventually(lambda: "SELECT pg_sleep(10)" in proxy.statements)
        proxy.blackhole()  # who waits for an answer from here on waits for a minute
        running.cancel()
        async with asyncio.timeout(20):
            with pytest.raises(asyncio.CancelledError):
                await running
        assert connection.interrupted
        proxy.heal()
        await connection.rollback()
        pool.release(connection)
        async with pool.connect() as connection:
            assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]


async def test_a_connection_can_be_used_on_after_a_timeout_inside_it(engine: Engine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await connection.fetch("SELECT pg_sleep(10)")
        assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]
        assert not connection.interrupted
