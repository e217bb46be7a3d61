"""``tuple_()``: several values compared as one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.conditions import not_
from asyncorm.sql.constructs import RowValue
from asyncorm.sql.expressions import Condition, Expression, ScalarQuery, literal_of, operand
from asyncorm.sql.keys import AmongRows
from asyncorm.sql.nodes import Query
from asyncorm.sql.statements.query import Rows, columns_of
from asyncorm.sql.values import UNKNOWN, fitting_type, listed

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Tuple(RowValue[T]):
    """Several expressions as one value of type ``tuple``."""

    __slots__ = ()

    __hash__ = Expression.__hash__

    if not TYPE_CHECKING:
        # the signatures are those of expressions in general

        def __eq__(self, other):
            return self._compared("=", other)

        def __ne__(self, other):
            return self._compared("<>", other)

        def __lt__(self, other):
            return self._compared("<", other)

        def __le__(self, other):
            return self._compared("<=", other)

        def __gt__(self, other):
            return self._compared(">", other)

        def __ge__(self, other):
            return self._compared(">=", other)

    def in_(self, values: Iterable[T] | Query[T] | Query[T | None]) -> Condition:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Whether the row is among others (one array parameter a column) or a query's rows."""
        if isinstance(values, Query):
            return Condition("IN", (self, self._rows_of(values)))
        # AND of one, because a condition has operators that the rows themselves have not
        return Condition("AND", (self._among(values),))

    def not_in(self, values: Iterable[T] | Query[T] | Query[T | None]) -> Condition:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The opposite of ``in_``."""
        if isinstance(values, Query):
            return Condition("NOT IN", (self, self._rows_of(values)))
        return not_(self._among(values))

    def _compared(self, operator: str, other: Any) -> Condition:
        if isinstance(other, Query):
            return Condition(operator, (self, self._rows_of(other)))
        if isinstance(other, RowValue):
            given: Sequence[Any] = other.fields
        elif isinstance(other, (tuple, list)):
            given = other
        else:
            raise ArgumentError(
                f"tuple_() is compared with a {type(other).__name__}",
                hint="compare with a tuple of values, another tuple_(), or a select()",
            )
        self._check_width(len(given))
        fields = (operand(value, field) for value, field in zip(given, self.fields, strict=True))
        return Condition(operator, (self, RowValue(fields)))

    def _among(self, values: Any) -> AmongRows:
        rows = [tuple(row) for row in listed(values, "tuple_()")]
        for row in rows:
            self._check_width(len(row))
            for value, field in zip(row, self.fields, strict=True):
                if type(value) is not field._type.python_type and value is not None:
                    fitting_type(value, field._type, field._describe())
        return AmongRows(self.fields, rows)

    def _rows_of(self, query: Query[Any]) -> ScalarQuery[Any, Any]:
        if isinstance(query, Rows):
            self._check_width(len(columns_of(query)))
        return ScalarQuery(query, UNKNOWN)

    def _check_width(self, given: int) -> None:
        if given != len(self.fields):
            raise InvalidRequestError(
                f"tuple_() of {len(self.fields)} values is compared with {given}",
                hint="give as many values as the tuple has",
            )


@overload
def tuple_(a: Expression[A, Any], /) -> Tuple[tuple[A]]: ...
@overload
def tuple_(a: Expression[A, Any], b: Expression[B, Any], /) -> Tuple[tuple[A, B]]: ...
@overload
def tuple_(
    a: Expression[A, Any], b: Expression[B, Any], c: Expression[C, Any], /
) -> Tuple[tuple[A, B, C]]: ...
@overload
def tuple_(
    a: Expression[A, Any], b: Expression[B, Any], c: Expression[C, Any], d: Expression[D, Any], /
) -> Tuple[tuple[A, B, C, D]]: ...
@overload
def tuple_(*parts: Expression[Any, Any]) -> Tuple[tuple[Any, ...]]: ...
def tuple_(*parts: Any) -> Tuple[Any]:
    """Several values compared as one: ``tuple_(Post.day, Post.id) < (day, id)``."""
    if not parts:
        raise InvalidRequestError("tuple_() is empty", hint="write tuple_(Post.day, Post.id)")
    return Tuple(map(literal_of, parts))
