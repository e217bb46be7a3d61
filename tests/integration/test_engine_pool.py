from __future__ import annotations

import asyncio

import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.errors import DataError, InvalidRequestError, PoolTimeout
from tests.support.backends import assert_pool_is_whole, eventually, states, terminate

NAME = {"application_name": "pool test"}


async def pid(connection: Connection) -> int:
    return int((await connection.fetch("SELECT pg_backend_pid()"))[0][0])


async def test_nothing_is_opened_before_it_is_needed(database_url: str) -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:1/nowhere")
    assert engine.pool.in_use == engine.pool.idle == 0
    await engine.dispose()


async def test_the_connection_used_last_is_used_first(database_url: str) -> None:
    async with create_engine(database_url) as engine:
        async with engine.connect() as one, engine.connect() as two:
            first, second = await pid(one), await pid(two)
        # `two` came back first, then `one`
        async with engine.connect() as again:
            assert await pid(again) == first
        assert first != second
        assert engine.pool.idle == 2


async def test_everybody_who_waits_has_a_time_of_his_own(database_url: str) -> None:
    loop = asyncio.get_running_loop()
    waited: list[float] = []

    async def wait(engine: Engine, after: float) -> None:
        await asyncio.sleep(after)
        started = loop.time()
        with pytest.raises(PoolTimeout):
            await engine.acquire()
        waited.append(loop.time() - started)

    async with create_engine(database_url, pool_size=1) as engine:
        async with engine.connect():
            engine.pool.timeout = 0.1  # connecting is over
            served = asyncio.create_task(engine.acquire())
            await asyncio.sleep(0)
        (await served).release()  # its time runs out while the others wait
        async with engine.connect():
            cancelled = asyncio.create_task(engine.acquire())
            waiting = [wait(engine, number * 0.03) for number in range(4)]
            asyncio.get_running_loop().call_later(0.02, cancelled.cancel)
            await asyncio.gather(*waiting)
        assert [cancelled.cancelled(), len(waited)] == [True, 4]
        assert all(seconds > 0.09 for seconds in waited)
        async with engine.connect() as connection:
            assert await pid(connection)


async def test_a_full_pool_times_out_and_says_who_holds_it(database_url: str) -> None:
    async with create_engine(database_url, pool_size=2) as engine:
        async with engine.connect(), engine.connect():
            engine.pool.timeout = 0.05  # connecting is over
            with pytest.raises(PoolTimeout) as caught:
                await engine.acquire()
        assert "2 of 2 are checked out" in str(caught.value)
        assert "within 0.05 s" in str(caught.value)
        assert "pool_size" in str(caught.value).partition("\nhint: ")[2]
        async with engine.connect() as connection:
            assert await pid(connection)


async def test_waiting_tasks_are_served_in_order(database_url: str) -> None:
    served: list[int] = []

    async def use(engine: Engine, number: int) -> None:
        async with engine.connect() as connection:
            served.append(number)
            await pid(connection)

    async with create_engine(database_url, pool_size=1) as engine:
        async with engine.connect():
            tasks = []
            for number in range(5):
                tasks.append(asyncio.create_task(use(engine, number)))
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert served == [0, 1, 2, 3, 4]
        assert (engine.pool.in_use, engine.pool.idle) == (0, 1)


async def test_many_tasks_share_few_connections(database_url: str) -> None:
    async def use(engine: Engine) -> int:
        async with engine.connect() as connection:
            return await pid(connection)

    async with create_engine(database_url, pool_size=3) as engine:
        pids = await asyncio.gather(*[use(engine) for _ in range(60)])
        assert len(set(pids)) <= 3


async def test_an_old_connection_is_replaced(database_url: str) -> None:
    async with create_engine(database_url, max_lifetime=0.02) as engine:
        async with engine.connect() as connection:
            first = await pid(connection)
        await asyncio.sleep(0.03)
        async with engine.connect() as connection:
            assert await pid(connection) != first
        assert engine.pool.idle == 1


async def test_idle_connections_the_server_ended_are_replaced_unseen(
    database_url: str, engine: Engine
) -> None:
    async with create_engine(database_url, pool_size=3, server_settings=NAME) as victim:
        async with victim.connect() as one, victim.connect() as two, victim.connect():
            before = {await pid(one), await pid(two)}
        assert await terminate(engine, "pool test") == 3
        async with victim.connect() as one, victim.connect() as two:
            assert not before & {await pid(one), await pid(two)}
        await assert_pool_is_whole(victim, engine, "pool test")


async def test_a_connection_released_in_a_transaction_is_rolled_back_and_kept(
    database_url: str, engine: Engine
) -> None:
    async with create_engine(database_url, pool_size=1, server_settings=NAME) as pool:
        connection = await pool.acquire()
        before = await pid(connection)
        await connection.begin()
        await connection.command("CREATE TABLE left_behind ()")
        pool.release(connection)
        async with pool.connect() as connection:
            assert await pid(connection) == before
            assert not connection.in_transaction
            assert (await connection.fetch("SELECT to_regclass('left_behind')"))[0][0] is None
        await assert_pool_is_whole(pool, engine, "pool test")


