"""unnest: the SQL of many rows that travel as one array for each column."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.quoting import quote_name as quote
from asyncorm.sql.table import BaseColumn
from asyncorm.types.packing import PACKINGS


def unnest(
    columns: list[BaseColumn[Any, Any]], ordinality: bool = True, before: int = 0, packed: int = 0
) -> str:
    """One array parameter a column, so that one text serves every number of rows.

    The first ``packed`` columns may travel packed.
    """
    arrays = ", ".join(
        _array(n, column, n <= packed) for n, column in enumerate(columns, before + 1)
    )
    names = ", ".join(f"c{n}" for n in range(1, len(columns) + 1))
    if ordinality:
        return f"unnest({arrays}) WITH ORDINALITY AS u({names}, o)"
    return f"unnest({arrays}) AS u({names})"


def _array(number: int, column: BaseColumn[Any, Any], packed: bool) -> str:
    kind = column._type.bulk_type
    packing = PACKINGS.get(kind) if packed else None
    return f"${number}::{kind}[]" if packing is None else packing.array.format(number)


def selected(columns: list[BaseColumn[Any, Any]]) -> str:
    """The items of a SELECT from the arrays, each of its column's type."""
    return ", ".join(element(n, column) for n, column in enumerate(columns, 1))


def element(number: int, column: BaseColumn[Any, Any]) -> str:
    """One value of a row, of its column's type."""
    type_ = column._type
    return (
        f"u.c{number}" if type_.bulk_type == type_.cast_type else f"u.c{number}::{type_.cast_type}"
    )


def matches(keys: list[BaseColumn[Any, Any]], before: int) -> str:
    """The condition that a row of the table is that of the arrays, by these columns."""
    return " AND ".join(
        f"t.{quote(key.name)} = {element(before + n, key)}" for n, key in enumerate(keys, 1)
    )
