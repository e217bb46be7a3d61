"""Operators of ranges and multiranges: where one lies beside another."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, overload

from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.types.ranges import Multirange, Range

T = TypeVar("T")
#: what a range is compared with
Other: TypeAlias = (
    Range[T] | Multirange[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C]
)


class RangeOperators(Operators[V, R, C]):
    """How a range lies to another one; ``contains`` and ``overlaps`` are with those of arrays."""

    __slots__ = ()

    @overload
    def adjacent_to(self: RangeOperators[Range[T], Any, C], other: Other[T, C]) -> C: ...
    @overload
    def adjacent_to(self: RangeOperators[Multirange[T], Any, C], other: Other[T, C]) -> C: ...
    def adjacent_to(self, other: Any) -> C:
        """Whether there is nothing between the ranges, and nothing in both (``-|-``)."""
        return self._beside("-|-", other)

    @overload
    def strictly_left_of(self: RangeOperators[Range[T], Any, C], other: Other[T, C]) -> C: ...
    @overload
    def strictly_left_of(self: RangeOperators[Multirange[T], Any, C], other: Other[T, C]) -> C: ...
    def strictly_left_of(self, other: Any) -> C:
        """Whether the range ends before the other begins (``<<``)."""
        return self._beside("<<", other)

    @overload
    def strictly_right_of(self: RangeOperators[Range[T], Any, C], other: Other[T, C]) -> C: ...
    @overload
    def strictly_right_of(self: RangeOperators[Multirange[T], Any, C], other: Other[T, C]) -> C: ...
    def strictly_right_of(self, other: Any) -> C:
        """Whether the range begins after the other ends (``>>``)."""
        return self._beside(">>", other)

    @overload
    def not_extend_left_of(self: RangeOperators[Range[T], Any, C], other: Other[T, C]) -> C: ...
    @overload
    def not_extend_left_of(
        self: RangeOperators[Multirange[T], Any, C], other: Other[T, C]
    ) -> C: ...
    def not_extend_left_of(self, other: Any) -> C:
        """Whether the range begins no earlier than the other (``&>``)."""
        return self._beside("&>", other)

    @overload
    def not_extend_right_of(self: RangeOperators[Range[T], Any, C], other: Other[T, C]) -> C: ...
    @overload
    def not_extend_right_of(
        self: RangeOperators[Multirange[T], Any, C], other: Other[T, C]
    ) -> C: ...
    def not_extend_right_of(self, other: Any) -> C:
        """Whether the range ends no later than the other (``&<``)."""
        return self._beside("&<", other)

    def _beside(self, operator: str, other: Any) -> C:
        if self._type.cast_type and not issubclass(self._type.python_type, (Range, Multirange)):
            raise self._unfit(
                "only ranges lie beside others", "compare numbers and days by < and >"
            )
        return self._condition(operator, self._part(other))
