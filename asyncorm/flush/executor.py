"""The flush executor: sends the batches, checks row counts, and takes what the server made back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from operator import itemgetter
from typing import Any

from asyncorm.compiler.cache import StatementCache
from asyncorm.errors import AsyncORMError, DatabaseError, DataError, StaleDataError
from asyncorm.flush.arguments import (
    arguments_for,
    copy_records,
    copy_texts,
    packed_arguments,
)
from asyncorm.flush.blame import name_objects
from asyncorm.flush.connection import CommittingConnection, FlushConnection
from asyncorm.flush.diagnosis import add_conflicts, load_versions, rows_dropped, rows_missing
from asyncorm.flush.link import apply_links
from asyncorm.flush.link_executor import execute_links
from asyncorm.flush.plan import AnyBatch, Batch, FlushPlan, Kind
from asyncorm.flush.row import row_key
from asyncorm.flush.search import Refusal, Restart, may_search, search
from asyncorm.flush.single import single_statement
from asyncorm.flush.statements import (
    BatchStatement,
    refused_count,
    statement_for,
    uses_copy,
)
from asyncorm.flush.versions import Versions
from asyncorm.tracking.mutables import snapshots_to_write
from asyncorm.tracking.unit_of_work import identity_keys
from asyncorm.types.base import converted


async def execute_plan(
    plan: FlushPlan, connection: FlushConnection, statements: StatementCache, restart: Restart
) -> None:
    """Send the batches in order; errors of the database name the objects of the failing rows."""
    versions, last, through = Versions(), plan.batches[-1], connection
    if len(plan.batches) > 1 and isinstance(connection, CommittingConnection):
        through = connection.plain  # until the last one
    for batch in plan.batches:
        if batch is last:
            through = connection
        try:
            await _send(batch, through, statements, versions)
        except StaleDataError as error:
            if isinstance(batch, Batch):
                await add_conflicts(error, batch, through)
            raise
        except DatabaseError as error:
            if isinstance(batch, Batch) and not _refused_commit(through):
                refusal = Refusal.of(error)
                name_objects(error, batch)
                if not error.objects and may_search(error, batch):
                    await search(error, refusal, plan, batch, restart, statements, _send)
            raise


def _refused_commit(connection: FlushConnection) -> bool:
    return isinstance(connection, CommittingConnection) and connection.refused


def _send(
    batch: AnyBatch,
    connection: FlushConnection,
    statements: StatementCache,
    versions: Versions,
) -> Coroutine[Any, Any, None]:
    # what decides is no coroutine: each one that only waits for the next costs half a microsecond
    if not isinstance(batch, Batch):
        return execute_links(batch, connection)
    if batch.links:
        apply_links(batch.links)
    if batch.part.version is None:
        return _execute(batch, connection, statements)
    return _execute_versioned(batch, connection, statements, versions)


async def _execute_versioned(
    batch: Batch, connection: FlushConnection, statements: StatementCache, versions: Versions
) -> None:
    unknown = versions.unknown(batch)
    if unknown:
        await load_versions(unknown, batch, connection)
    await _execute(batch, connection, statements, versions.begin(batch))
    versions.end(batch)


def _execute(
    batch: Batch,
    connection: FlushConnection,
    statements: StatementCache,
    versions: Sequence[Any] = (),
) -> Coroutine[Any, Any, None]:
    if batch.part.mutable and batch.kind is not Kind.DELETE:
        batch.snapshots.extend((i, snapshots_to_write(i, batch.columns)) for i in batch.instances)
    if batch.expressions:
        return _execute_single(batch, connection, statements, versions)
    if uses_copy(batch):
        return _execute_copy(batch, connection, versions)
    return _execute_statement(batch, connection, versions)


async def _execute_copy(batch: Batch, connection: FlushConnection, versions: Sequence[Any]) -> None:
    if not await _copy(batch, connection):
        await _execute_statement(batch, connection, versions)


async def _copy(batch: Batch, connection: FlushConnection) -> bool:
    """Write new rows by COPY, as binary where it carries all their types; False if neither way
    takes them."""
    table = batch.part.table
    columns = [batch.part.columns[name] for name in batch.columns]
    names = [column.name for column in columns]
    if not await connection.takes_copy(table.name, table.schema):
        return False
    if all(column._type.copyable for column in columns):
        records = copy_records(batch)
        count = await connection.copy_records(table.name, names, records, schema=table.schema)
    else:
        texts = copy_texts(batch)
        if texts is None:
            return False  # the statement takes them, or its error says what does not fit
        count = await connection.copy_text(table.name, names, _each(texts), schema=table.schema)
    if count != len(batch.instances):
        raise rows_dropped(batch, batch.part.name, count)
    return True


async def _each(texts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for text in texts:
        yield text


async def _execute_statement(
    batch: Batch, connection: FlushConnection, versions: Sequence[Any]
) -> None:
    guarded = isinstance(connection, CommittingConnection) and connection.guards(
        len(batch.instances)
    )
    statement = statement_for(batch, guarded)
    keys = _keys(batch) if statement.keys else []
    arguments = arguments_for(statement, batch, keys, versions)
    if statement.many and statement.parameters:
        packing = statement_for(batch, guarded, packed=True)
        packed = packed_arguments(packing, arguments)
        if packed is not None:
            statement, arguments = packing, packed
    rows: list[Any] = []
    if statement.guarded:
        rows = await _fetch_guarded(batch, statement, arguments, keys, versions, connection)
        count = len(batch.instances)
    elif statement.results or statement.numbered:
        fetch = connection.fetch_carefully if statement.careful else connection.fetch
        rows = await fetch(statement.sql, arguments)
        count = len(rows)
    else:
        count = await connection.run(statement.sql, arguments)
    if count != len(batch.instances):
        raise await _too_few(batch, statement, count, rows, keys, versions, connection)
    if statement.results and not statement.returns_keys:
        if statement.many:
            rows = _in_order(batch, statement, rows)
        try:
            _take_back(batch, statement, rows)
        except Exception as error:
            if isinstance(connection, CommittingConnection):
                connection.check_unread(error)
            raise


def _keys(batch: Batch) -> list[Any]:
    """The keys that the rows have before the statement."""
    if batch.kind is Kind.UPDATE and batch.part.joined:
        return [row_key(holder, batch.part) for holder in batch.holders]
    return identity_keys(batch.holders)


async def _fetch_guarded(
    batch: Batch,
    statement: BatchStatement,
    arguments: list[Any],
    keys: list[Any],
    versions: Sequence[Any],
    connection: FlushConnection,
) -> list[Any]:
    """Run a statement that fails by itself if it does not write all rows."""
    try:
        fetch = connection.fetch_carefully if statement.careful else connection.fetch
        return await fetch(statement.sql, arguments)
    except DataError as error:
        count = refused_count(error)
        if count is None:
            raise
    if isinstance(connection, CommittingConnection):
        await connection.give_up()
    # it has undone its work, so the rows that are there now were there before
    raise await _too_few(batch, statement, count, None, keys, versions, connection)


def _in_order(batch: Batch, statement: BatchStatement, rows: list[Any]) -> list[Any]:
    """Rows in the order of the instances.

    An INSERT returns rows in the order sent; all that PostgreSQL promises is that identity values
    follow that order, so they are sorted by them where there are any.
    """
    if statement.numbered:
        return sorted(rows, key=itemgetter(0))
    for position, name in enumerate(batch.returning):
        identity = batch.part.columns[name].identity
        if identity is not None:
            descending = (identity.increment or 1) < 0
            return sorted(rows, key=itemgetter(position), reverse=descending)
    return rows


def _take_back(batch: Batch, statement: BatchStatement, rows: list[Any]) -> None:
    """Give each object what the server made for its row."""
    for position, (name, decode) in enumerate(statement.results, int(statement.numbered)):
        if decode is None:
            for instance, row in zip(batch.instances, rows, strict=True):
                instance.__dict__[name] = row[position]
        else:
            for instance, row in zip(batch.instances, rows, strict=True):
                value = row[position]
                instance.__dict__[name] = None if value is None else decode(value)


async def _execute_single(
    batch: Batch, connection: FlushConnection, statements: StatementCache, versions: Sequence[Any]
) -> None:
    """A row with SQL expressions among its values: a statement through the compiler."""
    (instance,) = batch.instances
    statement = single_statement(batch, instance, versions)
    compiled = statements.get(statement)
    rows = await connection.fetch_carefully(compiled.sql, compiled.arguments(statement))
    if len(rows) != 1:
        raise StaleDataError(
            f"{batch.kind.value} of a {batch.part.name} matched no row", objects=[instance]
        )
    values, columns = instance.__dict__, batch.part.columns
    try:
        for position, name in enumerate(batch.returning):
            values[name] = converted(rows[0][position], columns[name]._type.decode)
    except Exception as error:
        if isinstance(connection, CommittingConnection):
            connection.check_unread(error)
        raise


async def _too_few(
    batch: Batch,
    statement: BatchStatement,
    count: int,
    rows: list[Any] | None,
    keys: list[Any],
    versions: Sequence[Any],
    connection: FlushConnection,
) -> AsyncORMError:
    """The error for fewer rows than objects; it names the objects whose rows are gone."""
    if batch.kind is Kind.INSERT:
        return rows_dropped(batch, batch.part.name, count)
    if len(batch.instances) == 1:
        missing = batch.instances
    elif statement.numbered and rows is not None:
        found = {row[0] for row in rows}
        missing = [i for number, i in enumerate(batch.instances, 1) if number not in found]
    else:
        missing = await rows_missing(batch, statement, rows, keys, versions, connection)
    return StaleDataError(
        f"{batch.kind.value} of {len(batch.instances)} {batch.part.name} matched {count} rows",
        objects=missing,
    )
