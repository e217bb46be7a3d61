"""Functions of text, numbers, time and choice, with exact types."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar, overload
from uuid import UUID

from asyncorm.sql.expressions import Expression, literal_of, operand
from asyncorm.sql.function_calls import FunctionCall, NullFunctionCall
from asyncorm.types import scalars

V = TypeVar("V")
R = TypeVar("R")


class ScalarFunctions:
    """The functions of ``func`` of single values."""

    def lower(self, text: str | Expression[str, R]) -> FunctionCall[str, R]:
        """The text in lower case."""
        return FunctionCall("lower", (literal_of(text),), scalars.TEXT)

    def upper(self, text: str | Expression[str, R]) -> FunctionCall[str, R]:
        """The text in upper case."""
        return FunctionCall("upper", (literal_of(text),), scalars.TEXT)

    def trim(self, text: Expression[str, R]) -> FunctionCall[str, R]:
        """The text without blanks at its ends."""
        return FunctionCall("btrim", (literal_of(text),), scalars.TEXT)

    def length(self, text: Expression[str, Any]) -> FunctionCall[int, int]:
        """The number of characters."""
        return FunctionCall("length", (literal_of(text),), scalars.INTEGER)

    def concat(self, *parts: object) -> FunctionCall[str, str]:
        """The texts of all parts in a row; NULL counts as empty."""
        return FunctionCall("concat", map(literal_of, parts), scalars.TEXT)

    def abs(self, number: Expression[V, R]) -> FunctionCall[V, R]:
        """The number without its sign."""
        return FunctionCall("abs", (number,), number._type)

    def now(self) -> FunctionCall[datetime, datetime]:
        """The time at which the transaction began."""
        return FunctionCall("now", (), scalars.TIMESTAMPTZ)

    def clock_timestamp(self) -> FunctionCall[datetime, datetime]:
        """The time at this moment."""
        return FunctionCall("clock_timestamp", (), scalars.TIMESTAMPTZ)

    def date_trunc(self, unit: str, time: Expression[datetime, R]) -> FunctionCall[datetime, R]:
        """The time cut down to a unit such as ``"day"``."""
        return FunctionCall("date_trunc", (literal_of(unit), time), time._type)

    def random(self) -> FunctionCall[float, float]:
        """A number from 0 to below 1."""
        return FunctionCall("random", (), scalars.FLOAT)

    def gen_random_uuid(self) -> FunctionCall[UUID, UUID]:
        """A random UUID."""
        return FunctionCall("gen_random_uuid", (), scalars.UUID)

    def uuidv7(self) -> FunctionCall[UUID, UUID]:
        """A UUID that sorts by the time it was made; needs PostgreSQL 18."""
        return FunctionCall("uuidv7", (), scalars.UUID)

    @overload
    def coalesce(self, first: Expression[V, Any], last: V, /) -> FunctionCall[V, V]: ...
    @overload
    def coalesce(
        self, first: Expression[V, Any], /, *rest: Expression[V, R]
    ) -> FunctionCall[V, R]: ...
    @overload
    def coalesce(
        self, first: Expression[V, Any], second: Expression[V, Any], last: V, /
    ) -> FunctionCall[V, V]: ...
    def coalesce(self, first: Expression[Any, Any], /, *rest: Any) -> FunctionCall[Any, Any]:
        """The first of the values that is not NULL."""
        parts = (first, *(operand(item, first) for item in rest))
        return FunctionCall("coalesce", parts, first._type)

    def nullif(
        self, value: Expression[V, Any], other: V | Expression[V, Any]
    ) -> NullFunctionCall[V]:
        """NULL if both are equal, else the value."""
        return NullFunctionCall("nullif", (value, operand(other, value)), value._type)

    def greatest(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The largest of the values."""
        parts = (first, *(operand(item, first) for item in rest))
        return FunctionCall("greatest", parts, first._type)

    def least(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The smallest of the values."""
        parts = (first, *(operand(item, first) for item in rest))
        return FunctionCall("least", parts, first._type)
