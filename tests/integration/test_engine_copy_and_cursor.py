from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import InvalidRequestError, UniqueViolation


@pytest.fixture
async def connection(engine: Engine) -> AsyncIterator[Connection]:
    async with engine.begin() as connection:
        await connection.command(
            'CREATE TEMP TABLE "copied rows" ("the n" bigint PRIMARY KEY, name text) ON COMMIT DROP'
        )
        yield connection


async def count(connection: Connection) -> int:
    return int((await connection.fetch('SELECT count(*) FROM "copied rows"'))[0][0])


async def test_records_are_copied(connection: Connection) -> None:
    rows = [(n, f"name {n}" if n % 2 else None) for n in range(5000)]
    assert await connection.copy_records("copied rows", ["the n", "name"], rows) == 5000
    assert await count(connection) == 5000


async def test_columns_may_be_left_out_of_a_copy(connection: Connection) -> None:
    await connection.copy_records("copied rows", ["the n"], [(1,)])
    records = await connection.fetch('SELECT * FROM "copied rows"')
    assert [tuple(record) for record in records] == [(1, None)]


async def test_a_violation_in_a_copy_is_translated(connection: Connection) -> None:
    with pytest.raises(UniqueViolation) as caught:
        await connection.copy_records("copied rows", ["the n"], [(1,), (1,)])
    assert caught.value.columns == ("the n",)
    await connection.rollback()


async def test_a_cursor_gives_lists_of_records(connection: Connection) -> None:
    stream = connection.cursor("SELECT generate_series(1, $1::int)", [7], prefetch=3)
    sizes = [[record[0] for record in records] async for records in stream]
    assert sizes == [[1, 2, 3], [4, 5, 6], [7]]


async def test_a_cursor_may_be_left_early_and_the_transaction_goes_on(
    connection: Connection,
) -> None:
    async for records in connection.cursor("SELECT generate_series(1, 1000)", prefetch=10):
        assert len(records) == 10
        break
    assert await count(connection) == 0


async def test_an_empty_cursor_ends_at_once(connection: Connection) -> None:
    assert [records async for records in connection.cursor("SELECT 1 WHERE false")] == []


async def test_a_cursor_outside_of_a_transaction_is_refused(engine: Engine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(InvalidRequestError, match="needs a transaction"):
            await anext(connection.cursor("SELECT 1"))


async def test_a_cursor_of_no_rows_is_refused(engine: Engine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(InvalidRequestError, match="prefetch"):
            connection.cursor("SELECT 1", prefetch=0)
