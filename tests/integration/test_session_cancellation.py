"""Cancelled in the middle: control comes back at once, and neither pool nor memory is harmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import pytest

from asyncorm import (
    CommitUnknown,
    PendingRollbackError,
    Session,
    create_engine,
    inspect,
    select,
    sessionmaker,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.support.backends import assert_pool_is_whole
from tests.support.bookshop import Author, Book
from tests.support.cancel import Mode, cancel_at
from tests.support.wire import WireProxy

APPLICATION = "session cancellation"
SLEEP = sql("select pg_sleep(10)")


@pytest.fixture
async def pool(database_url: str, Session: SessionFactory) -> AsyncIterator[Engine]:
    """An engine with few connections, on the bookshop's tables."""
    async with create_engine(
        database_url, pool_size=2, server_settings={"application_name": APPLICATION}
    ) as pool:
        yield pool


async def names(engine: Engine) -> list[str]:
    async with sessionmaker(engine)() as session:
        return await session.all(select(Author.name).order_by(Author.id))


async def test_a_timeout_around_a_query_gives_control_back_at_once(
    pool: Engine, engine: Engine
) -> None:
    """O05"""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(5):
        with anyio.move_on_after(0.02) as scope:
            async with sessionmaker(pool)() as session:
                session.add(Author(name="a"))
                await session.execute(SLEEP)
        assert scope.cancelled_caught
    assert loop.time() - started < 10  # one of the statements would take as long
    await assert_pool_is_whole(pool, engine, APPLICATION)
    assert await names(engine) == []


@pytest.mark.parametrize("way", ["rollback", "close", "reset", "invalidate"])
async def test_cleaning_up_inside_the_cancelled_scope_completes(
    pool: Engine, engine: Engine, way: str
) -> None:
    """O05"""
    session = sessionmaker(pool)()
    author = Author(name="a")
    cleaned = False
    # what is broken off by invalidate() runs on in the server for a while
    sleep = sql("select pg_sleep(0.2)") if way == "invalidate" else SLEEP
    with anyio.move_on_after(0.02):
        try:
            session.add(author)
            await session.flush()
            await session.execute(sleep)
        finally:
            await getattr(session, way)()
            cleaned = True
    assert cleaned
    assert inspect(author).transient
    await assert_pool_is_whole(pool, engine, APPLICATION)
    await session.close()


async def test_after_a_cancelled_query_a_rollback_is_needed(pool: Engine, engine: Engine) -> None:
    """Y6"""
    async with sessionmaker(pool)() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        author.name = "b"
        await session.flush()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await session.execute(SLEEP)
        assert not session.is_active
        with pytest.raises(PendingRollbackError, match="CancelledError"):
            await session.get(Author, author.id)
        await session.rollback()
        await session.refresh(author)
        assert author.name == "a"
    await assert_pool_is_whole(pool, engine, APPLICATION)


async def test_a_timeout_in_a_begin_block_ends_that_transaction_only(
    pool: Engine, engine: Engine
) -> None:
    async with sessionmaker(pool)() as session:
        kept = Author(name="kept")
        session.add(kept)
        await session.commit()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                async with session.begin():
                    session.add(lost := Author(name="lost"))
                    await session.execute(SLEEP)
        assert session.is_active
        assert inspect(lost).transient
        assert kept in session
        async with session.begin():
            session.add(Author(name="next"))
    assert await names(engine) == ["kept", "next"]
    await assert_pool_is_whole(pool, engine, APPLICATION)


@pytest.mark.parametrize("asleep", ["in the server", "outside"])
async def test_a_timeout_in_a_savepoint_does_not_lose_the_work_before_it_in_silence(
    pool: Engine, engine: Engine, asleep: str
) -> None:
    async with sessionmaker(pool)() as session:
        with pytest.raises(PendingRollbackError):
            async with session.begin():
                before = Author(name="before")
                session.add(before)
                await session.flush()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        async with session.begin_nested():
                            if asleep == "outside":
                                await asyncio.sleep(10)
                            await session.execute(SLEEP)
                with pytest.raises(PendingRollbackError, match="all of the transaction was given"):
                    session.add(Author(name="after"))
        assert not session.in_transaction()
        assert inspect(before).transient
        session.add(before)
        await session.commit()
    assert await names(engine) == ["before"]
    await assert_pool_is_whole(pool, engine, APPLICATION)


async def cancelled_everywhere(
    unit: Callable[[str], Coroutine[Any, Any, None]], mode: Mode, pool: Engine, engine: Engine
) -> AsyncIterator[tuple[int, Session, Author | None]]:
    """Cancel a unit of work at each place where it waits; the author that it stored, if it did."""
    place, outcome = 0, ""
    while outcome != "not reached":
        place += 1
        name = f"author {place}"
        outcome = await cancel_at(partial(unit, name), place, mode)
        await assert_pool_is_whole(pool, engine, APPLICATION)
        async with sessionmaker(engine)() as session:
            stored = await session.first(select(Author).where(Author.name == name))
            yield place, session, stored


