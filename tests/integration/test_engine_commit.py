from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from asyncorm import delete, insert, select, update
from asyncorm.engine import pipelining
from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.errors import (
    CommitUnknown,
    ConnectionLost,
    OperationalError,
    ProgrammingError,
    TransactionRolledBack,
    UniqueViolation,
)
from asyncorm.session.factory import SessionFactory
from tests.support.backends import eventually, states, terminate
from tests.support.bookshop import Country
from tests.support.wire import WireProxy


@pytest.fixture
async def table(engine: Engine) -> AsyncIterator[str]:
    async with engine.begin() as connection:
        await connection.command(
            "CREATE TABLE committed (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        )
    yield "committed"
    async with engine.begin() as connection:
        await connection.command("DROP TABLE committed")


async def count(engine: Engine) -> int:
    async with engine.connect() as connection:
        return int((await connection.fetch("SELECT count(*) FROM committed"))[0][0])


async def lines() -> AsyncIterator[bytes]:
    yield b"2\n"


CHANGES = [
    insert(Country).values(code="a", name="a"),
    update(Country).values(name="c").returning(Country.code),
    delete(Country),
]
INSERT = "INSERT INTO committed VALUES ($1::bigint)"


@asynccontextmanager
async def open_transaction(engine: Engine, *numbers: int) -> AsyncIterator[Connection]:
    """A connection that has inserted the numbers and not committed them."""
    async with engine.connect() as connection:
        await connection.begin()
        for number in numbers:
            await connection.run(INSERT, [number])
        yield connection


async def fail(engine: Engine, connections: list[Connection]) -> None:
    async with engine.begin() as connection:
        connections.append(connection)
        await connection.run(INSERT, [1])
        raise KeyError


async def test_begin_commits_at_the_end(engine: Engine, table: str) -> None:
    async with engine.begin() as connection:
        await connection.run(INSERT, [1])
    assert connection.outcome == "committed"
    assert await count(engine) == 1


async def test_begin_rolls_back_on_an_exception(engine: Engine, table: str) -> None:
    connections: list[Connection] = []
    with pytest.raises(KeyError):
        await fail(engine, connections)
    assert connections[0].outcome == "rolled_back"
    assert await count(engine) == 0


async def test_a_commit_that_was_a_rollback_is_an_error_that_names_the_first_one(
    engine: Engine, table: str
) -> None:
    async with open_transaction(engine, 1) as connection:
        with pytest.raises(ProgrammingError):
            await connection.fetch("SELECT * FROM no_such_table")
        with pytest.raises(OperationalError, match="current transaction is aborted"):
            await connection.fetch("SELECT 1")
        with pytest.raises(TransactionRolledBack) as caught:
            await connection.commit()
    assert "ProgrammingError" in str(caught.value)
    assert "no_such_table" in str(caught.value)
    assert isinstance(caught.value.__cause__, ProgrammingError)
    assert caught.value.sqlstate == "42P01"
    assert connection.outcome == "rolled_back"
    assert await count(engine) == 0


async def test_a_savepoint_saves_the_transaction(engine: Engine, table: str) -> None:
    async with engine.begin() as connection:
        await connection.run(INSERT, [1])
        await connection.savepoint("s1")
        with pytest.raises(ProgrammingError):
            await connection.fetch("SELECT * FROM no_such_table")
        await connection.rollback_to_savepoint("s1")
        await connection.savepoint("s2")
        await connection.run(INSERT, [2])
        await connection.release_savepoint("s2")
    assert await count(engine) == 2


async def test_a_deferred_constraint_fails_at_commit(engine: Engine, table: str) -> None:
    async with open_transaction(engine, 1, 1) as connection:
        with pytest.raises(UniqueViolation) as caught:
            await connection.commit()
        assert caught.value.columns == ("n",)
        assert connection.outcome == "rolled_back"
        assert not connection.in_transaction


@pytest.mark.parametrize("answered", [False, True], ids=["request lost", "answer lost"])
async def test_a_connection_cut_at_commit_leaves_the_outcome_unknown(
    database_url: str, engine: Engine, table: str, answered: bool
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with open_transaction(through, 1) as connection:
            proxy.cut("COMMIT", answer=answered)
            with pytest.raises(CommitUnknown, match="before COMMIT was answered") as caught:
                await connection.commit()
        assert connection.outcome == "unknown"
        assert isinstance(caught.value.__cause__, ConnectionLost)
        assert through.pool.in_use == 0
    assert await count(engine) == int(answered)


async def test_the_same_holds_for_a_statement_that_commits_itself(
    database_url: str, engine: Engine, table: str
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with through.connect() as connection:
            proxy.cut("INSERT", answer=True)
            with pytest.raises(CommitUnknown):
                await connection.commit_run("INSERT INTO committed VALUES (1)")
            assert connection.outcome == "unknown"
    assert await count(engine) == 1


@pytest.mark.skipif(not pipelining.enabled, reason="what was sent is not known")
async def test_one_that_was_lost_while_it_was_prepared_has_not_run(
    database_url: str, engine: Engine, table: str
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with through.connect() as connection:
            proxy.cut("INSERT")
            with pytest.raises(ConnectionLost):
                await connection.commit_run("INSERT INTO committed VALUES (1)")
            assert connection.outcome == "rolled_back"
    assert await count(engine) == 0


async def test_a_statement_that_commits_itself_needs_no_transaction(
    engine: Engine, table: str
) -> None:
    async with engine.connect() as connection:
        assert await connection.commit_run(INSERT, [1]) == 1
        records = await connection.commit_fetch(f"{INSERT} RETURNING n", [2])
        assert [tuple(record) for record in records] == [(2,)]
        assert connection.outcome == "committed"
        with pytest.raises(UniqueViolation):
            await connection.commit_run(INSERT, [1])
        assert connection.outcome == "rolled_back"
    assert await count(engine) == 2


async def test_a_connection_lost_before_commit_is_no_unknown_outcome(
    database_url: str, engine: Engine, table: str
) -> None:
    name = {"application_name": "lost before commit"}
    async with create_engine(database_url, server_settings=name) as victim:
        async with open_transaction(victim, 1) as connection:
            await terminate(engine, "lost before commit")

            async def is_noticed() -> bool:
                return connection.is_closed

            await eventually(is_noticed)
            with pytest.raises(ConnectionLost, match="before COMMIT"):
                await connection.commit()
        assert connection.outcome == "rolled_back"
    assert await count(engine) == 0


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
async def test_a_change_outside_of_a_transaction_whose_answer_is_lost_may_have_been_made(
    database_url: str, Session: SessionFactory, change: Any
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with Session.begin() as session:
            session.add(Country(code="b", name="b"))
        async with through.connect() as connection:
            proxy.cut(str(change).partition(" ")[0], answer=True)
            with pytest.raises(CommitUnknown):
                await connection.execute(change)
            with pytest.raises(ConnectionLost):
                await connection.execute(change)  # it is known to be closed
        async with Session() as session:
            assert await session.all(select(Country.name)) != ["b"]


async def test_a_change_in_a_transaction_whose_answer_is_lost_is_rolled_back(
    database_url: str, Session: SessionFactory
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        proxy.cut("INSERT", answer=True)
        with pytest.raises(ConnectionLost):
            async with through.begin() as connection:
                await connection.execute(CHANGES[0])
    async with Session() as session:
        assert await session.all(select(Country)) == []


@pytest.mark.parametrize("way", ["statement", "COMMIT", "a statement that commits itself"])
async def test_a_connection_that_the_server_has_taken_leave_of_is_lost(
    database_url: str, engine: Engine, table: str, way: str
) -> None:
    """Its last words are read, but not yet the end of the stream, and nothing is sent any more."""
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with open_transaction(through, 1) as connection:
            if way == "a statement that commits itself":
                await connection.rollback()
            proxy.say_goodbye()
            await asyncio.sleep(0.05)
            assert not connection.is_closed
            with pytest.raises(ConnectionLost):
                if way == "statement":
                    await connection.run(INSERT, [2])
                elif way == "COMMIT":
                    await connection.commit()
                else:
                    await connection.commit_run(INSERT, [2])
            assert connection.outcome == (None if way == "statement" else "rolled_back")
            assert connection.is_closed
            await connection.rollback()
        async with through.connect() as connection:
            assert await connection.fetch("SELECT 1")
    assert await count(engine) == 0


async def test_a_copy_on_such_a_connection_can_be_rolled_back(
    database_url: str, engine: Engine, table: str
) -> None:
    # the driver forgets a future that it has made for COPY, of which the loop would complain
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda loop, context: None)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with open_transaction(through, 1) as connection:
            proxy.say_goodbye()
            await asyncio.sleep(0.05)
            with pytest.raises(ConnectionLost):
                await connection.copy_text("committed", ["n"], lines())
            await connection.rollback()
            assert connection.is_closed
    gc.collect()
    loop.set_exception_handler(handler)
    assert await count(engine) == 0


async def test_a_connection_lost_in_a_statement_says_so(database_url: str, engine: Engine) -> None:
    name = {"application_name": "lost in a statement"}
    async with create_engine(database_url, server_settings=name) as victim:
        async with victim.connect() as connection:
            running = asyncio.create_task(connection.fetch("SELECT pg_sleep(10)"))

            async def is_running() -> bool:
                return await states(engine, "lost in a statement") == ["active"]

            await eventually(is_running)
            await terminate(engine, "lost in a statement")
            with pytest.raises(ConnectionLost, match="administrator command") as caught:
                await running
            assert caught.value.sqlstate == "57P01"
        async with victim.connect() as connection:
            assert await connection.fetch("SELECT 1")


@pytest.mark.parametrize("kind", ["task", "scope"])
async def test_a_cancelled_commit_is_carried_through_before_the_cancel_is_delivered(
    database_url: str, engine: Engine, table: str, kind: str
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        connection = await through.acquire()
        await connection.begin()
        await connection.run(INSERT, [1])
        proxy.delay = 0.1
        if kind == "task":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await connection.commit()
        else:
            with anyio.move_on_after(0.02) as scope:
                await connection.commit()
            assert scope.cancelled_caught
        assert connection.outcome == "committed"
        assert not connection.interrupted
        assert proxy.cancel_requests == 0
        through.release(connection)
    assert await count(engine) == 1


async def test_a_commit_cancelled_twice_is_still_carried_through(
    database_url: str, engine: Engine, table: str
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        connection = await through.acquire()
        await connection.begin()
        await connection.run(INSERT, [1])
        proxy.delay = 0.1
        committing = asyncio.create_task(connection.commit())
        for _ in range(2):
            await asyncio.sleep(0.02)
            committing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await committing
        assert connection.outcome == "committed"
        through.release(connection)
    assert await count(engine) == 1


@pytest.mark.usefixtures("table")
async def test_a_rollback_that_fails_hides_nothing(database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        connections: list[Connection] = []
        proxy.cut("ROLLBACK")
        with pytest.raises(KeyError):
            await fail(through, connections)
        assert connections[0].outcome == "rolled_back"
        async with through.connect() as connection:
            assert await connection.fetch("SELECT 1")


async def test_isolation_and_access_mode_reach_the_server(engine: Engine) -> None:
    async with engine.begin("SERIALIZABLE", readonly=True, deferrable=True) as connection:
        settings = await connection.fetch(
            "SELECT current_setting('transaction_isolation'), "
            "current_setting('transaction_read_only'), current_setting('transaction_deferrable')"
        )
        assert tuple(settings[0]) == ("serializable", "on", "on")
