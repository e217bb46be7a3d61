"""Functions that choose among values, with exact types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar, overload
from uuid import UUID

from asyncorm.sql.expressions import Expression, operand
from asyncorm.sql.functions.arguments import type_of
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.operators.arithmetic import common_type
from asyncorm.types import scalars

V = TypeVar("V")
R = TypeVar("R")


class ScalarFunctions:
    """The functions of ``func`` of single values."""

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
        self, first: Expression[V, Any], second: Expression[V, R], /, *rest: Expression[V, R]
    ) -> FunctionCall[V, R]: ...
    @overload
    def coalesce(
        self, first: Expression[Decimal, Any], last: int, /
    ) -> FunctionCall[Decimal, Decimal]: ...
    @overload
    def coalesce(
        self, first: Expression[V, Any], second: Expression[V, Any], last: V, /
    ) -> FunctionCall[V, V]: ...
    def coalesce(self, first: Expression[Any, Any], /, *rest: Any) -> FunctionCall[Any, Any]:
        """The first of the values that is not NULL."""
        return _one_of("coalesce", first, rest)

    def nullif(
        self, value: Expression[V, Any], other: V | Expression[V, Any]
    ) -> NullFunctionCall[V]:
        """NULL if both are equal, else the value."""
        type_ = type_of(value)
        found = operand(other, value)
        return NullFunctionCall("nullif", (value, found), common_type(type_, (found._type,)))

    def greatest(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The largest of the values."""
        return _one_of("greatest", first, rest)

    def least(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The smallest of the values."""
        return _one_of("least", first, rest)


def _one_of(name: str, first: Any, rest: tuple[Any, ...]) -> FunctionCall[Any, Any]:
    type_ = type_of(first)
    further = tuple(operand(item, first) for item in rest)
    type_ = common_type(type_, tuple(item._type for item in further))
    return FunctionCall(name, (first, *further), type_)
