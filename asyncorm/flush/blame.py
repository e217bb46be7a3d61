"""Blame: which objects of a batch a database error is about."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from asyncorm.errors import DatabaseError, NotNullViolation
from asyncorm.flush.plan import Batch
from asyncorm.mapping.mapper import Mapper

_KEY_DETAIL = re.compile(r"Key \((?P<columns>.*?)\)=\((?P<values>.*)\) ", re.DOTALL)


def name_objects(error: DatabaseError, batch: Batch) -> None:
    """Set ``error.objects`` to the instances of the failing row, as far as they can be told."""
    if error.objects:
        return
    instances = batch.instances
    if len(instances) > 1:
        instances = _by_key(error, batch) or _by_null(error, batch) or _by_type(batch)
    error.objects = tuple(instances)


def _by_key(error: DatabaseError, batch: Batch) -> list[Any]:
    """The rows whose values are those that PostgreSQL's detail quotes."""
    match = _KEY_DETAIL.search(error.detail or "")
    if match is None:
        return []
    names = [_attribute(batch.mapper, column.strip(' "')) for column in match["columns"].split(",")]
    if None in names:
        return []
    found = [
        instance
        for instance in batch.instances
        if ", ".join(_text(instance.__dict__.get(str(name))) for name in names) == match["values"]
    ]
    return found[-1:] if error.sqlstate == "23505" else found[:1]


def _by_null(error: DatabaseError, batch: Batch) -> list[Any]:
    if not isinstance(error, NotNullViolation) or not error.columns:
        return []
    name = _attribute(batch.mapper, error.columns[0])
    return [i for i in batch.instances if name and i.__dict__.get(name) is None][:1]


def _by_type(batch: Batch) -> list[Any]:
    """The rows with a value that is not of its column's Python type."""
    types = [(n, batch.mapper.columns[n]._type.python_type) for n in batch.columns]
    return [
        instance
        for instance in batch.instances
        if any(
            (value := instance.__dict__.get(name)) is not None and not isinstance(value, type_)
            for name, type_ in types
            if type_ is not float
        )
    ][:1]


def _attribute(mapper: Mapper, column: str) -> str | None:
    found = mapper.table.columns.get(column)
    return None if found is None else found.attribute


def _text(value: Any) -> str:
    """A value as PostgreSQL writes it in a detail."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, int | str | UUID | Decimal | date | time | datetime):
        return str(value)
    return repr(value)
