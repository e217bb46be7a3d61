"""A copy_in() that fails: what was wrong is told with its row, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asyncorm import (
    ConnectionLost,
    DataError,
    ForeignKeyViolation,
    InvalidRequestError,
    PendingRollbackError,
    Session,
    UniqueViolation,
    select,
)
from asyncorm.engine.copy import source as copy_source
from asyncorm.engine.engine import Engine, create_engine
from tests.conftest import CreateTables
from tests.support.cancel import cancel_at
from tests.support.copied import Item, Shelf
from tests.support.rows import rows
from tests.support.wire import WireProxy

COUNT = 'select count(*) from "copied item"'


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Item, Shelf)
    async with Session(engine) as session:
        yield session


class SourceError(Exception):
    pass


def codes(count: int, fail_at: int = -1) -> Iterator[dict[str, Any]]:
    for n in range(1, count + 1):
        if n == fail_at:
            raise SourceError
        yield {"code": f"c{n}"}


async def waiting_codes(count: int, fail_at: int = -1) -> AsyncIterator[dict[str, Any]]:
    for row in codes(count, fail_at):
        yield row


@pytest.mark.parametrize("source", [codes, waiting_codes])
async def test_an_error_of_the_source_comes_out_and_a_savepoint_saves_the_rest(
    session: Session, engine: Engine, source: Any
) -> None:
    await session.copy_in(Item, [{"code": "before"}])
    with pytest.raises(SourceError):
        async with session.begin_nested():
            await session.copy_in(Item, source(9000, fail_at=5000))
    await session.copy_in(Item, [{"code": "after"}])
    await session.commit()
    assert await rows(engine, COUNT) == [(2,)]


async def test_after_an_error_of_the_source_the_transaction_has_failed(session: Session) -> None:
    with pytest.raises(SourceError):
        await session.copy_in(Item, codes(9000, fail_at=5000))
    with pytest.raises(PendingRollbackError, match="SourceError"):
        await session.all(select(Item))
    await session.rollback()
    assert await session.all(select(Item)) == []


async def test_an_error_of_progress_comes_out(session: Session, engine: Engine) -> None:
    def progress(count: int) -> None:
        raise SourceError

    with pytest.raises(SourceError):
        await session.copy_in(Item, codes(10), progress=progress)
    await session.rollback()
    assert await rows(engine, COUNT) == [(0,)]


async def test_an_error_sends_no_cancel_request(database_url: str, tables: CreateTables) -> None:
    await tables(Item, Shelf)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            with pytest.raises(SourceError):
                await connection.copy_in(Item, codes(5000, fail_at=4500))
            assert await connection.fetch("select 1")
        assert proxy.cancel_requests == 0


async def test_a_value_that_does_not_fit_is_named_by_row_and_column(session: Session) -> None:
    given = [*codes(4200), {"code": 5}]
    with pytest.raises(DataError, match=r"row 4201, Item\.code: a value of type int"):
        await session.copy_in(Item, given)


async def test_what_the_server_refuses_is_named_by_its_row(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_source, "ROWS_OF_A_COMMAND", 1000)
    items = [Item(code=f"\n{n}") for n in range(3000)]
    items[2345] = Item(code="\n2344")
    with pytest.raises(UniqueViolation, match=r"^row 2346: ") as caught:
        await session.copy_in(Item, items, batch_size=100)
    assert caught.value.objects == (items[2345],)
    assert caught.value.columns == ("code",)
    assert "copy again" in str(caught.value)
    with pytest.raises(PendingRollbackError):
        await session.all(select(Item))
    await session.rollback()


async def test_a_source_without_end_ends_when_the_server_has_refused_a_row(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_source, "ROWS_OF_A_COMMAND", 1000)
    ended = False

    async def endless() -> AsyncIterator[dict[str, Any]]:
        nonlocal ended
        try:
            while True:
                yield {"code": "always the same"}
        finally:
            ended = True

    with pytest.raises(UniqueViolation, match=r"^row 2: "):
        await session.copy_in(Item, endless(), batch_size=100)
    assert ended


async def test_a_missing_reference_is_told(session: Session) -> None:
    with pytest.raises(ForeignKeyViolation):
        await session.copy_in(Item, [{"code": "a", "shelf_id": 77}])


async def test_the_session_can_not_be_used_by_its_own_source(session: Session) -> None:
    async def reading() -> AsyncIterator[dict[str, Any]]:
        for item in await session.all(select(Item)):
            yield {"code": item.code}

    with pytest.raises(InvalidRequestError, match=r"inside session\.copy_in\(\)"):
        await session.copy_in(Item, reading())


@pytest.mark.parametrize("mode", ["before", "after"])
async def test_cancelled_anywhere_it_leaves_a_clean_pool(
    database_url: str, engine: Engine, tables: CreateTables, mode: Any
) -> None:
    await tables(Item, Shelf)

    async def slow() -> AsyncIterator[dict[str, Any]]:
        async for row in waiting_codes(30):
            await asyncio.sleep(0)
            yield row

    async with create_engine(database_url, pool_size=1) as own:

        async def copy() -> None:
            async with Session(own) as session:
                await session.copy_in(Item, slow(), batch_size=5, on_conflict="nothing")

        place, outcome = 0, ""
        while outcome != "not reached":
            place += 1
            outcome = await cancel_at(copy, place, mode)
            assert own.pool.in_use == 0
            async with own.connect() as connection:
                assert not connection.in_transaction
                assert (await connection.fetch(COUNT))[0][0] == 0
        assert place > 30


async def test_a_connection_that_breaks_is_told(database_url: str, tables: CreateTables) -> None:
    await tables(Item, Shelf)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:

        async def breaking() -> AsyncIterator[dict[str, Any]]:
            async for row in waiting_codes(5000):
                if row["code"] == "c3000":
                    proxy.cut()
                    await asyncio.sleep(0.05)
                yield row

        async with Session(engine) as session:
            with pytest.raises(ConnectionLost):
                await session.copy_in(Item, breaking())
        async with engine.connect() as connection:
            assert (await connection.fetch(COUNT))[0][0] == 0


async def test_a_source_without_end_ends_with_the_connection(
    session: Session, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    pid = (await session.connection()).server_pid()

    async def end_it(sent: int) -> None:
        if sent == 5000:
            async with engine.connect() as connection:
                await connection.fetch("select pg_terminate_backend($1)", [pid])

    def without_end() -> Iterator[dict[str, Any]]:
        # never waits, so that the driver is told of nothing unless the copy lets it be
        return codes(10**9)

    async with asyncio.timeout(20):
        with pytest.raises(ConnectionLost):
            await session.copy_in(Item, without_end(), progress=end_it)
    assert "socket.send() raised" not in caplog.text
    await session.rollback()
    assert await session.scalar(select(Item.id)) is None
