"""The statements that write rows of link tables, and ask for them."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.quoting import quote_name as quote
from asyncorm.compiler.quoting import quote_qualified
from asyncorm.flush.association import LinkTable
from asyncorm.flush.plan import AssociationBatch, Kind, UnlinkBatch
from asyncorm.flush.statements import BatchStatement, checked_count
from asyncorm.flush.unnest import matches, selected, unnest
from asyncorm.sql.table import BaseColumn


def association_statement(batch: AssociationBatch, guarded: bool) -> BatchStatement:
    """The statement for rows of a link table; a DELETE returns the numbers of those it found.

    A link that is there several times counts once.
    """
    columns = _link_columns(batch.linked)
    target = quote_qualified(batch.linked.table.schema, batch.linked.table.name)
    source = unnest(columns)
    if batch.kind is Kind.INSERT:
        names = ", ".join(quote(column.name) for column in columns)
        text = f"INSERT INTO {target} ({names}) SELECT {selected(columns)} FROM {source}"
        returned, counted = "1", "count(*)"
    else:
        where = matches(columns, 0)
        text = f"DELETE FROM {target} AS t USING {source} WHERE {where} RETURNING u.o"
        returned, counted = "", "count(DISTINCT o)"
    if guarded:
        returning = f" RETURNING {returned}" if returned else ""
        count = checked_count(counted, f"${len(columns) + 1}::bigint")
        text = f"WITH written AS ({text}{returning}) SELECT {count} FROM written"
    return _link_statement(text, columns, guarded)


def existing_associations(linked: LinkTable) -> BatchStatement:
    """The statement that asks which of many links have a row, by number."""
    columns = _link_columns(linked)
    target = quote_qualified(linked.table.schema, linked.table.name)
    text = f"SELECT u.o FROM {target} AS t JOIN {unnest(columns)} ON {matches(columns, 0)}"
    return _link_statement(text, columns, False)


def unlink_statement(batch: UnlinkBatch) -> BatchStatement:
    """The statement that deletes all links of objects."""
    table, columns = batch.foreign_key.table, list(batch.foreign_key.columns)
    target = quote_qualified(table.schema, table.name)
    source = unnest(columns, ordinality=False)
    text = f"DELETE FROM {target} AS t USING {source} WHERE {matches(columns, 0)}"
    return _link_statement(text, columns, False)


def _link_columns(linked: LinkTable) -> list[BaseColumn[Any, Any]]:
    return [column for key in linked.keys for column in key.columns]


def _link_statement(
    text: str, columns: list[BaseColumn[Any, Any]], guarded: bool
) -> BatchStatement:
    parameters = tuple((column.attribute, column._type.encode_bulk) for column in columns)
    return BatchStatement(text, parameters, (), (), True, numbered=True, guarded=guarded)
