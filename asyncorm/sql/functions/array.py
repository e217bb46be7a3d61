"""Functions of arrays, with exact types."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import CastTo, Expression, Parameter, literal_of, operand, with_bits
from asyncorm.sql.functions.arguments import type_of
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import BIGINT, INTEGER, TEXT

T = TypeVar("T")
R = TypeVar("R")


class ArrayFunctions:
    """The functions of ``func`` of arrays; rows of one are ``func.unnest``."""

    def array_append(
        self, array: Expression[list[T], R], element: T | Expression[T, Any]
    ) -> FunctionCall[list[T], R]:
        """The array with one more element at its end."""
        return FunctionCall("array_append", (array, _element(array, element)), array._type)

    def array_prepend(
        self, element: T | Expression[T, Any], array: Expression[list[T], R]
    ) -> FunctionCall[list[T], R]:
        """The array with one more element at its begin."""
        return FunctionCall("array_prepend", (_element(array, element), array), array._type)

    def array_cat(
        self, array: Expression[list[T], R], other: list[T] | Expression[list[T], Any]
    ) -> FunctionCall[list[T], R]:
        """One array after the other."""
        type_ = type_of(array)
        return FunctionCall("array_cat", (array, operand(other, array)), type_)

    def array_remove(
        self, array: Expression[list[T], R], element: T | Expression[T, Any]
    ) -> FunctionCall[list[T], R]:
        """The array without the elements that equal the value."""
        return FunctionCall("array_remove", (array, _element(array, element)), array._type)

    def array_replace(
        self,
        array: Expression[list[T], R],
        element: T | Expression[T, Any],
        by: T | Expression[T, Any],
    ) -> FunctionCall[list[T], R]:
        """The array with another value in place of one."""
        parts = (array, _element(array, element), _element(array, by))
        return FunctionCall("array_replace", parts, array._type)

    def array_position(
        self, array: Expression[list[T], Any], element: T | Expression[T, Any]
    ) -> NullFunctionCall[int]:
        """Where the value is first, counted from 1; NULL if it is not there."""
        return NullFunctionCall("array_position", (array, _element(array, element)), INTEGER)

    def array_positions(
        self, array: Expression[list[T], Any], element: T | Expression[T, Any]
    ) -> Expression[list[int], list[int]]:
        """Everywhere the value is, counted from 1."""
        parts = (array, _element(array, element))
        # as bigint[], which alone can be compared with what list[int] means
        return CastTo(FunctionCall("array_positions", parts, Array(INTEGER)), Array(BIGINT))

    @overload
    def cardinality(  # pyright: ignore[reportOverlappingOverload]
        self, array: Expression[list[T], list[T] | None]
    ) -> NullFunctionCall[int]: ...
    @overload
    def cardinality(self, array: Expression[list[T], Any]) -> FunctionCall[int, int]: ...
    def cardinality(self, array: Expression[list[T], Any]) -> FunctionCall[int, Any]:
        """The number of elements."""
        _item(array)
        return FunctionCall("cardinality", (array,), INTEGER)

    def array_length(
        self, array: Expression[list[T], Any], dimension: int = 1
    ) -> NullFunctionCall[int]:
        """The number of elements; NULL of an empty array."""
        _item(array)
        return NullFunctionCall("array_length", (array, Parameter(dimension, INTEGER)), INTEGER)

    def array_to_string(
        self, array: Expression[list[T], Any], separator: str, null: str | None = None
    ) -> FunctionCall[str, str]:
        """The elements as one text; NULL is left out, or written as ``null``."""
        _item(array)
        texts = (separator,) if null is None else (separator, null)
        return FunctionCall("array_to_string", (array, *map(literal_of, texts)), TEXT)


def _item(array: Expression[Any, Any]) -> SQLType[Any]:
    type_ = type_of(array)
    if isinstance(type_, Array):
        return type_.item
    raise ArgumentError(f"{array._describe()} is no array", hint="give a column of arrays")


def _element(array: Expression[Any, Any], value: Any) -> Expression[Any, Any]:
    near: Expression[Any, Any] = Parameter(None, _item(array))
    found: Expression[Any, Any] = operand(value, near, nullable=True)
    # beside a numeric PostgreSQL would make bigint[] to numeric[]
    return found if near._type.cast_type == "numeric" else with_bits(found)
