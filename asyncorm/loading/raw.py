"""Entities from raw SQL: records of any statement that has an entity's columns by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.loading.arrivals import take_in
from asyncorm.loading.hydrator import hydrator
from asyncorm.loading.subtypes import is_partial
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.table import BaseColumn
from asyncorm.tracking.unit_of_work import UnitOfWork
from asyncorm.types.json import JSONDocument


def load_entities(entity: type[Any], records: Sequence[Any], unit: UnitOfWork) -> list[Any]:
    """Instances of an entity from records; columns that are missing stay unloaded."""
    if not records:
        return []
    mapper: Mapper = entity.__mapper__
    names = list(records[0].keys())
    known = {column.name: attribute for attribute, column in mapper.columns.items()}
    missing = [column.name for column in mapper.primary_key_columns if column.name not in names]
    if missing:
        raise InvalidRequestError(
            f"the statement returns no column {missing[0]!r}, which is the primary key of "
            f"{mapper.name}",
            hint="select it too, or use into() with a class that is not mapped",
        )
    used = [name for name in names if name in known]
    attributes = tuple(known[name] for name in used)
    further = _further(mapper, names)
    positions = [names.index(name) for name in (*used, *(column.name for column in further))]
    rows = [tuple(record[position] for position in positions) for record in records]
    columns = [*(mapper.columns[name] for name in attributes), *further]
    for place, column in enumerate(columns):
        if isinstance(column._type, JSONDocument):
            convert = column._type.from_raw  # mapped columns are selected as text
            rows = [(*row[:place], convert(row[place]), *row[place + 1 :]) for row in rows]
    partial = is_partial(mapper, attributes, further)
    hydrate = hydrator(mapper, attributes, 0, False, further)
    return take_in(mapper, hydrate, rows, unit, partial=partial)


def _further(mapper: Mapper, names: list[str]) -> tuple[BaseColumn[Any, Any], ...]:
    """The columns of subclasses that are there: each name once, and none of the class itself."""
    below = mapper.source.below
    own = {column.name for column in mapper.columns.values()}
    found: dict[str, BaseColumn[Any, Any]] = {}
    for column in below.origins if below is not None else ():
        if column.name in names and column.name not in own:
            found.setdefault(column.name, column)
    return tuple(found.values())
