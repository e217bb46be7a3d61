"""Statements for rows whose values are SQL expressions: one row, through the compiler."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from asyncorm.compiler.compiler import sources_of
from asyncorm.flush.plan import Batch, Kind
from asyncorm.flush.row import row_key
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.expressions import Expression
from asyncorm.sql.statements.insert import insert
from asyncorm.sql.statements.update import update
from asyncorm.sql.subtype import Subtype


def single_statement(batch: Batch, instance: Any, versions: Sequence[Any] = ()) -> Any:
    """INSERT or UPDATE of one instance with RETURNING of what the server computes."""
    part, values = batch.part, instance.__dict__
    given = {part.columns[name]: values[name] for name in batch.columns}
    returning = [part.columns[name] for name in batch.returning]
    if batch.kind is Kind.INSERT:
        return insert(part.table).values(given).returning(*returning)
    key = part.key_values(row_key(batch.holders[0], part))
    mapper: Mapper = type(instance).__mapper__
    if _names_class(given.values(), part, mapper):
        # its own row is meant: the columns of the class are those of the row that is written
        return _update_of_class(batch, instance, mapper, key, versions)
    conditions = [
        column == value for column, value in zip(part.primary_key_columns, key, strict=True)
    ]
    if part.version is not None:
        conditions.append(part.version.column == versions[0])
    return update(part.table).values(given).where(*conditions).returning(*returning)


def _names_class(values: Iterable[Any], part: WrittenPart, mapper: Mapper) -> bool:
    """Whether values name columns of a class of a hierarchy, not of the table that is written."""
    sources = [s for value in values if isinstance(value, Expression) for s in sources_of(value)]
    others = [one for one in sources if one is not part.table]
    return any(isinstance(one, Subtype) or one in mapper.tables for one in others)


def _update_of_class(
    batch: Batch, instance: Any, mapper: Mapper, key: Sequence[Any], versions: Sequence[Any]
) -> Any:
    columns, part = mapper.columns, batch.part
    conditions = [
        column == value for column, value in zip(mapper.primary_key_columns, key, strict=True)
    ]
    if part.version is not None and mapper.version is not None:
        conditions.append(mapper.version.column == versions[0])
    given = {columns[name]: instance.__dict__[name] for name in batch.columns}
    returning = [columns[name] for name in batch.returning]
    return update(mapper.entity).values(given).where(*conditions).returning(*returning)
