"""Diagnosis: what a flush asks the server about rows that are not as its objects were loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.errors import DatabaseError, FlushError, StaleDataError
from asyncorm.flush.arguments import key_arguments
from asyncorm.flush.connection import CommittingConnection, FlushConnection
from asyncorm.flush.plan import AssociationBatch, Batch
from asyncorm.flush.row import by_part
from asyncorm.flush.statements import BatchStatement, existing_keys, stored_rows
from asyncorm.flush.versions import know_version
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.tracking.conflicts import conflict_of
from asyncorm.tracking.unit_of_work import identity_key
from asyncorm.types.base import converted


async def load_versions(instances: list[Any], batch: Batch, connection: FlushConnection) -> None:
    """Read the versions of objects that have none in memory.

    Raises StaleDataError for those whose rows are gone.
    """
    part = batch.part
    assert part.version is not None
    rows = await _read(instances, part, (part.version.name,), connection)
    for instance, row in rows.items():
        know_version(instance, part, row[part.version.name])
    missing = [instance for instance in instances if instance not in rows]
    if missing:
        raise StaleDataError(
            f"{batch.kind.value} of {len(batch.instances)} {part.name}: {len(missing)} rows are "
            "gone",
            objects=missing,
        )


async def rows_missing(
    batch: Batch,
    statement: BatchStatement,
    rows: list[Any] | None,
    keys: list[Any],
    versions: Sequence[Any],
    connection: FlushConnection,
) -> list[Any]:
    """The objects whose rows are not among those returned, asking for these if need be."""
    part = batch.part
    if not statement.returns_keys or rows is None:
        statement = existing_keys(part)
        arguments = key_arguments(statement, part, keys, versions)
        rows = await _looking(connection).fetch(statement.sql, arguments)
    found = {tuple(_decoded(row, statement)) for row in rows}
    pairs = zip(batch.instances, keys, strict=True)
    return [instance for instance, key in pairs if part.key_values(key) not in found]


def rows_dropped(batch: Batch | AssociationBatch, table: str, count: int) -> FlushError:
    """The error for an INSERT that has written fewer rows than were sent."""
    return FlushError(
        f"{batch.kind.value} of {table} wrote {count} of {batch.rows} rows",
        hint="look for a trigger or rule on the table that drops rows",
    )


async def add_conflicts(error: StaleDataError, batch: Batch, connection: FlushConnection) -> None:
    """Set ``error.conflicts``: what each object wanted, and what its row holds now."""
    stale = list(error.objects)
    try:
        theirs = await _rows_of(stale, connection)
    except DatabaseError as failed:
        error.add_note(f"the rows as they are now could not be read: {failed.message}")
        return
    error.conflicts = tuple(conflict_of(i, batch.columns, theirs.get(i)) for i in stale)


async def _rows_of(instances: list[Any], connection: FlushConnection) -> dict[Any, dict[str, Any]]:
    """All attributes of the rows of some objects, without those that lack one of their rows."""
    found: dict[Any, dict[str, Any]] = {instance: {} for instance in instances}
    for part, members in by_part(instances).items():
        rows = await _read(members, part, tuple(part.columns), connection)
        for instance in members:
            if instance in rows and instance in found:
                found[instance] |= rows[instance]
            else:
                found.pop(instance, None)
    return found


async def _read(
    instances: list[Any], part: WrittenPart, names: tuple[str, ...], connection: FlushConnection
) -> dict[Any, dict[str, Any]]:
    """Attributes of the rows of some objects in one table, without those whose row is gone."""
    statement = stored_rows(part, names)
    by_key = {part.key_values(identity_key(i)): i for i in instances}
    keys = [identity_key(instance) for instance in by_key.values()]
    rows = await _looking(connection).fetch(statement.sql, key_arguments(statement, part, keys))
    width = len(part.primary_key)
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        values = _decoded(row, statement)
        instance = by_key.get(tuple(values[:width]))
        if instance is not None:
            found[instance] = dict(zip(names, values[width:], strict=True))
    return found


def _looking(connection: FlushConnection) -> FlushConnection:
    return connection.plain if isinstance(connection, CommittingConnection) else connection


def _decoded(row: Any, statement: BatchStatement) -> list[Any]:
    pairs = zip(row, statement.results, strict=True)
    return [converted(value, decode) for value, (_, decode) in pairs]
