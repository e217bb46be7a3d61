"""Operators of ranges and multiranges: where one lies beside another."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators import C, Operators, R, V
from asyncorm.types.ranges import Multirange, Range

T = TypeVar("T")
Ranges: TypeAlias = Range[T] | Multirange[T]


class RangeOperators(Operators[V, R, C]):
    """How a range lies to another one; ``contains`` and ``overlaps`` are with those of arrays."""

    __slots__ = ()

    def adjacent_to(
        self: RangeOperators[Range[T], Any, C] | RangeOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
    ) -> C:
        """Whether there is nothing between the ranges, and nothing in both (``-|-``)."""
        return self._beside("-|-", other)

    def strictly_left_of(
        self: RangeOperators[Range[T], Any, C] | RangeOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
    ) -> C:
        """Whether the range ends before the other begins (``<<``)."""
        return self._beside("<<", other)

    def strictly_right_of(
        self: RangeOperators[Range[T], Any, C] | RangeOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
    ) -> C:
        """Whether the range begins after the other ends (``>>``)."""
        return self._beside(">>", other)

    def not_extend_left_of(
        self: RangeOperators[Range[T], Any, C] | RangeOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
    ) -> C:
        """Whether the range begins no earlier than the other (``&>``)."""
        return self._beside("&>", other)

    def not_extend_right_of(
        self: RangeOperators[Range[T], Any, C] | RangeOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
    ) -> C:
        """Whether the range ends no later than the other (``&<``)."""
        return self._beside("&<", other)

    def _beside(self, operator: str, other: Any) -> C:
        if self._type.cast_type and not issubclass(self._type.python_type, (Range, Multirange)):
            raise ArgumentError(
                f"{self._describe()} is {self._type.ddl} and no range",
                hint="compare numbers and days with < and >",
            )
        return self._condition(operator, self._part(other))
