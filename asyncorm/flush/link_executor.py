"""The executor of links: rows of many-to-many tables are written, and counted like all others."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import DatabaseError, DataError, StaleDataError
from asyncorm.flush.arguments import row_arguments
from asyncorm.flush.association import Association, referred_values
from asyncorm.flush.blame import name_linked
from asyncorm.flush.connection import CommittingConnection, FlushConnection
from asyncorm.flush.diagnosis import rows_dropped
from asyncorm.flush.link_statements import (
    association_statement,
    existing_associations,
    unlink_statement,
)
from asyncorm.flush.plan import AssociationBatch, Kind, UnlinkBatch
from asyncorm.flush.statements import BatchStatement, refused_count


async def execute_links(batch: AssociationBatch | UnlinkBatch, connection: FlushConnection) -> None:
    """Add or remove rows of a link table; errors name the objects at both ends."""
    if isinstance(batch, UnlinkBatch):
        statement = unlink_statement(batch)
        rows = [referred_values(batch.foreign_key, end) for end in batch.instances]
        await connection.run(statement.sql, row_arguments(statement, rows))
        return
    stored = batch.kind is Kind.DELETE
    rows = batch.linked.rows(batch.associations, stored=stored)
    guarded = isinstance(connection, CommittingConnection) and connection.guards(batch.rows)
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
    arguments, table = row_arguments(statement, rows), batch.linked.table.full_name
    if batch.kind is Kind.INSERT and not statement.guarded:
        count = await connection.run(statement.sql, arguments)
        if count != len(rows):
            raise rows_dropped(batch, table, count)
        return []
    try:
        found = await connection.fetch(statement.sql, arguments)
    except DataError as error:
        refused = refused_count(error)
        if refused is None:
            raise
        if isinstance(connection, CommittingConnection):
            await connection.give_up()
        if batch.kind is Kind.INSERT:
            raise rows_dropped(batch, table, refused) from None
        # it has undone its work, so the rows that are there now were there before
        statement = existing_associations(batch.linked)
        found = await connection.fetch(statement.sql, row_arguments(statement, rows))
    if statement.guarded:
        return []
    numbers = {row[0] for row in found}
    return [link for number, link in enumerate(batch.associations, 1) if number not in numbers]
