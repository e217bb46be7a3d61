"""Leaving a stream before its end: the cursor is closed, and the session works on at once."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from asyncorm import DataError, InvalidRequestError, PendingRollbackError, select, sql
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.support.backends import eventually
from tests.support.bookshop import Author
from tests.support.cancel import Mode, cancel_at

CURSORS = sql("select count(*) from pg_cursors where name <> ''")


@pytest.fixture(autouse=True)
async def filled(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        await session.execute(
            sql("insert into author (name) select 'n' || n from generate_series(1, 50) n")
        )


async def open_cursors(session: SessionType) -> object:
    return await session.scalar(CURSORS)


async def test_a_block_that_is_left_early_closes_its_cursor(Session: SessionFactory) -> None:
    async with Session() as session:
        async with await session.stream(select(Author), prefetch=10) as authors:
            async for _ in authors:
                assert await open_cursors(session) == 1
                break
        assert await open_cursors(session) == 0
        session.add(Author(name="new"))
        await session.commit()
        assert len(await session.all(select(Author))) == 51


async def test_a_table_may_be_changed_once_the_stream_is_closed(
    Session: SessionFactory,
) -> None:
    """PostgreSQL refuses that while a cursor is open on the table."""
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=10)
        await anext(stream)
        await stream.aclose()
        await session.execute(sql("alter table author add column shoe text"))
        await session.execute(sql("alter table author drop column shoe"))


async def test_a_stream_read_to_its_end_has_closed_its_cursor(Session: SessionFactory) -> None:
    async with Session() as session:
        for prefetch in (7, 10, 50, 500):
            rows = [row async for row in await session.stream(select(Author), prefetch=prefetch)]
            assert len(rows) == 50
            assert await open_cursors(session) == 0


async def test_an_abandoned_stream_keeps_its_cursor_until_the_transaction_ends(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        async for _ in await session.stream(select(Author), prefetch=10):
            break
        assert await open_cursors(session) == 1
        await session.commit()
        assert await open_cursors(session) == 0


async def test_a_closed_stream_gives_nothing_more_and_may_be_closed_again(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=10)
        await anext(stream)
        await stream.aclose()
        await stream.aclose()
        with pytest.raises(InvalidRequestError, match="stream was closed"):
            await anext(stream)


async def test_a_stream_may_be_closed_before_it_was_read(Session: SessionFactory) -> None:
    async with Session() as session:
        async with await session.stream(select(Author)):
            pass
        assert await open_cursors(session) == 0


@pytest.mark.parametrize("way", ["commit", "rollback", "close"])
async def test_a_stream_may_be_closed_after_its_transaction(
    Session: SessionFactory, way: str
) -> None:
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=10)
        await anext(stream)
        await getattr(session, way)()
        await stream.aclose()


async def test_two_streams_close_on_their_own(Session: SessionFactory) -> None:
    async with Session() as session:
        statement = select(Author.id).order_by(Author.id)
        async with await session.stream(statement, prefetch=10) as outer:
            assert await anext(outer) == 1
            async with await session.stream(statement, prefetch=10) as inner:
                assert await anext(inner) == 1
            assert await open_cursors(session) == 1
            assert [row async for row in outer] == list(range(2, 51))


async def test_an_error_of_the_block_comes_out_and_the_session_works(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        with pytest.raises(ZeroDivisionError):
            async with await session.stream(select(Author), prefetch=10) as authors:
                async for _ in authors:
                    raise ZeroDivisionError
        assert await open_cursors(session) == 0


async def test_an_error_of_the_server_in_the_middle_names_itself(
    Session: SessionFactory,
) -> None:
    failing = sql("select 1 / (25 - id) as quotient from author order by id")
    async with Session() as session:
        found: list[object] = []
        with pytest.raises(DataError, match="division by zero"):
            async with await session.stream(failing, prefetch=10) as rows:
                async for row in rows:
                    found += [row]
        assert len(found) == 20
        with pytest.raises(PendingRollbackError, match="division by zero"):
            await anext(await session.stream(select(Author)))
        await session.rollback()
        assert len(await session.all(select(Author))) == 50


async def test_an_error_inside_a_savepoint_leaves_the_stream_around_it(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        statement = select(Author.id).order_by(Author.id)
        async with await session.stream(statement, prefetch=10) as rows:
            assert await anext(rows) == 1
            with pytest.raises(DataError):
                async with session.begin_nested():
                    async with await session.stream(sql("select 1 / 0 as x")) as broken:
                        await anext(broken)
            assert [row async for row in rows] == list(range(2, 51))


async def test_a_deadline_in_the_middle_leaves_the_pool_whole(
    Session: SessionFactory, engine: Engine
) -> None:
    slow = sql("select pg_sleep(case when id < 15 then 0 else 30 end) from author order by id")
    session = Session()
    async with session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as deadline:
                async with await session.stream(slow, prefetch=5) as rows:
                    await anext(rows)
                    deadline.reschedule(asyncio.get_running_loop().time() + 0.05)
                    assert len([row async for row in rows]) == 0
        with pytest.raises(PendingRollbackError):
            await session.all(select(Author))
        await session.rollback()
        assert len(await session.all(select(Author))) == 50
    assert engine.pool.in_use == 0


async def test_a_cancellation_between_the_rows_waits_for_nothing(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        with anyio.CancelScope() as scope:
            async with await session.stream(select(Author), prefetch=5) as rows:
                await anext(rows)
                scope.cancel()
                await anyio.sleep(1)
        assert scope.cancelled_caught
        assert len(await session.all(select(Author))) == 50
    assert engine.pool.in_use == 0


@pytest.mark.parametrize("mode", ["before", "after"])
async def test_a_stream_cancelled_anywhere_gives_its_connection_back(
    Session: SessionFactory, engine: Engine, mode: Mode
) -> None:
    async def unit() -> None:
        async with Session() as session:
            async with await session.stream(
                select(Author.id).order_by(Author.id), prefetch=20
            ) as s:
                found = [row async for row in s]
            assert found == list(range(1, 51))

    async def released() -> bool:
        return engine.pool.in_use == 0

    place, outcome = 0, "cancelled"
    while outcome != "not reached":
        place += 1
        outcome = await cancel_at(unit, place, mode)
        await eventually(released)
        async with Session() as session:
            assert len(await session.all(select(Author))) == 50
    assert place > 5


async def test_a_connections_own_stream_may_be_closed(engine: Engine) -> None:
    async with engine.begin() as connection:
        stream = await connection.stream(select(Author.id).order_by(Author.id), prefetch=10)
        assert await anext(stream) == 1
        assert await connection.scalar(CURSORS) == 1
        await stream.aclose()
        assert await connection.scalar(CURSORS) == 0
        assert [row async for row in stream] == []