@pytest.mark.parametrize("mode", ["before", "after"])
async def test_a_unit_of_work_cancelled_anywhere_is_stored_whole_or_not_at_all(
    pool: Engine, engine: Engine, mode: Mode
) -> None:
    """Every place where it waits is tried: connect, BEGIN, INSERTs, SAVEPOINT, COMMIT."""
    made: list[Author] = []

    async def unit(name: str) -> None:
        async with sessionmaker(pool)() as session:
            author = Author(name=name, books=[Book(title="t"), Book(title="u")])
            made.append(author)
            session.add(author)
            await session.flush()
            async with session.begin_nested():
                author.age = 5
            await session.get(Author, -1)
            await session.commit()

    async for place, session, found in cancelled_everywhere(unit, mode, pool, engine):
        if found is not None:
            assert found.age == 5
            assert len(await session.load(found, Author.books)) == 2
        # memory tells what the database holds
        assert inspect(made[-1]).detached is (found is not None), place
    assert place > 8


async def test_a_commit_cancelled_without_an_answer_is_unknown_until_rollback(
    database_url: str, Session: SessionFactory, engine: Engine
) -> None:
    """O04"""
    async with (
        WireProxy(database_url) as proxy,
        create_engine(proxy.url, commit_grace=0.05) as broken,
    ):
        session = sessionmaker(broken)()
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.flush()
        proxy.blackhole("COMMIT")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await session.commit()
        assert not session.is_active
        with pytest.raises(PendingRollbackError, match="CommitUnknown") as caught:
            await session.get(Author, 1)
        assert isinstance(caught.value.__cause__, CommitUnknown)
        await session.rollback()
        assert session.is_active
        assert inspect(author).transient
        await session.close()
        assert broken.pool.in_use == 0


async def test_a_commit_cancelled_while_its_answer_arrives_counts(
    pool: Engine, engine: Engine
) -> None:
    session = sessionmaker(pool)()
    author = Author(name="a", books=[Book(title="t")])
    session.add(author)
    await session.flush()
    assert await cancel_at(session.commit, 1, "before") == "cancelled"
    assert await names(engine) == ["a"]
    assert inspect(author).persistent
    assert session.is_active
    assert not session.in_transaction()
    await session.close()
    await assert_pool_is_whole(pool, engine, APPLICATION)


async def test_who_is_cancelled_waiting_for_a_connection_has_lost_nothing(
    pool: Engine, engine: Engine
) -> None:
    held = [await pool.acquire() for _ in range(2)]
    async with sessionmaker(pool)() as session:
        author = Author(name="a")
        session.add(author)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await session.flush()
        assert session.is_active
        assert session.new == (author,)
        for connection in held:
            pool.release(connection)
        await session.commit()
    assert await names(engine) == ["a"]
    await assert_pool_is_whole(pool, engine, APPLICATION)


async def test_a_generator_closed_inside_a_session_does_not_wait(
    pool: Engine, engine: Engine
) -> None:
    async def rows() -> AsyncIterator[str]:
        async with sessionmaker(pool)() as session, session.begin():
            session.add(Author(name="a"))
            await session.flush()
            yield "one"

    generator = rows()
    assert await anext(generator) == "one"
    await generator.aclose()  # type: ignore[attr-defined]
    await assert_pool_is_whole(pool, engine, APPLICATION)
    assert await names(engine) == []


@pytest.mark.parametrize("block", ["session", "begin", "savepoint"])
async def test_leaving_a_block_cancelled_does_not_wait_for_a_server_that_is_silent(
    database_url: str, Session: SessionFactory, block: str
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        WireProxy(database_url) as proxy,
        create_engine(proxy.url, cancel_grace=100) as silent,
    ):
        session = sessionmaker(silent)()
        begin: dict[str, Callable[[], Any]] = {
            "session": lambda: session,
            "begin": session.begin,
            "savepoint": session.begin_nested,
        }
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as deadline:
                async with begin[block]():
                    session.add(Author(name="a"))
                    await session.flush()
                    proxy.blackhole()
                    started = loop.time()
                    deadline.reschedule(started)
                    await asyncio.sleep(50)
        await session.close()
        assert loop.time() - started < 10
        assert silent.pool.in_use == 0
        proxy.heal()


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("books", [0, 2])
async def test_memory_tells_what_became_of_a_cancelled_commit_with_its_flush(
    pool: Engine, engine: Engine, mode: Mode, books: int
) -> None:
    """COMMIT goes along with the last statement, or the only one commits by itself."""
    made: list[Author] = []

    async def unit(name: str) -> None:
        async with sessionmaker(pool)() as session:
            author = Author(name=name, books=[Book(title="t") for _ in range(books)])
            made.append(author)
            session.add(author)
            await session.commit()

    await unit("warm")
    place = 0
    async for place, session, found in cancelled_everywhere(unit, mode, pool, engine):
        if found is not None:
            assert len(await session.load(found, Author.books)) == books
            assert made[-1].id is not None
        assert inspect(made[-1]).detached is (found is not None), place
    assert place > 1 + (books > 0)
