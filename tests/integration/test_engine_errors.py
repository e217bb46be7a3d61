"""Errors of a real server, as the application sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import errors
from asyncorm.engine.engine import Engine

VALUE = "s3cret-value"


@pytest.fixture
async def tables(engine: Engine) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.command(
            "CREATE TYPE err_mood AS ENUM ('ok');"
            "CREATE TABLE err_parent (id bigint PRIMARY KEY, a text, b text, UNIQUE (a, b));"
            "CREATE TABLE err_child (id bigint PRIMARY KEY, parent_id bigint REFERENCES err_parent,"
            " name varchar(3) NOT NULL, age bigint CONSTRAINT err_age CHECK (age > 0),"
            " mood err_mood, span int4range, EXCLUDE USING gist (span WITH &&));"
            "INSERT INTO err_parent VALUES (1, 'x', 'y');"
            "INSERT INTO err_child VALUES (1, 1, 'abc', 1, 'ok', '[1,5)')"
        )
    yield
    async with engine.begin() as connection:
        await connection.command("DROP TABLE err_child, err_parent; DROP TYPE err_mood")


async def failure(engine: Engine, sql: str, *arguments: object) -> errors.DatabaseError:
    async with engine.connect() as connection:
        with pytest.raises(errors.DatabaseError) as caught:
            await connection.fetch(sql, arguments)
        # the connection is as good as before
        assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]
        assert not connection.interrupted
    error = caught.value
    assert error.statement == sql
    assert error.__cause__ is not None
    assert VALUE not in str(error)
    assert VALUE not in repr(error)
    return error


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("values", "expected", "constraint", "columns"),
    [
        ("(1, 1, 'a')", errors.UniqueViolation, "err_child_pkey", ("id",)),
        ("(2, 9, 'a')", errors.ForeignKeyViolation, "err_child_parent_id_fkey", ("parent_id",)),
        ("(2, 1, NULL)", errors.NotNullViolation, None, ("name",)),
        ("(2, 1, 'a', -1)", errors.CheckViolation, "err_age", ()),
        (
            "(2, 1, 'a', 1, 'ok', '[4,6)')",
            errors.ExclusionViolation,
            "err_child_span_excl",
            ("span",),
        ),
    ],
)
async def test_a_constraint_is_named(
    engine: Engine,
    values: str,
    expected: type[Exception],
    constraint: str | None,
    columns: tuple[str, ...],
) -> None:
    error = await failure(engine, f"INSERT INTO err_child VALUES {values}")
    assert type(error) is expected
    assert error.table == "err_child"
    assert error.constraint == constraint
    assert error.columns == columns


@pytest.mark.usefixtures("tables")
async def test_the_columns_of_a_composite_key_are_named(engine: Engine) -> None:
    sql = "INSERT INTO err_parent VALUES (2, $1::text, $2::text)"
    error = await failure(engine, sql, "x", "y")
    assert error.columns == ("a", "b")
    assert error.constraint == "err_parent_a_b_key"


@pytest.mark.usefixtures("tables")
async def test_a_row_that_is_still_referenced_can_not_go(engine: Engine) -> None:
    error = await failure(engine, "DELETE FROM err_parent")
    assert type(error) is errors.ForeignKeyViolation
    assert error.table == "err_child"


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("sql", "argument", "message"),
    [
        ("UPDATE err_child SET name = $1::text", VALUE, "value too long for type"),
        ("UPDATE err_child SET mood = $1::text::err_mood", VALUE, "invalid input value for enum"),
        ("SELECT $1::text::int", VALUE, "invalid input syntax for type integer"),
        ("SELECT $1::text::date", VALUE, "invalid input syntax for type date"),
        ("SELECT $1::text::int", "98765432198765", "is out of range for type integer"),
        ("SELECT $1::text::jsonb", VALUE, "invalid input syntax for type json"),
        ("SELECT $1::bigint", VALUE, "parameter $1 is no bigint (got str)"),
        ("SELECT $1::bigint", 1 << 70, "parameter $1 is out of range for bigint (got int)"),
        ("SELECT $1::smallint", 70000, "parameter $1 is out of range for smallint (got int)"),
        ("SELECT $1::text", 5, "parameter $1 is no text (got int)"),
        ("SELECT $1::date", VALUE, "parameter $1 is no date (got str)"),
        ("SELECT $1::uuid", VALUE, "parameter $1 is no uuid (got str)"),
        (
            "SELECT $1::bigint[]",
            [1, VALUE],
            "parameter $1 is no bigint[] (got list of int and str)",
        ),
        ("SELECT $1::text", "a\0b", "invalid byte sequence"),
    ],
)
async def test_a_value_that_does_not_fit_is_a_data_error_without_the_value(
    engine: Engine, sql: str, argument: object, message: str
) -> None:
    error = await failure(engine, sql, argument)
    assert type(error) is errors.DataError
    assert message in str(error)
    assert "\nhint: " in str(error)


@pytest.mark.parametrize(
    ("sql", "sqlstate", "words", "hint"),
    [
        ("SELECT * FROM no_such", "42P01", 'relation "no_such" does not exist', "create_all"),
        ("SELECT * FROM no_such.t", "42P01", 'relation "no_such.t" does not exist', "create_all"),
        ("SELECT nothing FROM pg_class", "42703", 'column "nothing"', "compare the model"),
        ("SELECT relnam FROM pg_class", "42703", 'column "relnam"', "relname"),
        ("SELEC 1", "42601", 'syntax error at or near "SELEC"', "error.statement"),
        ("SELECT no_such(1)", "42883", "function no_such(integer)", ""),
    ],
)
async def test_a_wrong_statement_is_a_programming_error_with_a_way_out(
    engine: Engine, sql: str, sqlstate: str, words: str, hint: str
) -> None:
    error = await failure(engine, sql)
    assert type(error) is errors.ProgrammingError
    assert error.sqlstate == sqlstate
    assert words in error.message
    assert hint in str(error).partition("\nhint: ")[2]


async def test_a_wrong_number_of_arguments_is_told(engine: Engine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(errors.ProgrammingError, match="has 1 parameters, but 2 values"):
            await connection.fetch("SELECT $1::text", ["a", "b"])


async def test_a_statement_timeout_has_its_class(engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.command("SET LOCAL statement_timeout = 10")
        with pytest.raises(errors.StatementTimeout):
            await connection.fetch("SELECT pg_sleep(5)")
        await connection.rollback()
        await connection.begin()


async def test_a_lock_that_is_not_free_has_its_class(engine: Engine) -> None:
    async with engine.begin() as holder, engine.begin() as other:
        await holder.command("LOCK TABLE pg_description IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(errors.LockTimeout):
            await other.command("LOCK TABLE pg_description IN SHARE MODE NOWAIT")
        await other.rollback()
        await other.begin()


async def test_a_write_in_a_read_only_transaction_has_its_class(engine: Engine) -> None:
    async with engine.begin(readonly=True) as connection:
        with pytest.raises(errors.ReadOnlyTransaction):
            await connection.command("CREATE TABLE t ()")
        await connection.rollback()
        await connection.begin()


async def test_copy_of_a_value_that_does_not_fit_stores_nothing(
    engine: Engine,
) -> None:
    async with engine.begin() as connection:
        await connection.command("CREATE TEMP TABLE copied (n bigint) ON COMMIT DROP")
        with pytest.raises(errors.DataError) as caught:
            await connection.copy_records("copied", ["n"], [(1,), (VALUE,)])
        assert VALUE not in str(caught.value)
        await connection.rollback()
    async with engine.connect() as connection:
        assert [tuple(record) for record in await connection.fetch("SELECT 1")] == [(1,)]
