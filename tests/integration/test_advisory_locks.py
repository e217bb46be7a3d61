"""Advisory locks: one at a time, between processes, and never left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import Session, create_engine, select, sql
from asyncorm.engine.engine import Engine
from asyncorm.engine.signals.advisory_key import LockKey
from asyncorm.errors import (
    ArgumentError,
    ConfigurationError,
    InvalidRequestError,
    LockLost,
    LockTimeout,
)
from asyncorm.sql.functions.func import func
from tests.support.backends import eventually
from tests.support.wire import WireProxy

KEYS: list[LockKey] = ["nightly report", 5, -(2**63), 2**63 - 1, (1, 2), (-(2**31), 2**31 - 1)]


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Engine]:
    """Another process would have an engine of its own, too."""
    async with create_engine(database_url) as engine:
        yield engine


async def is_free(other: Engine, key: LockKey) -> bool:
    try:
        async with other.advisory_lock(key, timeout=0):
            return True
    except LockTimeout:
        return False


async def becomes_free(other: Engine, key: LockKey) -> bool:
    """Whether the lock is given back, be it by a clean-up that takes a moment."""
    async with other.advisory_lock(key, timeout=20):
        return True


async def advisory_locks(engine: Engine) -> int:
    async with engine.connect() as connection:
        records = await connection.fetch(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    return int(records[0][0])


@pytest.mark.parametrize("key", KEYS, ids=repr)
async def test_a_lock_is_held_for_the_block(engine: Engine, other: Engine, key: LockKey) -> None:
    async with engine.advisory_lock(key) as lock:
        assert lock.is_held
        await lock.verify()
        assert not await is_free(other, key)
    assert not lock.is_held
    assert await is_free(other, key)
    assert await advisory_locks(engine) == 0
    assert engine.pool.in_use == 0


async def test_a_lock_is_given_back_after_an_error(engine: Engine, other: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with engine.advisory_lock("a"):
            raise ZeroDivisionError
    assert await is_free(other, "a")


async def test_a_lock_is_given_back_after_a_cancellation(engine: Engine, other: Engine) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with engine.advisory_lock("a"):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await becomes_free(other, "a")


async def test_who_is_cancelled_while_waiting_gets_no_lock(engine: Engine, other: Engine) -> None:
    async with other.advisory_lock("a"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), engine.advisory_lock("a"):
                raise AssertionError
    assert await becomes_free(other, "a")
    assert engine.pool.in_use == 0
    assert await advisory_locks(engine) == 0


async def test_two_engines_take_turns(engine: Engine, other: Engine) -> None:
    inside = 0

    async def work(own: Engine) -> None:
        nonlocal inside
        for _ in range(10):
            async with own.advisory_lock("turns"):
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                inside -= 1

    await asyncio.gather(work(engine), work(other))


async def test_shared_locks_go_together_and_keep_a_lone_one_out(
    engine: Engine, other: Engine
) -> None:
    async with engine.advisory_lock("a", shared=True), other.advisory_lock("a", shared=True):
        assert not await is_free(other, "a")
    assert await is_free(other, "a")
    async with engine.advisory_lock("a"):
        with pytest.raises(LockTimeout):
            async with other.advisory_lock("a", shared=True, timeout=0):
                raise AssertionError


@pytest.mark.parametrize(("timeout", "words"), [(0, "is not free"), (0.05, "within 0.05 s")])
async def test_a_timeout_is_an_error_and_the_block_is_not_entered(
    engine: Engine, other: Engine, timeout: float, words: str
) -> None:
    async with other.advisory_lock("a"):
        started = time.monotonic()
        with pytest.raises(LockTimeout, match=f"advisory lock 'a' .*{words}"):
            async with engine.advisory_lock("a", timeout=timeout):
                raise AssertionError
        assert time.monotonic() - started >= timeout
    assert engine.pool.in_use == 0


async def test_a_lock_that_becomes_free_in_time_is_taken(engine: Engine, other: Engine) -> None:
    async def hold(inside: asyncio.Event) -> None:
        async with other.advisory_lock("a"):
            inside.set()
            await asyncio.sleep(0.05)

    inside = asyncio.Event()
    holding = asyncio.create_task(hold(inside))
    await inside.wait()
    async with engine.advisory_lock("a", timeout=30):
        assert not await is_free(other, "a")
    await holding


async def test_the_setting_of_the_timeout_does_not_stay(engine: Engine) -> None:
    text = "SELECT current_setting('lock_timeout')"
    async with engine.advisory_lock("a", timeout=5):
        pass
    async with engine.begin() as connection:
        await connection.advisory_lock("b", timeout=5)
        assert [tuple(row) for row in await connection.fetch(text)] == [("0",)]
    async with engine.connect() as connection:
        assert [tuple(row) for row in await connection.fetch(text)] == [("0",)]


async def test_a_task_that_would_wait_for_itself_is_told_so(engine: Engine) -> None:
    async with engine.advisory_lock("a"):
        with pytest.raises(InvalidRequestError, match="holds the advisory lock 'a' already"):
            async with engine.advisory_lock("a"):
                raise AssertionError
        async with engine.advisory_lock("b"):
            pass
    lock = engine.advisory_lock("a")
    async with lock:
        with pytest.raises(InvalidRequestError, match="entered already by this object"):
            await lock.__aenter__()
    async with lock:
        assert lock.is_held
    with pytest.raises(InvalidRequestError, match="not entered"):
        await lock.verify()


async def end_holder(engine: Engine) -> None:
    async with engine.connect() as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )


async def test_a_lock_that_is_lost_is_an_error_at_the_end(engine: Engine, other: Engine) -> None:
    with pytest.raises(LockLost, match="'a' was lost before the end of its block") as lost:
        async with engine.advisory_lock("a") as lock:
            await end_holder(other)
            await eventually(lambda: not lock.is_held)
            with pytest.raises(LockLost):
                await lock.verify()
    assert "somebody else may have worked" in str(lost.value)
    assert engine.pool.in_use == 0


async def test_a_lock_that_is_lost_is_noted_on_the_error_of_the_block(
    engine: Engine, other: Engine
) -> None:
    with pytest.raises(ZeroDivisionError) as error:
        async with engine.advisory_lock("a"):
            await end_holder(other)
            raise ZeroDivisionError
    assert "'a' was lost" in error.value.__notes__[0]


async def test_a_lock_through_a_pooler_is_refused(database_url: str, other: Engine) -> None:
    async with WireProxy(database_url) as proxy:
        proxy.pretended_pid = 4711
        async with create_engine(proxy.url) as engine:
            with pytest.raises(ConfigurationError, match="a pooler such as PgBouncer"):
                async with engine.advisory_lock("a"):
                    raise AssertionError
            assert await becomes_free(other, "a")
            async with engine.advisory_lock("a", pooled=True):
                assert not await is_free(other, "a")
            async with Session(engine) as session:
                await session.advisory_lock("a")  # belongs to a transaction, which poolers keep
                await session.commit()


# ------------------------------------------------------------------------------- in transactions


async def test_the_lock_of_a_session_ends_with_its_transaction(
    engine: Engine, other: Engine
) -> None:
    async with Session(engine) as session:
        await session.advisory_lock("a")
        assert not await is_free(other, "a")
        await session.commit()
        assert await is_free(other, "a")
        async with session.advisory_lock("a", timeout=1):
            pass
        assert not await is_free(other, "a"), "not the block, the transaction gives it back"
        await session.advisory_lock("a")  # again, by who has it
        await session.rollback()
        assert await is_free(other, "a")


@pytest.mark.parametrize("timeout", [0, 0.05])
async def test_a_session_that_gets_no_lock_can_go_on(
    engine: Engine, other: Engine, timeout: float
) -> None:
    async with Session(engine) as session, other.advisory_lock("a"):
        await session.execute(sql("SELECT set_config('work_mem', '1MB', true)"))
        with pytest.raises(LockTimeout, match="advisory lock 'a'"):
            await session.advisory_lock("a", timeout=timeout)
        value = await session.scalar(select(func.current_setting("work_mem")))
        assert value == "1MB", "the transaction has not ended"
        await session.commit()


async def test_a_lock_on_a_connection_needs_a_transaction(engine: Engine, other: Engine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(InvalidRequestError, match="given back at once"):
            await connection.advisory_lock("a")
    async with engine.begin() as connection:
        await connection.advisory_lock("a", shared=True)
        assert not await is_free(other, "a")
    assert await is_free(other, "a")


WRONG_KEYS: list[Any] = ["", 2**63, True, 1.5, None, (1,), (1, 2**31), (1, "a"), [1, 2], b"a"]


@pytest.mark.parametrize("key", WRONG_KEYS, ids=repr)
async def test_a_key_that_is_none(engine: Engine, key: Any) -> None:
    with pytest.raises(ArgumentError, match="the key of an advisory lock"):
        engine.advisory_lock(key)
    async with Session(engine) as session:
        with pytest.raises(ArgumentError, match="the key of an advisory lock"):
            session.advisory_lock(key)


@pytest.mark.parametrize("timeout", [-1, True, "1", float("nan"), float("inf"), 2**31])
def test_a_timeout_that_is_none(engine: Engine, timeout: Any) -> None:
    with pytest.raises(ArgumentError, match="timeout of a lock"):
        engine.advisory_lock("a", timeout=timeout)
