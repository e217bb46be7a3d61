"""Operators of arrays: elements, and comparisons with any or all of them."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import INTEGER

T = TypeVar("T")


class ArrayOperators(Operators[V, R, C]):
    """What can be asked of the elements of an array."""

    __slots__ = ()

    @overload
    def any(self: ArrayOperators[list[T], Any, C], value: T | Operators[T, Any, C]) -> C: ...
    @overload
    def any(self: ArrayOperators[set[T], Any, C], value: T | Operators[T, Any, C]) -> C: ...
    def any(self, value: Any) -> C:
        """Whether an element of the array equals the value."""
        return self._quantified("= any element", value)

    @overload
    def all(self: ArrayOperators[list[T], Any, C], value: T | Operators[T, Any, C]) -> C: ...
    @overload
    def all(self: ArrayOperators[set[T], Any, C], value: T | Operators[T, Any, C]) -> C: ...
    def all(self, value: Any) -> C:
        """Whether every element of the array equals the value; of an empty array it is true."""
        return self._quantified("= all elements", value)

    def _quantified(self, operator: str, value: Any) -> C:
        return self._condition(operator, self._operand(value, self._item_type("any() and all()")))

    def _element(self, key: Any) -> Any:
        """The element or the slice that ``[key]`` means."""
        item = self._item_type("[]")
        if not isinstance(key, slice):
            return self._operation("[]", self._index(key), type_=item)
        if key.step is not None:
            raise ArgumentError("a slice of an array has no step", hint="write tags[2:5]")
        ends = [None if end is None else self._index(end) for end in (key.start, key.stop)]
        if ends[0] is None and ends[1] is None:
            return self
        if ends[0] is None:
            return self._operation("[:n]", ends[1])
        return (
            self._operation("[n:]", ends[0]) if ends[1] is None else self._operation("[:]", *ends)
        )

    def _index(self, key: Any) -> Any:
        if isinstance(key, bool) or not isinstance(key, (int, Operators)):
            raise ArgumentError(
                f"an element of {self._describe()} is named by int, not {type(key).__name__}",
                hint="write tags[1] or tags[2:5]; PostgreSQL counts from 1",
            )
        return self._operand(key, INTEGER)

    def _item_type(self, user: str) -> SQLType[Any]:
        if not isinstance(self._type, Array):
            raise self._unfit(f"only arrays have {user}", "use in_() for a list of values")
        return self._type.item
