"""Statements for rows whose values are SQL expressions: one row, through the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.flush.plan import Batch, Kind
from asyncorm.flush.row import row_key
from asyncorm.sql.dml import insert, update


def single_statement(batch: Batch, instance: Any, versions: Sequence[Any] = ()) -> Any:
    """INSERT or UPDATE of one instance with RETURNING of what the server computes."""
    part, values = batch.part, instance.__dict__
    given = {part.columns[name]: values[name] for name in batch.columns}
    returning = [part.columns[name] for name in batch.returning]
    if batch.kind is Kind.INSERT:
        return insert(part.table).values(given).returning(*returning)
    key = part.key_values(row_key(batch.holders[0], part))
    conditions = [
        column == value for column, value in zip(part.primary_key_columns, key, strict=True)
    ]
    if part.version is not None:
        conditions.append(part.version.column == versions[0])
    return update(part.table).values(given).where(*conditions).returning(*returning)
