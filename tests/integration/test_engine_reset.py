"""User SQL may change the server's session: it is put right before anyone else gets it."""

from __future__ import annotations

import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import create_engine
from tests.support.wire import WireProxy


async def setting(connection: Connection, name: str) -> str:
    records = await connection.fetch("SELECT current_setting($1::text)", [name])
    return str(records[0][0])


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        ("SET search_path = pg_catalog", "search_path", '"$user", public'),
        ("SET work_mem = '1MB'", "work_mem", "4MB"),
        ("SET statement_timeout = 1000", "statement_timeout", "3s"),
        ("SET ROLE pg_monitor", "role", "none"),
        ("SET SESSION AUTHORIZATION pg_monitor", "is_superuser", "on"),
    ],
)
async def test_what_user_sql_changed_is_reset(
    database_url: str, change: str, name: str, expected: str
) -> None:
    settings = {"statement_timeout": "3s"}
    async with create_engine(database_url, pool_size=1, server_settings=settings) as engine:
        async with engine.connect() as connection:
            before = await connection.fetch("SELECT pg_backend_pid()")
            connection.used_raw_sql = True
            await connection.command(change)
            assert await setting(connection, name) != expected
        async with engine.connect() as connection:
            assert await setting(connection, name) == expected
            assert await connection.fetch("SELECT pg_backend_pid()") == before
            assert not connection.used_raw_sql


async def test_locks_and_temporary_tables_of_user_sql_are_gone(database_url: str) -> None:
    async with create_engine(database_url, pool_size=1) as engine:
        async with engine.connect() as connection:
            connection.used_raw_sql = True
            await connection.command("SELECT pg_advisory_lock(7)")
            await connection.command("CREATE TEMP TABLE scratch ()")
        async with engine.connect() as connection:
            found = await connection.fetch(
                "SELECT to_regclass('scratch'), (SELECT count(*) FROM pg_locks "
                "WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
            )
    assert tuple(found[0]) == (None, 0)


async def test_without_user_sql_nothing_is_sent_at_release(database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            await connection.fetch("SELECT 1")
        proxy.reset()
        async with engine.connect() as connection:
            await connection.fetch("SELECT 1")
        async with engine.connect() as connection:
            await connection.fetch("SELECT 1")
        assert (proxy.round_trips, proxy.ready) == (2, 2)
        assert proxy.statements == []  # prepared before
