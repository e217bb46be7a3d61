"""The rows of an INSERT: as arrays, as VALUES, or from a query."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.expressions import Expression, Parameter
from asyncorm.sql.nodes import Query, combined
from asyncorm.sql.sources import column_of, entity_name, table_of
from asyncorm.sql.statements.assignments import DEFAULT, check_assignable
from asyncorm.sql.table import BaseColumn
from asyncorm.sql.values import fitting_type
from asyncorm.types.arrays import BulkArray

#: how many parameters PostgreSQL's protocol lets the driver send with one statement
PARAMETER_LIMIT = 32767


class BulkRows:
    """Rows of one shape without expressions: columns and one parameter for each."""

    __slots__ = ("_key", "_parameters", "columns")

    def __init__(
        self, columns: tuple[BaseColumn[Any, Any], ...], parameters: tuple[Parameter[Any], ...]
    ) -> None:
        self.columns = columns
        keys, self._parameters = combined(parameters)
        self._key: Hashable = ("bulk", tuple(column._key for column in columns), keys)


class ValueRows:
    """Rows for VALUES: for each column an expression, or None for DEFAULT."""

    __slots__ = ("_key", "_parameters", "columns", "rows")

    def __init__(
        self,
        columns: tuple[BaseColumn[Any, Any], ...],
        rows: tuple[tuple[Expression[Any, Any] | None, ...], ...],
    ) -> None:
        self.columns = columns
        self.rows = rows
        keys = tuple(tuple(item is not None and item._key for item in row) for row in rows)
        given = [item for row in rows for item in row if item is not None]
        # not by combined(), whose time grows with the square of many parts
        self._parameters = tuple(chain.from_iterable(item._parameters for item in given))
        self._key: Hashable = ("values", tuple(column._key for column in columns), keys)


class QueryRows:
    """Rows that come from a query; ``defaults`` are values that it has not, for all rows."""

    __slots__ = ("_key", "_parameters", "columns", "defaults", "query")

    def __init__(
        self,
        columns: tuple[BaseColumn[Any, Any], ...],
        query: Query[Any],
        defaults: tuple[tuple[BaseColumn[Any, Any], Expression[Any, Any]], ...] = (),
    ) -> None:
        self.columns = (*columns, *(column for column, _ in defaults))
        self.query = query
        self.defaults = tuple(value for _, value in defaults)
        key, parameters = query._structure
        default_keys, more = combined(self.defaults)
        self._parameters = parameters + more
        columns_key = tuple(column._key for column in self.columns)
        self._key: Hashable = ("query", columns_key, key, default_keys)


def missing_defaults(
    target: Any, columns: tuple[BaseColumn[Any, Any], ...]
) -> tuple[tuple[BaseColumn[Any, Any], Expression[Any, Any]], ...]:
    """The columns with defaults of the model that are not among those given, and their values."""
    given = {column._key for column in columns}
    return tuple(
        (column, Assignment(column, column.default()).value)
        for column in table_of(target).by_attribute.values()
        if column.default is not None and column._key not in given
    )


def collected_rows(target: Any, rows: list[dict[Any, Any]]) -> BulkRows | ValueRows | None:
    """The rows as arrays where that is possible, else as VALUES; None means all defaults."""
    known = _Columns(target)
    by_column = [{known[key]: value for key, value in row.items()} for row in rows]
    defaults = [
        (c, c.default) for c in table_of(target).by_attribute.values() if c.default is not None
    ]
    for row in by_column:
        for column, default in defaults:
            if column not in row:
                row[column] = default()
    columns = tuple(dict.fromkeys(chain.from_iterable(by_column)))
    if not columns:
        if len(rows) == 1:
            return None
        raise InvalidRequestError(
            f"the rows for {entity_name(target)} are empty", hint="give each row a value"
        )
    for column in columns:
        if column.computed is not None:
            for row in by_column:
                check_assignable(column, row.get(column, DEFAULT))
    found = _bulk_rows(columns, by_column) if len(rows) > 1 else None
    if found is not None:
        return found
    values = tuple(tuple(_value_of(row, column) for column in columns) for row in by_column)
    return ValueRows(columns, values)


def groups_of(target: Any, rows: Sequence[Mapping[Any, Any]]) -> list[list[int]]:
    """Which rows one statement can insert: all, unless they differ and are too many for VALUES.

    Rows that give the same columns go as arrays, whatever their number.
    """
    defaults = [c for c in table_of(target).by_attribute.values() if c.default is not None]
    by_names: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(rows):
        by_names.setdefault(tuple(row), []).append(number)
    by_shape: dict[frozenset[Any], list[int]] = {}
    for names, numbers in by_names.items():
        shape = frozenset((*(column_of(target, name) for name in names), *defaults))
        by_shape.setdefault(shape, []).extend(numbers)
    width = len(frozenset[Any]().union(*by_shape))
    if len(by_shape) < 2 or width * len(rows) <= PARAMETER_LIMIT:
        return [list(range(len(rows)))]
    return [sorted(numbers) for numbers in by_shape.values()]


class _Columns(dict[Any, BaseColumn[Any, Any]]):
    """The columns that rows name, each looked up once."""

    def __init__(self, target: Any) -> None:
        super().__init__()
        self._target = target

    def __missing__(self, name: Any) -> BaseColumn[Any, Any]:
        column = self[name] = column_of(self._target, name)
        return column


def _value_of(
    row: Mapping[BaseColumn[Any, Any], Any], column: BaseColumn[Any, Any]
) -> Expression[Any, Any] | None:
    return Assignment(column, row[column]).value if column in row else None


def _bulk_rows(
    columns: tuple[BaseColumn[Any, Any], ...],
    rows: Sequence[Mapping[BaseColumn[Any, Any], Any]],
) -> BulkRows | None:
    """The rows as arrays; None if they differ in shape or hold expressions."""
    names = rows[0].keys()
    for row in rows:
        if row.keys() != names:
            return None
    parameters: list[Parameter[Any]] = []
    for column in columns:
        values = [row[column] for row in rows]
        kinds = set(map(type, values))  # few, so that hardly anything is asked for each value
        if any(issubclass(kind, (Expression, Query)) for kind in kinds):
            return None
        expected = column._type.python_type
        if not kinds <= {expected, NoneType}:
            for value in values:
                if type(value) is not expected and value is not None:
                    fitting_type(value, column._type, str(column))
        parameters.append(Parameter(values, BulkArray(column._type)))
    return BulkRows(columns, tuple(parameters))
