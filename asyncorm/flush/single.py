"""Statements for rows whose values are SQL expressions: one row, through the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.flush.plan import Batch, Kind
from asyncorm.sql.dml import insert, update
from asyncorm.tracking.unit_of_work import identity_key


def single_statement(batch: Batch, instance: Any, versions: Sequence[Any] = ()) -> Any:
    """INSERT or UPDATE of one instance with RETURNING of what the server computes."""
    mapper, values = batch.mapper, instance.__dict__
    given = {mapper.columns[name]: values[name] for name in batch.columns}
    returning = [mapper.columns[name] for name in batch.returning]
    if batch.kind is Kind.INSERT:
        return insert(mapper.entity).values(given).returning(*returning)
    key = mapper.key_values(identity_key(batch.holders[0]))
    conditions = [
        column == part for column, part in zip(mapper.primary_key_columns, key, strict=True)
    ]
    if mapper.version is not None:
        conditions.append(mapper.version.column == versions[0])
    return update(mapper.entity).values(given).where(*conditions).returning(*returning)
