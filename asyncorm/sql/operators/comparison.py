"""Comparisons that every type has, beside == and !=."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, overload

from asyncorm.sql.nodes import Query
from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.sql.values import array_type, item_type, listed, truth_name
from asyncorm.types.arrays import BulkArray, is_array


class ComparisonOperators(Operators[V, R, C]):
    """Order, ranges of values, NULL and lists."""

    __slots__ = ()

    @overload
    def __lt__(
        self: ComparisonOperators[Decimal, Any, C], other: int | Operators[int, Any, C]
    ) -> C: ...
    @overload
    def __lt__(self, other: V | Operators[V, Any, C] | Query[V]) -> C: ...
    def __lt__(self, other: Any) -> C:
        return self._condition("<", self._operand(other))

    @overload
    def __le__(
        self: ComparisonOperators[Decimal, Any, C], other: int | Operators[int, Any, C]
    ) -> C: ...
    @overload
    def __le__(self, other: V | Operators[V, Any, C] | Query[V]) -> C: ...
    def __le__(self, other: Any) -> C:
        return self._condition("<=", self._operand(other))

    @overload
    def __gt__(
        self: ComparisonOperators[Decimal, Any, C], other: int | Operators[int, Any, C]
    ) -> C: ...
    @overload
    def __gt__(self, other: V | Operators[V, Any, C] | Query[V]) -> C: ...
    def __gt__(self, other: Any) -> C:
        return self._condition(">", self._operand(other))

    @overload
    def __ge__(
        self: ComparisonOperators[Decimal, Any, C], other: int | Operators[int, Any, C]
    ) -> C: ...
    @overload
    def __ge__(self, other: V | Operators[V, Any, C] | Query[V]) -> C: ...
    def __ge__(self, other: Any) -> C:
        return self._condition(">=", self._operand(other))

    @overload
    def between(
        self: ComparisonOperators[Decimal, Any, C],
        low: Decimal | int | Operators[Decimal, Any, C] | Operators[int, Any, C],
        high: Decimal | int | Operators[Decimal, Any, C] | Operators[int, Any, C],
        symmetric: bool = False,
    ) -> C: ...
    @overload
    def between(
        self,
        low: V | Operators[V, Any, C],
        high: V | Operators[V, Any, C],
        symmetric: bool = False,
    ) -> C: ...
    def between(self, low: Any, high: Any, symmetric: bool = False) -> C:
        """``BETWEEN low AND high``, both included; ``symmetric``: whichever of them is lower."""
        operator = "BETWEEN SYMMETRIC" if symmetric else "BETWEEN"
        return self._condition(operator, self._operand(low), self._operand(high))

    @overload
    def is_(
        self: ComparisonOperators[bool, Any, C], other: bool | Operators[bool, Any, C] | None
    ) -> C: ...
    @overload
    def is_(self, other: Operators[V, Any, C] | None) -> C: ...
    def is_(self, other: Any) -> C:
        """``IS NULL``, ``IS TRUE``, ``IS FALSE``; against an expression IS NOT DISTINCT FROM."""
        if isinstance(other, Operators):
            return self.is_not_distinct_from(other)
        return self._condition(f"IS {truth_name(other)}")

    @overload
    def is_not(
        self: ComparisonOperators[bool, Any, C], other: bool | Operators[bool, Any, C] | None
    ) -> C: ...
    @overload
    def is_not(self, other: Operators[V, Any, C] | None) -> C: ...
    def is_not(self, other: Any) -> C:
        """The opposite of ``is_``."""
        if isinstance(other, Operators):
            return self.is_distinct_from(other)
        return self._condition(f"IS NOT {truth_name(other)}")

    def is_distinct_from(self, other: V | Operators[V, Any, C] | None) -> C:
        """``<>`` that takes NULL as a value of its own."""
        return self._condition("IS DISTINCT FROM", self._operand(other, nullable=True))

    def is_not_distinct_from(self, other: V | Operators[V, Any, C] | None) -> C:
        """``=`` that takes NULL as a value of its own."""
        return self._condition("IS NOT DISTINCT FROM", self._operand(other, nullable=True))

    @overload
    def in_(self: ComparisonOperators[Decimal, Any, C], values: Iterable[Decimal | int]) -> C: ...
    @overload
    def in_(self, values: Iterable[V] | Query[V] | Query[V | None]) -> C: ...
    def in_(self, values: Any) -> C:
        """Whether the value is among the values (one array parameter) or a query's rows."""
        if isinstance(values, Query):
            return self._condition("IN", self._operand(values))
        return self._condition("= ANY", self._array_of(values))

    @overload
    def not_in(
        self: ComparisonOperators[Decimal, Any, C], values: Iterable[Decimal | int]
    ) -> C: ...
    @overload
    def not_in(self, values: Iterable[V] | Query[V] | Query[V | None]) -> C: ...
    def not_in(self, values: Any) -> C:
        """The opposite of ``in_``."""
        if isinstance(values, Query):
            return self._condition("NOT IN", self._operand(values))
        return self._condition("<> ALL", self._array_of(values))

    def _array_of(self, values: Any) -> Any:
        name = self._describe()
        found = listed(values, name)
        type_ = item_type(found, self._type, name)
        return self._operand(found, BulkArray(type_) if is_array(type_) else array_type(type_))
