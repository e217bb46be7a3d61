"""Window functions, with exact types; each needs ``over()``."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

from asyncorm.sql.expressions import Expression, literal_of, operand
from asyncorm.sql.functions.arguments import integer, type_of
from asyncorm.sql.functions.calls import FunctionCall, NullWindowCall, WindowCall
from asyncorm.sql.given import orders
from asyncorm.sql.operators.arithmetic import common_type
from asyncorm.sql.operators.order import Order
from asyncorm.types import scalars
from asyncorm.types.base import SQLType

V = TypeVar("V")
R = TypeVar("R")

_Int = int | Expression[int, Any]


class Hypothetical(Generic[V]):
    """The place that values would have: ``func.rank(5).within_group(Product.stock)``."""

    __slots__ = ("_arguments", "_name", "_type")

    def __init__(self, name: str, arguments: tuple[object, ...], type_: SQLType[Any]) -> None:
        self._name = name
        self._arguments = arguments
        self._type = type_

    def within_group(self, *order: Expression[Any, Any] | Order) -> FunctionCall[V, V]:
        """The values among which it is asked for, and their order: one for each argument."""
        ordering = orders(order)
        arguments = (
            operand(value, by.expression, nullable=True)
            for value, by in zip(self._arguments, ordering, strict=True)
        )
        return FunctionCall(self._name, arguments, self._type, within=ordering)


class WindowFunctions:
    """The window functions of ``func``."""

    def row_number(self) -> WindowCall[int, int]:
        """The number of the row in its window."""
        return WindowCall("row_number", (), scalars.BIGINT)

    @overload
    def rank(self) -> WindowCall[int, int]: ...
    @overload
    def rank(self, value: object, /, *values: object) -> Hypothetical[int]: ...
    def rank(self, *values: object) -> Any:
        """The rank of the row with gaps; of values, the one they would have in a group."""
        return _place("rank", values, scalars.BIGINT)

    @overload
    def dense_rank(self) -> WindowCall[int, int]: ...
    @overload
    def dense_rank(self, value: object, /, *values: object) -> Hypothetical[int]: ...
    def dense_rank(self, *values: object) -> Any:
        """The rank of the row without gaps; of values, the one they would have in a group."""
        return _place("dense_rank", values, scalars.BIGINT)

    @overload
    def percent_rank(self) -> WindowCall[float, float]: ...
    @overload
    def percent_rank(self, value: object, /, *values: object) -> Hypothetical[float]: ...
    def percent_rank(self, *values: object) -> Any:
        """The rank as a fraction of the rows, from 0 to 1."""
        return _place("percent_rank", values, scalars.FLOAT)

    @overload
    def cume_dist(self) -> WindowCall[float, float]: ...
    @overload
    def cume_dist(self, value: object, /, *values: object) -> Hypothetical[float]: ...
    def cume_dist(self, *values: object) -> Any:
        """The fraction of rows that come before the row or are equal to it."""
        return _place("cume_dist", values, scalars.FLOAT)

    def ntile(self, count: _Int) -> WindowCall[int, int]:
        """Which of so many parts of equal size the row is in, counted from 1."""
        return WindowCall("ntile", (integer(count),), scalars.INTEGER)

    @overload
    def lag(self, expression: Expression[V, Any], offset: _Int = 1) -> NullWindowCall[V]: ...
    @overload
    def lag(
        self, expression: Expression[V, R], offset: _Int = 1, *, default: V | Expression[V, Any]
    ) -> WindowCall[V, R]: ...
    def lag(
        self, expression: Expression[Any, Any], offset: _Int = 1, *, default: Any = None
    ) -> WindowCall[Any, Any]:
        """The value of an earlier row of the window, or the default where there is none."""
        return _beside("lag", expression, offset, default)

    @overload
    def lead(self, expression: Expression[V, Any], offset: _Int = 1) -> NullWindowCall[V]: ...
    @overload
    def lead(
        self, expression: Expression[V, R], offset: _Int = 1, *, default: V | Expression[V, Any]
    ) -> WindowCall[V, R]: ...
    def lead(
        self, expression: Expression[Any, Any], offset: _Int = 1, *, default: Any = None
    ) -> WindowCall[Any, Any]:
        """The value of a later row of the window, or the default where there is none."""
        return _beside("lead", expression, offset, default)

    def first_value(self, expression: Expression[V, R]) -> WindowCall[V, R]:
        """The value of the first row of the frame."""
        return WindowCall("first_value", (expression,), type_of(expression))

    def last_value(self, expression: Expression[V, R]) -> WindowCall[V, R]:
        """The value of the last row of the frame, which without one is the current row."""
        return WindowCall("last_value", (expression,), type_of(expression))

    def nth_value(self, expression: Expression[V, Any], number: _Int) -> NullWindowCall[V]:
        """The value of one row of the frame, counted from 1."""
        return NullWindowCall("nth_value", (expression, integer(number)), type_of(expression))


def _place(name: str, values: tuple[object, ...], type_: SQLType[Any]) -> Any:
    return Hypothetical(name, values, type_) if values else WindowCall(name, (), type_)


def _beside(
    name: str, expression: Expression[Any, Any], offset: Any, default: Any
) -> WindowCall[Any, Any]:
    parts = [literal_of(expression), integer(offset)]
    if default is not None:
        parts.append(operand(default, expression))
    types = (parts[0]._type, parts[-1]._type) if default is not None else (parts[0]._type,)
    return WindowCall(name, parts, common_type(parts[0]._type, types))
