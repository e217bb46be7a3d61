"""The flush executor: sends the batches, checks row counts, and takes what the server made back."""

from __future__ import annotations

from typing import Any, Protocol

from asyncorm.compiler.cache import StatementCache
from asyncorm.errors import DatabaseError, FlushError, StaleDataError
from asyncorm.flush.blame import name_objects
from asyncorm.flush.plan import Batch, FlushPlan, Kind
from asyncorm.flush.single import single_statement
from asyncorm.flush.statements import (
    BatchStatement,
    arguments_for,
    copy_records,
    existing_keys,
    key_arguments,
    statement_for,
    uses_copy,
)
from asyncorm.tracking.unit_of_work import identity_key


class FlushConnection(Protocol):
    """What a flush needs of a connection."""

    async def fetch(self, sql: str, arguments: list[Any]) -> list[Any]:
        """Send a statement and return its rows."""

    async def run(self, sql: str, arguments: list[Any]) -> int:
        """Send a statement and return how many rows it touched."""

    async def copy_records(
        self, table: str, columns: list[str], records: list[Any], *, schema: str | None = None
    ) -> int:
        """Load rows with COPY and return how many."""


async def execute_plan(
    plan: FlushPlan, connection: FlushConnection, statements: StatementCache
) -> None:
    """Send the batches in order; errors of the database name the objects of the failing rows."""
    for batch in plan.batches:
        for link in batch.links:
            link.apply()
        try:
            await _execute(batch, connection, statements)
        except DatabaseError as error:
            name_objects(error, batch)
            raise


async def _execute(batch: Batch, connection: FlushConnection, statements: StatementCache) -> None:
    if batch.expressions:
        await _execute_single(batch, connection, statements)
    elif uses_copy(batch):
        table = batch.mapper.table
        names = [batch.mapper.columns[name].name for name in batch.columns]
        records = copy_records(batch)
        count = await connection.copy_records(table.name, names, records, schema=table.schema)
        _check_count(batch, count)
    else:
        await _execute_statement(batch, statement_for(batch), connection)


async def _execute_statement(
    batch: Batch, statement: BatchStatement, connection: FlushConnection
) -> None:
    keys = [identity_key(i) for i in batch.instances] if statement.keys else []
    arguments = arguments_for(statement, batch, keys)
    if not statement.results:
        count = await connection.run(statement.sql, arguments)
        if count != len(batch.instances):
            await _report_stale(batch, count, keys, connection)
        return
    rows = await connection.fetch(statement.sql, arguments)
    if len(rows) != len(batch.instances):
        await _report_stale(batch, len(rows), keys, connection)
    if statement.many and batch.kind is Kind.INSERT:
        rows = _in_order(batch, rows)
    _take_back(batch, statement, rows)


def _in_order(batch: Batch, rows: list[Any]) -> list[Any]:
    """Rows in the order of the instances: identity values ascend with the rows sent, which is
    all that PostgreSQL promises of their order."""
    for position, name in enumerate(batch.returning):
        if batch.mapper.columns[name].identity is not None:
            return sorted(rows, key=lambda row: row[position])
    return rows


def _take_back(batch: Batch, statement: BatchStatement, rows: list[Any]) -> None:
    plain = [name for name, decode in statement.results if decode is None]
    if len(statement.results) == 1 and plain:
        (name,) = plain
        for instance, row in zip(batch.instances, rows, strict=True):
            instance.__dict__[name] = row[0]
        return
    for instance, row in zip(batch.instances, rows, strict=True):
        values = instance.__dict__
        for position, (name, decode) in enumerate(statement.results):
            value = row[position]
            values[name] = value if decode is None or value is None else decode(value)


async def _execute_single(
    batch: Batch, connection: FlushConnection, statements: StatementCache
) -> None:
    """A row with SQL expressions among its values: a statement through the compiler."""
    (instance,) = batch.instances
    statement = single_statement(batch, instance)
    compiled = statements.get(statement)
    rows = await connection.fetch(compiled.sql, compiled.arguments(statement))
    if len(rows) != 1:
        await _report_stale(batch, len(rows), [identity_key(instance)], connection)
    values, columns = instance.__dict__, batch.mapper.columns
    for position, name in enumerate(batch.returning):
        value, decode = rows[0][position], columns[name]._type.decode
        values[name] = value if decode is None or value is None else decode(value)


def _check_count(batch: Batch, count: int) -> None:
    if count != len(batch.instances):
        raise FlushError(
            f"{batch.kind.value} of {batch.mapper.name} wrote {count} of {len(batch.instances)} "
            "rows",
            hint="look for a trigger or rule on the table that drops rows",
        )


async def _report_stale(
    batch: Batch, count: int, keys: list[Any], connection: FlushConnection
) -> None:
    """Fewer rows than objects: find the objects whose rows are gone and raise StaleDataError."""
    if batch.kind is Kind.INSERT:
        _check_count(batch, count)
    statement = existing_keys(batch.mapper)
    rows = await connection.fetch(statement.sql, key_arguments(statement, batch.mapper, keys))
    decoders = [decode for _, decode in statement.results]
    found = {
        tuple(v if decode is None else decode(v) for v, decode in zip(row, decoders, strict=True))
        for row in rows
    }
    missing = [
        instance
        for instance, key in zip(batch.instances, keys, strict=True)
        if batch.mapper.key_values(key) not in found
    ]
    raise StaleDataError(
        f"{batch.kind.value} of {len(batch.instances)} {batch.mapper.name} matched {count} rows",
        objects=missing,
    )
