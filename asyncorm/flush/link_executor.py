"""The executor of links: rows of many-to-many tables are written, and counted like all others."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import DatabaseError, DataError, FlushError, StaleDataError
from asyncorm.flush.arguments import row_arguments
from asyncorm.flush.association import Association, referred_values
from asyncorm.flush.blame import name_linked
from asyncorm.flush.connection import CommittingConnection, FlushConnection
from asyncorm.flush.plan import AssociationBatch, Kind, UnlinkBatch
from asyncorm.flush.statements import (
    GUARD,
    BatchStatement,
    association_statement,
    existing_associations,
    unlink_statement,
)


async def execute_links(batch: AssociationBatch | UnlinkBatch, connection: FlushConnection) -> None:
    """Add or remove rows of a link table; errors name the objects at both ends."""
    if isinstance(batch, UnlinkBatch):
        statement = unlink_statement(batch)
        rows = [referred_values(batch.foreign_key, end) for end in batch.instances]
        await connection.run(statement.sql, row_arguments(statement, rows))
        return
    stored = batch.kind is Kind.DELETE
    rows = [batch.linked.values(link, stored=stored) for link in batch.associations]
    guarded = isinstance(connection, CommittingConnection)
    statement = association_statement(batch, guarded)
    try:
        missing = await _missing_links(batch, statement, rows, connection)
    except DatabaseError as error:
        name_linked(error, batch, rows)
        raise
    if missing:
        raise StaleDataError(
            f"{batch.kind.value} of {batch.rows} rows of {batch.linked.table.full_name} matched "
            f"{batch.rows - len(missing)} rows",
            objects=list(dict.fromkeys(end for link in missing for end in link.ends)),
        )


async def _missing_links(
    batch: AssociationBatch,
    statement: BatchStatement,
    rows: list[dict[str, Any]],
    connection: FlushConnection,
) -> list[Association]:
    """Write the rows, and return the links to remove that are not there."""
    arguments = row_arguments(statement, rows)
    if batch.kind is Kind.INSERT and not statement.guarded:
        count = await connection.run(statement.sql, arguments)
        if count != len(rows):
            raise _links_dropped(batch, count)
        return []
    try:
        found = await connection.fetch(statement.sql, arguments)
    except DataError as error:
        _, guard, text = str(error.__cause__).rstrip('"').rpartition(GUARD)
        if not guard:
            raise
        if batch.kind is Kind.INSERT:
            raise _links_dropped(batch, int(text)) from None
        # it has undone its work, so the rows that are there now were there before
        statement = existing_associations(batch.linked)
        found = await connection.fetch(statement.sql, row_arguments(statement, rows))
    if statement.guarded:
        return []
    numbers = {row[0] for row in found}
    return [link for number, link in enumerate(batch.associations, 1) if number not in numbers]


def _links_dropped(batch: AssociationBatch, count: int) -> FlushError:
    return FlushError(
        f"INSERT of {batch.linked.table.full_name} wrote {count} of {batch.rows} rows",
        hint="look for a trigger or rule on the table that drops rows",
    )
