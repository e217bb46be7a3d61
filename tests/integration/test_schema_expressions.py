"""Checks, defaults, computed columns and indexes made of expressions work on a real server."""

from __future__ import annotations

import datetime
import enum
from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import CheckViolation, ConfigurationError, UniqueViolation
from asyncorm.schema.create import create_statements
from asyncorm.schema.ddl import CreateIndex, CreateTable
from asyncorm.sql.constraints import CheckConstraint, Index
from asyncorm.sql.functions.func import func
from asyncorm.sql.statements.raw import sql
from asyncorm.sql.table import Column, Table
from asyncorm.types.enums import EnumType
from asyncorm.types.scalars import BIGINT, INTEGER, TEXT, TIMESTAMPTZ

HOSTILE = "it's \\ $1 {} \"; drop table t --"


class Mood(enum.Enum):
    GLAD = "glad"
    SAD = "sad"


@pytest.fixture
async def connection(engine: Engine) -> AsyncIterator[Connection]:
    """A connection whose work is rolled back."""
    connection = await engine.acquire()
    await connection.begin()
    yield connection
    await connection.rollback()
    connection.release()


async def create(connection: Connection, *tables: Table) -> None:
    for statement in create_statements(tables):
        await connection.command(str(statement))


def numbers(**options: Any) -> tuple[Table, Any, Any]:
    age: Any = Column("age", INTEGER)
    name: Any = Column('na"me', TEXT, attribute="name", server_default="x")
    return Table("t", [age, name], **options), age, name


async def refused(connection: Connection, text: str, error: type[Exception]) -> None:
    await connection.savepoint("before")
    with pytest.raises(error):
        await connection.command(text)
    await connection.rollback_to_savepoint("before")


async def test_a_check_holds_its_values_as_constants(connection: Connection) -> None:
    table, age, name = numbers()
    table.checks.append(CheckConstraint((age > -5) & name.not_in([HOSTILE, "b"])))
    table.checks.append(CheckConstraint(age != 7, name="seven"))
    await create(connection, table)
    await connection.command("insert into t (age) values (-4)")
    await refused(connection, "insert into t (age) values (-5)", CheckViolation)
    await refused(connection, "insert into t (age) values (7)", CheckViolation)
    quoted = "E'" + HOSTILE.replace("'", "''").replace("\\", "\\\\") + "'"
    await refused(connection, f"insert into t values (1, {quoted})", CheckViolation)


async def test_a_check_may_compare_with_an_enum(connection: Connection) -> None:
    mood: Any = Column("mood", EnumType(Mood))
    await create(connection, Table("t", [mood], checks=[CheckConstraint(mood != Mood.SAD)]))
    await connection.command("insert into t values ('glad')")
    await refused(connection, "insert into t values ('sad')", CheckViolation)


async def test_defaults_may_be_functions_and_raw_sql(connection: Connection) -> None:
    columns: list[Any] = [
        Column("n", BIGINT),
        Column("at", TIMESTAMPTZ, server_default=func.now()),
        Column("twice", INTEGER, server_default=sql("{} * 2", 21)),
        Column("text", TEXT, server_default=sql("upper({})", HOSTILE)),
        Column("low", TEXT, server_default=func.lower("ABC")),
    ]
    await create(connection, Table("t", columns))
    [row] = await connection.fetch('insert into t (n) values (1) returning "at", twice, text, low')
    assert isinstance(row[0], datetime.datetime)
    assert tuple(row)[1:] == (42, HOSTILE.upper(), "abc")


async def test_a_computed_column_is_kept_by_the_server(connection: Connection) -> None:
    _, age, name = numbers()
    double: Any = Column("double", INTEGER, computed=age * 2)
    low: Any = Column("low", TEXT, computed=func.lower(name))
    await create(connection, Table("t", [age, name, double, low]))
    [row] = await connection.fetch("insert into t values (4, 'ABC') returning double, low")
    assert tuple(row) == (8, "abc")


async def test_a_unique_index_over_an_expression_with_a_condition(connection: Connection) -> None:
    table, age, _ = numbers()
    # a class can't name its own columns as objects: their names stand for them
    table.indexes.append(Index("ix_low", func.lower("name"), "age", unique=True, where=age > 0))
    await create(connection, table)
    await connection.command("insert into t values (1, 'a'), (0, 'a'), (0, 'A')")
    await refused(connection, "insert into t values (1, 'A')", UniqueViolation)


async def test_a_text_that_names_no_column_stays_a_constant(connection: Connection) -> None:
    table, _, _ = numbers()
    index = Index(None, func.replace("name", "a", HOSTILE), func.replace("name", "b", "c").desc())
    table.indexes.append(index)
    await create(connection, table)
    text = str(CreateIndex(table, index))
    assert text.startswith('CREATE INDEX "ix_t_expression_expression" ON "t" ((replace("na""me", ')
    assert "'b'" in text
    assert text.endswith(") DESC)")


def test_what_is_no_expression_is_refused() -> None:
    table = Table("t", [Column("a", INTEGER)], checks=[CheckConstraint(True)])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="a bool was given where DDL needs"):
        CreateTable(table)
