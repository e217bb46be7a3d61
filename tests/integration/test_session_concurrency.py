"""A session belongs to one task at a time: overlapping use is refused before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from asyncorm import (
    AsyncORMError,
    ConcurrentSessionUseError,
    InvalidRequestError,
    inspect,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.integration.test_session_close import USES
from tests.support.backends import eventually
from tests.support.bookshop import Author


@asynccontextmanager
async def in_the_middle(session: SessionType, engine: Engine) -> AsyncIterator[asyncio.Task[Any]]:
    """A task named `first` is inside an operation of the session, until the block is left."""
    async with engine.begin() as connection:
        await connection.fetch("SELECT pg_advisory_xact_lock(42)")
        waiting = session.execute(sql("select pg_advisory_xact_lock(42)"))
        task = asyncio.create_task(waiting, name="first")
        await asyncio.sleep(0)
        yield task


@pytest.mark.parametrize("name", [name for name in USES if name != "__aenter__"])
async def test_every_operation_of_a_second_task_is_refused(
    Session: SessionFactory, engine: Engine, sent: Sent, name: str
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()

        async def use() -> None:
            await USES[name](session)

        async with in_the_middle(session, engine) as first:
            sent()
            with pytest.raises(ConcurrentSessionUseError) as caught:
                await asyncio.create_task(use(), name="second")
            assert sent() == []
        message = str(caught.value)
        assert "'first'" in message
        assert "'second'" in message
        assert "session.execute()" in message
        assert "hint: give every task its own session" in message
        await first
        assert session.is_active
        assert inspect(author).persistent
        await session.commit()
        assert await session.all(select(Author)) == [author]


@pytest.mark.parametrize("operation", ["flush", "commit", "rollback"])
async def test_two_of_the_same_are_refused_too(Session: SessionFactory, operation: str) -> None:
    """Y5"""
    async with Session() as session:
        session.add(Author(name="a"))
        await session.flush()
        session.add(Author(name="b"))
        outcomes = await asyncio.gather(
            *(getattr(session, operation)() for _ in range(3)), return_exceptions=True
        )
        assert [type(o) for o in outcomes] == [
            type(None),
            ConcurrentSessionUseError,
            ConcurrentSessionUseError,
        ]
        await session.commit()
        expected = [] if operation == "rollback" else ["a", "b"]
        assert await session.all(select(Author.name).order_by(Author.id)) == expected


async def test_a_first_use_of_both_is_refused_as_well(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        outcomes = await asyncio.gather(
            session.all(select(Author)), session.get(Author, 1), return_exceptions=True
        )
        assert outcomes[0] == []
        assert isinstance(outcomes[1], ConcurrentSessionUseError)
        assert engine.pool.in_use == 1


async def test_tasks_may_use_a_session_one_after_the_other(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        for _ in range(3):
            found = await asyncio.create_task(session.all(select(Author.name)))
            assert found == ["a"]
        await asyncio.create_task(session.commit())


async def test_a_stream_is_not_read_by_two_tasks_at_once(Session: SessionFactory) -> None:
    async with Session() as session:
        stream = await session.stream(sql("select n, pg_sleep(0.01) from generate_series(1, 3) n"))
        first = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        with pytest.raises(ConcurrentSessionUseError):
            await anext(stream)
        assert (await first)[0] == 1
        assert [row[0] async for row in stream] == [2, 3]


async def test_a_block_ended_while_another_task_is_inside_is_rolled_back(
    Session: SessionFactory, engine: Engine
) -> None:
    """The other task loses its statement, the error comes out, and nothing stays open."""
    async with Session() as session:
        with pytest.raises(ConcurrentSessionUseError) as caught:
            async with session.begin():
                session.add(Author(name="a"))
                await session.flush()
                lock = in_the_middle(session, engine)
                straggler = await lock.__aenter__()
                await session.get(Author, 1000)
        assert any("rollback failed too" in note for note in caught.value.__notes__)
        assert not session.in_transaction()
        assert engine.pool.in_use == 1  # the one with the lock
        with pytest.raises(Exception, match=r"connection|operation"):
            await straggler
        await lock.__aexit__(None, None, None)
        assert await session.all(select(Author)) == []


@pytest.mark.parametrize("connected", [True, False])
async def test_a_session_left_while_another_task_is_inside_is_closed_all_the_same(
    Session: SessionFactory, engine: Engine, connected: bool
) -> None:
    session = Session()

    async def both_connected() -> bool:
        return engine.pool.in_use == 2

    async with in_the_middle(session, engine) as straggler:
        if connected:
            await eventually(both_connected)
        with pytest.raises(ConcurrentSessionUseError, match="close"):
            await session.__aexit__(None, None, None)
        with pytest.raises(InvalidRequestError):
            session.add(Author(name="a"))
        with pytest.raises(AsyncORMError, match=r"connection|operation"):
            await straggler
        assert engine.pool.in_use == 1


async def test_what_needs_no_server_may_be_looked_at_meanwhile(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        looks: list[Callable[[], object]] = [
            lambda: session.new,
            lambda: list(session),
            lambda: author in session,
            lambda: session.is_modified(author),
            lambda: session.in_transaction(),
            lambda: session.is_active,
            lambda: repr(session),
            lambda: author.name,
        ]
        async with in_the_middle(session, engine) as first:
            for look in looks:
                look()
        await first
