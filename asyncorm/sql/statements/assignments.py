"""What columns get: values, DEFAULT, and a row of a query for several of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.document_paths import DocumentPath
from asyncorm.sql.expressions import Expression, ScalarQuery
from asyncorm.sql.nodes import Query
from asyncorm.sql.sources import column_of, entity_columns, entity_name, is_entity
from asyncorm.sql.table import BaseColumn
from asyncorm.sql.values import UNKNOWN

Column = BaseColumn[Any, Any]


class Default(Expression[Any, Any]):
    """DEFAULT: the value that the table says."""

    __slots__ = ()


DEFAULT = Default(UNKNOWN, ("default",))


def default() -> Expression[Any, Any]:
    """The default that the database has for a column, as its new value: ``DEFAULT``."""
    return DEFAULT


class RowAssignment(Assignment):
    """Several columns, and the query whose only row they get."""

    __slots__ = ("_columns",)

    def __init__(self, columns: tuple[Column, ...], query: Query[Any]) -> None:
        self._columns = columns
        self.column = columns[0]
        self.value = ScalarQuery(query, UNKNOWN)
        keys = tuple(column._key for column in columns)
        self._key = ("set row", keys, self.value._key)
        self._parameters = self.value._parameters

    @property
    def columns(self) -> tuple[Expression[Any, Any], ...]:
        """The columns that get a value."""
        return self._columns


def assignments_of(target: Any, values: Any) -> tuple[Assignment, ...]:
    """Assignments from a mapping to values: of attribute names or columns, or tuples of them."""
    if not isinstance(values, (dict, Mapping)):  # dict first: Mapping's check is Python code
        raise InvalidRequestError(
            f"values for {entity_name(target)} must be a dict, not a {type(values).__name__}",
            hint="write values(name='x') or values({'name': 'x'})",
        )
    found: list[Assignment] = []
    for key, value in values.items():
        if isinstance(key, tuple):
            found.extend(checked_assignments(target, _row_assignments(target, key, value)))
        elif isinstance(key, DocumentPath):
            found.extend(checked_assignments(target, (key.set(value),)))
        else:
            column = column_of(target, key)
            assignment = column.set(value)
            check_assignable(column, assignment.value)
            found.append(assignment)
    return tuple(found)


def _row_assignments(target: Any, names: tuple[Any, ...], value: Any) -> Iterable[Assignment]:
    columns = tuple(column_of(target, name) for name in names)
    if isinstance(value, Query):
        check_width(value, columns, f"({', '.join(map(str, columns))})")
        return (RowAssignment(columns, value),)
    if not isinstance(value, (tuple, list)) or len(value) != len(columns):
        raise InvalidRequestError(
            f"the {len(columns)} columns ({', '.join(map(str, columns))}) take a select() or as "
            "many values",
            hint="write values({(User.a, User.b): select(Other.a, Other.b).where(...)})",
        )
    return map(Assignment, columns, value)


def checked_assignments(
    target: Any, given: Iterable[Any], where: str = "set()"
) -> tuple[Assignment, ...]:
    """The assignments, if they are some, and of columns of the target that can be written."""
    found = tuple(given)
    for assignment in found:
        if not isinstance(assignment, Assignment):
            raise InvalidRequestError(
                f"{where} takes assignments, not a {type(assignment).__name__}",
                hint="write set(User.age.set(5)), or values(age=5)",
            )
        for column in assignment.columns:
            check_assignable(column_of(target, cast("Column", column)), assignment.value)
    return found


def check_assignable(column: Column, value: Any) -> None:
    """Refuse a value for what the server computes."""
    if column.computed is not None and not isinstance(value, Default):
        raise InvalidRequestError(
            f"{column} is computed by the database and takes no value",
            hint="leave it out, and change the columns that it is computed from",
        )


def check_width(query: Any, columns: tuple[Any, ...], what: str) -> None:
    """Refuse a query with another number of columns than ``what`` has."""
    if not hasattr(query, "_output_items"):
        return  # raw SQL: only the server knows
    width = sum(len(entity_columns(i)) if is_entity(i) else 1 for i in query._output_items())
    if width != len(columns):
        raise InvalidRequestError(
            f"{what} takes {len(columns)} columns, and the query has {width}",
            hint="select one expression for each column, in their order",
        )
