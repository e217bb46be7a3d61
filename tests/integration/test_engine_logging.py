from __future__ import annotations

import logging

import pytest

from asyncorm.engine.engine import Engine, create_engine

SECRET = "do-not-log-me"


def sql_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "asyncorm.sql"]


async def test_echo_logs_statements_without_values(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with create_engine(database_url, echo=True) as engine:
        async with engine.begin() as connection:
            await connection.fetch("SELECT $1::text", [SECRET])
            await connection.run("CREATE TEMP TABLE t (n bigint)")
            await connection.run("INSERT INTO t SELECT unnest($1::bigint[])", [[1, 2, 3]])
            await connection.copy_records("t", ["n"], [(4,), (5,)])
            with pytest.raises(Exception, match="no_such"):
                await connection.fetch("SELECT no_such, $1::text", [SECRET])
            await connection.rollback()
            await connection.begin()
            await connection.run("DROP TABLE IF EXISTS t")
    records = sql_records(caplog)
    assert [record.sql for record in records] == [  # type: ignore[attr-defined]
        "BEGIN",
        "SELECT $1::text",
        "CREATE TEMP TABLE t (n bigint)",
        "INSERT INTO t SELECT unnest($1::bigint[])",
        "COPY t (n) FROM STDIN",
        "SELECT no_such, $1::text",
        "ROLLBACK",
        "BEGIN",
        "DROP TABLE IF EXISTS t",
        "COMMIT",
    ]
    assert [record.outcome for record in records][1:6] == [  # type: ignore[attr-defined]
        1,
        0,
        3,
        2,
        "ProgrammingError",
    ]
    assert records[1].parameter_count == 1  # type: ignore[attr-defined]
    assert records[1].milliseconds > 0  # type: ignore[attr-defined]
    assert "SELECT $1::text  [1 parameters, " in records[1].getMessage()
    assert all(record.levelno == logging.INFO for record in records)
    assert SECRET not in caplog.text
    assert not any(SECRET in str(vars(record)) for record in records)


async def test_without_echo_nothing_is_logged(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine.connect() as connection:
        await connection.fetch("SELECT 1")
    assert sql_records(caplog) == []


async def test_the_logger_can_be_switched_on_by_its_level(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="asyncorm.sql")
    async with engine.connect() as connection:
        await connection.fetch("SELECT 1")
    assert [record.sql for record in sql_records(caplog)] == ["SELECT 1"]  # type: ignore[attr-defined]
