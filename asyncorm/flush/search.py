"""Search: which row of a batch the server refuses, where its error does not tell.

The flush has failed and will be rolled back, so its beginning can be repeated, and then halves of
the batch are tried until one row is left. Whatever is done here is rolled back with the flush.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NamedTuple

from asyncorm.compiler.cache import StatementCache
from asyncorm.errors import (
    AsyncORMError,
    DatabaseError,
    DataError,
    ForeignKeyViolation,
    IntegrityError,
)
from asyncorm.flush.connection import FlushConnection, TransactionConnection
from asyncorm.flush.plan import AnyBatch, Batch, FlushPlan
from asyncorm.flush.versions import Versions

#: a connection at the beginning of the level that has failed; None if it can't be repeated
Restart = Callable[[DatabaseError], Awaitable[TransactionConnection | None]]
Send = Callable[[AnyBatch, FlushConnection, StatementCache, Versions], Awaitable[None]]

_SAVEPOINT = "search"
#: how many parts are tried at most, two round trips each: 10,000 rows take 14
_TRIES = 24


class Refusal(NamedTuple):
    """What two errors have in common if they are about the same row."""

    kind: type[DatabaseError]
    sqlstate: str | None
    constraint: str | None
    message: str

    @classmethod
    def of(cls, error: DatabaseError) -> Refusal:
        """What an error refuses a row for."""
        return cls(type(error), error.sqlstate, error.constraint, error.message)


def may_search(error: DatabaseError, batch: Batch) -> bool:
    """Whether one row of a batch is to blame, and would be refused without the others too."""
    if isinstance(error, ForeignKeyViolation):
        # rows that refer to each other can't be told apart by taking some of them away
        return all(key.target is not batch.part.table for key in batch.part.table.foreign_keys)
    by_trigger = type(error) is DatabaseError and error.sqlstate is not None
    return by_trigger or isinstance(error, IntegrityError | DataError)


async def search(
    error: DatabaseError,
    refusal: Refusal,
    plan: FlushPlan,
    failed: Batch,
    restart: Restart,
    statements: StatementCache,
    send: Send,
) -> None:
    """Set ``error.objects`` to the refused object, if it can be found; never raises an error."""
    before = [(i, dict(i.__dict__)) for batch in plan.of_entities for i in batch.instances]
    try:
        connection = await restart(error)
        if connection is not None:
            versions = Versions()
            for batch in plan.batches[: plan.batches.index(failed)]:
                again = replace(batch, snapshots=[]) if isinstance(batch, Batch) else batch
                await send(again, connection, statements, versions)
            for link in failed.links:
                link.apply()

            async def attempt(rows: list[Any]) -> bool:
                part = replace(failed, instances=rows, links=[], snapshots=[])
                try:
                    await send(part, connection, statements, versions)
                except DatabaseError as another:
                    if Refusal.of(another) == refusal:
                        return False
                    raise
                return True

            error.objects = tuple(await _refused(failed.instances, connection, attempt))
    except AsyncORMError as another:
        error.add_note(f"the search for the object it is about has failed: {another.message}")
    finally:
        for instance, values in before:
            instance.__dict__.clear()
            instance.__dict__.update(values)


async def _refused(
    rows: list[Any],
    connection: TransactionConnection,
    attempt: Callable[[list[Any]], Awaitable[bool]],
) -> list[Any]:
    """The first row that is refused when those before it are accepted; none if all are now."""
    low, high = 0, len(rows)
    await connection.savepoint(_SAVEPOINT)
    for _ in range(_TRIES):
        middle = (low + high) // 2 if high - low > 1 else high
        if not await attempt(rows[low:middle]):
            await connection.rollback_to_savepoint(_SAVEPOINT)
            if middle - low == 1:
                return rows[low:middle]
            high = middle
        elif middle == high:
            break
        else:
            await connection.savepoint(_SAVEPOINT)
            low = middle
    return []
