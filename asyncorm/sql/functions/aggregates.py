"""Aggregates, with exact types."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar, overload

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import Expression, operand, with_bits
from asyncorm.sql.functions.arguments import type_of
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.values import array_type
from asyncorm.types import scalars
from asyncorm.types.bits import BitString
from asyncorm.types.json import JSON, JSONB

V = TypeVar("V")
R = TypeVar("R")
W = TypeVar("W", int, BitString)

_WITHOUT_EXTREMES = {
    "boolean": "use bool_and() and bool_or()",
    "uuid": "order by it and take the first row, or cast(expression, str)",
    "jsonb": "compare a part of it, as in func.max(Post.data['size'].as_numeric())",
    "json": "compare a part of it, as in func.max(Post.data['size'].as_numeric())",
}
_JSON = JSON()
_JSONB = JSONB()


class Aggregates:
    """The aggregates of ``func``."""

    def count(self, expression: Expression[Any, Any] | None = None) -> FunctionCall[int, int]:
        """``count(*)``, or the number of values that are not NULL."""
        return FunctionCall("count", () if expression is None else (expression,), scalars.BIGINT)

    # no type variable: type checkers lose it where one call stands in another
    @overload
    def sum(self, expression: Expression[int, Any]) -> NullFunctionCall[int]: ...
    @overload
    def sum(self, expression: Expression[float, Any]) -> NullFunctionCall[float]: ...
    @overload
    def sum(self, expression: Expression[Decimal, Any]) -> NullFunctionCall[Decimal]: ...
    @overload
    def sum(self, expression: Expression[timedelta, Any]) -> NullFunctionCall[timedelta]: ...
    def sum(self, expression: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The sum; of integers an int of any size."""
        given = type_of(expression)
        return NullFunctionCall(
            "sum", (expression,), scalars.INTEGRAL if given.python_type is int else given
        )

    @overload
    def avg(self, expression: Expression[int, Any]) -> NullFunctionCall[Decimal]: ...
    @overload
    def avg(self, expression: Expression[float, Any]) -> NullFunctionCall[float]: ...
    @overload
    def avg(self, expression: Expression[Decimal, Any]) -> NullFunctionCall[Decimal]: ...
    @overload
    def avg(self, expression: Expression[timedelta, Any]) -> NullFunctionCall[timedelta]: ...
    def avg(self, expression: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The average; of integers a Decimal."""
        given = type_of(expression)
        result = scalars.NUMERIC if given.python_type is int else given
        return NullFunctionCall("avg", (expression,), result)

    def min(self, expression: Expression[V, Any]) -> NullFunctionCall[V]:
        """The smallest value."""
        return _extreme("min", expression)

    def max(self, expression: Expression[V, Any]) -> NullFunctionCall[V]:
        """The largest value."""
        return _extreme("max", expression)

    def bool_and(self, expression: Expression[bool, Any]) -> NullFunctionCall[bool]:
        """Whether all are true."""
        return NullFunctionCall("bool_and", (expression,), scalars.BOOLEAN)

    def bool_or(self, expression: Expression[bool, Any]) -> NullFunctionCall[bool]:
        """Whether any is true."""
        return NullFunctionCall("bool_or", (expression,), scalars.BOOLEAN)

    def array_agg(self, expression: Expression[V, R]) -> FunctionCall[list[V], list[R] | None]:
        """All values as an array."""
        return FunctionCall("array_agg", (expression,), array_type(type_of(expression)))

    def string_agg(
        self, expression: Expression[str, Any], separator: str | Expression[str, Any]
    ) -> NullFunctionCall[str]:
        """All texts joined by the separator."""
        parts = (expression, operand(separator, expression))
        return NullFunctionCall("string_agg", parts, scalars.TEXT)

    def json_agg(self, expression: Expression[Any, Any]) -> FunctionCall[Any, Any]:
        """All values as a JSON array."""
        return FunctionCall("json_agg", (expression,), _JSON)

    def jsonb_agg(self, expression: Expression[Any, Any]) -> FunctionCall[Any, Any]:
        """All values as a JSONB array."""
        return FunctionCall("jsonb_agg", (expression,), _JSONB)

    def json_object_agg(
        self, key: Expression[Any, Any], value: Expression[Any, Any]
    ) -> FunctionCall[Any, Any]:
        """A JSON object with a member for each row."""
        return FunctionCall("json_object_agg", (key, value), _JSON)

    def jsonb_object_agg(
        self, key: Expression[Any, Any], value: Expression[Any, Any]
    ) -> FunctionCall[Any, Any]:
        """A JSONB object with a member for each row."""
        return FunctionCall("jsonb_object_agg", (key, value), _JSONB)

    def every(self, expression: Expression[bool, Any]) -> NullFunctionCall[bool]:
        """Whether all are true."""
        return NullFunctionCall("every", (expression,), scalars.BOOLEAN)

    def bit_and(self, expression: Expression[W, Any]) -> NullFunctionCall[W]:
        """The bits that all values have."""
        return _bits("bit_and", expression)

    def bit_or(self, expression: Expression[W, Any]) -> NullFunctionCall[W]:
        """The bits that any value has."""
        return _bits("bit_or", expression)

    def bit_xor(self, expression: Expression[W, Any]) -> NullFunctionCall[W]:
        """The bits that an odd number of values have."""
        return _bits("bit_xor", expression)


def _extreme(name: str, expression: Expression[V, Any]) -> NullFunctionCall[V]:
    type_ = type_of(expression)
    advice = _WITHOUT_EXTREMES.get(type_.cast_type)
    if advice is not None:
        raise ArgumentError(
            f"PostgreSQL has no {name}() of {type_.ddl}, which {name}() was given",
            hint=advice,
        )
    return NullFunctionCall(name, (expression,), type_)


def _bits(name: str, expression: Expression[W, Any]) -> NullFunctionCall[W]:
    type_of(expression)
    found = with_bits(expression)
    return NullFunctionCall(name, (found,), found._type)
