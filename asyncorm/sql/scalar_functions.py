"""Functions that choose among values, with exact types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar, overload
from uuid import UUID

from asyncorm.sql.arithmetic import common_type
from asyncorm.sql.expressions import Expression, operand
from asyncorm.sql.function_calls import FunctionCall, NullFunctionCall
from asyncorm.types import scalars
from asyncorm.types.base import SQLType

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
        parts = (first, *(operand(item, first) for item in rest))
        return _one_of("coalesce", parts)

    def nullif(
        self, value: Expression[V, Any], other: V | Expression[V, Any]
    ) -> NullFunctionCall[V]:
        """NULL if both are equal, else the value."""
        parts = (value, operand(other, value))
        return NullFunctionCall("nullif", parts, common_type(*_types(parts)))

    def greatest(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The largest of the values."""
        parts = (first, *(operand(item, first) for item in rest))
        return _one_of("greatest", parts)

    def least(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The smallest of the values."""
        parts = (first, *(operand(item, first) for item in rest))
        return _one_of("least", parts)


def _one_of(name: str, parts: tuple[Any, ...]) -> FunctionCall[Any, Any]:
    return FunctionCall(name, parts, common_type(*_types(parts)))


def _types(parts: tuple[Any, ...]) -> tuple[SQLType[Any], tuple[SQLType[Any], ...]]:
    return parts[0]._type, tuple(part._type for part in parts[1:])
