"""The network swallows everything without a word: a cancel must still return at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from asyncorm.engine.engine import Engine, create_engine
from asyncorm.errors import ConnectionLost, PoolTimeout
from tests.support.backends import eventually
from tests.support.wire import WireProxy

#: seconds; generous for a busy machine, far below what waiting for the network would take
AT_ONCE = 10.0
#: the patience of what would wait for the network
FOREVER = 100.0


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[WireProxy]:
    async with WireProxy(database_url) as proxy:
        yield proxy


async def in_transaction(engine: Engine, sql: str, seconds: float) -> None:
    async with asyncio.timeout(seconds), engine.begin() as connection:
        await connection.fetch(sql)


async def test_a_cancelled_statement_gives_control_back_and_the_pool_recovers(
    proxy: WireProxy,
) -> None:
    async with create_engine(proxy.url, pool_size=2, cancel_grace=0.1) as engine:
        async with engine.connect(), engine.connect():
            pass
        for _ in range(2):
            proxy.blackhole()
            with pytest.raises(TimeoutError):
                await in_transaction(engine, "SELECT 1", 0.05)
            assert engine.pool.in_use == 0
            # the connection is given up after the grace
            await eventually(lambda: engine.pool.idle == 1 and not engine.pool._cleaning)
            proxy.heal()
            async with engine.connect(), engine.connect():
                pass
        async with engine.connect() as one, engine.connect() as two:
            for connection in (one, two):
                assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]


async def test_a_transaction_in_the_black_hole_is_left_at_once(proxy: WireProxy) -> None:
    loop = asyncio.get_running_loop()
    async with create_engine(proxy.url, pool_size=1, cancel_grace=FOREVER) as engine:
        async with engine.connect() as connection:
            await connection.fetch("SELECT 1")
        proxy.blackhole("SELECT 2")
        started = loop.time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), engine.begin() as connection:
                await connection.fetch("SELECT 2")
        assert loop.time() - started < AT_ONCE
        proxy.heal()
        async with engine.connect() as connection:
            assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]


async def test_connecting_into_a_black_hole_keeps_the_deadline(proxy: WireProxy) -> None:
    loop = asyncio.get_running_loop()
    proxy.blackhole()
    async with create_engine(proxy.url, pool_timeout=0.1, connect_timeout=FOREVER) as engine:
        started = loop.time()
        with pytest.raises(PoolTimeout, match=r"no connection could be opened within 0\.1 s"):
            await engine.acquire()
        assert loop.time() - started < AT_ONCE
        assert engine.pool.in_use == 0


async def test_one_attempt_to_connect_has_its_own_limit(proxy: WireProxy) -> None:
    proxy.blackhole()
    async with create_engine(proxy.url, connect_timeout=0.05) as engine:
        with pytest.raises(ConnectionLost, match=r"no answer from 127\.0\.0\.1:\d+ in time"):
            await engine.acquire()


async def test_connecting_can_be_cancelled(proxy: WireProxy) -> None:
    loop = asyncio.get_running_loop()
    proxy.blackhole()
    async with create_engine(
        proxy.url, pool_size=1, pool_timeout=FOREVER, connect_timeout=FOREVER
    ) as engine:
        started = loop.time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await engine.acquire()
        assert loop.time() - started < AT_ONCE
        proxy.heal()
        async with engine.connect() as connection:
            assert await connection.fetch("SELECT 1")


async def test_a_cancelled_commit_gives_up_after_its_grace(proxy: WireProxy) -> None:
    loop = asyncio.get_running_loop()
    async with create_engine(proxy.url, commit_grace=0.1) as engine:
        connection = await engine.acquire()
        await connection.begin()
        await connection.fetch("SELECT 1")
        proxy.blackhole("COMMIT")
        started = loop.time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.commit()
        assert 0.1 < loop.time() - started < AT_ONCE
        assert connection.outcome == "unknown"
        assert connection.is_closed
        engine.release(connection)
        proxy.heal()


async def test_dispose_ends_in_a_black_hole(
    proxy: WireProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncorm.engine.pool.DISPOSE_SECONDS", 0.1)
    engine = create_engine(proxy.url)
    async with engine.connect() as connection:
        await connection.fetch("SELECT 1")
    proxy.blackhole()
    async with asyncio.timeout(AT_ONCE):
        await engine.dispose()