async def test_a_connection_of_a_failed_transaction_is_kept_too(database_url: str) -> None:
    async with create_engine(database_url, pool_size=1) as pool:
        connection = await pool.acquire()
        before = await pid(connection)
        await connection.begin()
        with pytest.raises(Exception, match="division by zero"):
            await connection.fetch("SELECT 1/0")
        pool.release(connection)
        async with pool.connect() as connection:
            assert await pid(connection) == before


async def test_a_released_connection_can_not_be_used(engine: Engine) -> None:
    connection = await engine.acquire()
    engine.release(connection)
    engine.release(connection)  # twice does no harm
    for operation in (connection.fetch("SELECT 1"), connection.command("BEGIN")):
        with pytest.raises(InvalidRequestError, match="was released"):
            await operation
    with pytest.raises(InvalidRequestError, match="was released"):
        await connection.commit()
    assert repr(connection) == "<Connection released>"


async def test_a_released_connection_that_is_logged_can_not_be_used_either(
    database_url: str,
) -> None:
    async with create_engine(database_url, echo=True) as engine:
        connection = await engine.acquire()
        connection.release()
        with pytest.raises(InvalidRequestError, match="was released"):
            await connection.fetch("SELECT 1")


async def test_two_tasks_on_one_connection_are_told_and_the_first_goes_on(engine: Engine) -> None:
    async with engine.connect() as connection:
        first = asyncio.create_task(connection.fetch("SELECT 1 FROM pg_sleep(0.05)"))
        await asyncio.sleep(0)  # it is under way, and no answer is read before the next lines
        with pytest.raises(InvalidRequestError, match="two tasks"):
            await connection.fetch("SELECT 2")
        assert [tuple(record) for record in await first] == [(1,)]
        assert [tuple(record) for record in await connection.fetch("SELECT 3")] == [(3,)]


async def test_a_connection_released_while_a_task_uses_it_is_not_handed_out(
    database_url: str,
) -> None:
    async with create_engine(database_url, pool_size=1) as pool:
        connection = await pool.acquire()
        before = await pid(connection)
        running = asyncio.create_task(connection.fetch("SELECT pg_sleep(5)"))
        await asyncio.sleep(0.02)
        pool.release(connection)
        async with pool.connect() as other:
            assert await pid(other) != before
        with pytest.raises(Exception, match="the connection to PostgreSQL broke"):
            await running


async def test_dispose_closes_everything_and_the_engine_opens_again(
    database_url: str, engine: Engine
) -> None:
    pool = create_engine(database_url, server_settings={"application_name": "disposed"})
    async with pool.connect(), pool.connect():
        pass
    await pool.dispose()
    assert (pool.pool.in_use, pool.pool.idle) == (0, 0)

    async def all_gone() -> bool:
        return await states(engine, "disposed") == []

    await eventually(all_gone)
    async with pool.connect() as connection:
        assert await pid(connection)
    await pool.dispose()


async def test_a_connection_in_use_at_dispose_is_closed_when_it_comes_back(
    database_url: str, engine: Engine
) -> None:
    pool = create_engine(database_url, server_settings={"application_name": "in use"})
    async with pool.connect() as connection:
        await pool.dispose()
        assert await pid(connection)
    assert pool.pool.idle == 0

    async def all_gone() -> bool:
        return await states(engine, "in use") == []

    await eventually(all_gone)


async def test_who_waits_at_dispose_is_told(database_url: str) -> None:
    pool = create_engine(database_url, pool_size=1)
    async with pool.connect():
        waiting = asyncio.create_task(pool.acquire())
        await asyncio.sleep(0)
        await pool.dispose()
        with pytest.raises(InvalidRequestError, match="disposed of"):
            await waiting


async def test_a_connection_that_was_given_arguments_that_do_not_fit_is_kept(
    database_url: str,
) -> None:
    async with create_engine(database_url, pool_size=1) as pool:
        async with pool.connect() as connection:
            before = await pid(connection)
            with pytest.raises(DataError):
                await connection.fetch("SELECT $1::int", ["one"])
        async with pool.connect() as connection:
            assert await pid(connection) == before


async def test_arguments_that_do_not_fit_leave_no_lock_behind(engine: Engine) -> None:
    held = "SELECT count(*) FROM pg_locks WHERE relation = 'pool_locks'::regclass"
    async with engine.begin() as connection:
        await connection.command("CREATE TABLE pool_locks (id int)")
    try:
        async with engine.connect() as watching:
            for work in ("INSERT INTO pool_locks VALUES ($1)", "SELECT $1::int FROM pool_locks"):
                async with engine.connect() as connection:
                    with pytest.raises(DataError):
                        await connection.fetch(work, ["one"])

                async def is_free() -> bool:
                    return (await watching.fetch(held))[0][0] == 0

                await eventually(is_free)
        async with engine.connect() as connection:
            await connection.fetch("INSERT INTO pool_locks VALUES ($1)", [1])
    finally:
        async with engine.begin() as connection:
            await connection.command("SET LOCAL lock_timeout = '5s'")
            await connection.command("DROP TABLE pool_locks")
