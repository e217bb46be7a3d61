"""Rows by their keys: any number of them in one condition of one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.sql.expressions import Condition, Expression, Parameter
from asyncorm.sql.nodes import combined
from asyncorm.sql.table import BaseColumn
from asyncorm.types.arrays import BulkArray
from asyncorm.types.scalars import BOOLEAN


class AmongRows(Expression[bool, bool]):
    """Whether some columns are equal to one row of values; the values are an array a column."""

    __slots__ = ("arrays", "columns")

    def __init__(
        self, columns: tuple[Expression[Any, Any], ...], keys: Sequence[tuple[Any, ...]]
    ) -> None:
        self.columns = columns
        self.arrays: tuple[Parameter[Any], ...] = tuple(
            Parameter([key[place] for key in keys], BulkArray(column._type))
            for place, column in enumerate(columns)
        )
        column_keys, parameters = combined(columns)
        array_keys, more = combined(self.arrays)
        super().__init__(BOOLEAN, ("among rows", column_keys, array_keys), parameters + more)


def any_of(
    columns: Sequence[BaseColumn[Any, Any]], keys: Sequence[tuple[Any, ...]]
) -> Condition | AmongRows:
    """Whether the columns hold one of the keys."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return AmongRows(tuple(columns), keys)


def any_key(columns: Sequence[BaseColumn[Any, Any]], keys: Sequence[Any]) -> Condition | AmongRows:
    """``any_of`` for keys that are bare if they have one part."""
    return columns[0].in_(keys) if len(columns) == 1 else any_of(columns, keys)
