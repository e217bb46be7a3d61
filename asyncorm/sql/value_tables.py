"""``values()``: rows of Python values in FROM."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression, Parameter, operand
from asyncorm.sql.nodes import AnonymousName, Query, combined
from asyncorm.sql.sources import Derived, DerivedColumns
from asyncorm.sql.statements.select import Select
from asyncorm.sql.table import NullColumn
from asyncorm.sql.values import checked_name, fitting_type
from asyncorm.types.arrays import BulkArray
from asyncorm.types.base import SQLType
from asyncorm.types.resolve import coerce_type


class ValueTable(Derived):
    """Rows of values in FROM; its columns are ``.c.<name>``.

    Plain values travel as one array for each column, so that any number of rows is one statement.
    """

    def __init__(
        self, columns: Mapping[str, SQLType[Any]], rows: list[tuple[Any, ...]], name: str | None
    ) -> None:
        self.kind = "values"
        self.columns = tuple(NullColumn[Any](checked_name(n), t) for n, t in columns.items())
        parts = [part for row in rows for part in row]
        self.rows: tuple[tuple[Expression[Any, Any], ...], ...] = ()
        self.arrays: tuple[Parameter[Any], ...] = ()
        if any(isinstance(part, (Expression, Query)) for part in parts):
            self.rows = tuple(self._expressions(row) for row in rows)
            keys, parameters = combined(part for row in self.rows for part in row)
        else:
            self.arrays = tuple(self._array(place, rows) for place in range(len(self.columns)))
            keys, parameters = combined(self.arrays)
        self._name = AnonymousName("values") if name is None else checked_name(name)
        self._parameters = parameters if name is not None else (self._name, *parameters)
        names = tuple(column.name for column in self.columns)
        self._key: Hashable = ("value table", name, names, len(self.rows), keys)
        self.c = DerivedColumns(self, columns.items())

    def _expressions(self, row: tuple[Any, ...]) -> tuple[Expression[Any, Any], ...]:
        return tuple(
            operand(value, column, nullable=True)
            for value, column in zip(row, self.columns, strict=True)
        )

    def _array(self, place: int, rows: list[tuple[Any, ...]]) -> Parameter[Any]:
        column = self.columns[place]
        given = [row[place] for row in rows]
        for value in given:
            if type(value) is not column._type.python_type and value is not None:
                fitting_type(value, column._type, column.name)
        return Parameter(given, BulkArray(column._type))

    def cte(self, name: str | None = None) -> Derived:
        """The rows as common table expression."""
        return Select[Any](tuple(self.c)).cte(name)


def values(
    columns: Mapping[str, Any],
    rows: Iterable[Sequence[Any] | Mapping[str, Any]],
    *,
    name: str | None = None,
) -> ValueTable:
    """Rows of values to select from: ``values({"id": int, "name": str}, [(1, "a"), (2, "b")])``.

    The type of a column is a Python type, a SQL type, or a column whose type it has. Rows are
    tuples in the order of the columns, or dicts.
    """
    if not columns or not hasattr(columns, "items"):
        raise InvalidRequestError(
            "values() was given no columns", hint='write values({"id": int}, [(1,), (2,)])'
        )
    types = {
        name: given._type if isinstance(given, Expression) else coerce_type(given)
        for name, given in columns.items()
    }
    return ValueTable(types, [_row(row, types) for row in rows], name)


def _row(row: Any, columns: Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(row, Mapping) and row.keys() == columns.keys():
        return tuple(row[name] for name in columns)
    if isinstance(row, (tuple, list)) and len(row) == len(columns):
        return tuple(row)
    raise InvalidRequestError(
        f"a row of values() does not have the columns {', '.join(columns)}",
        hint="give a tuple with a value for each column, or a dict with exactly these keys",
    )
