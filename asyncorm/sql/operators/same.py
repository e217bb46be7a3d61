"""Operators that make of an expression one of the same type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar, overload

from asyncorm.sql.operators.arithmetic import other_zone
from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.types.bits import BitString
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import INTEGER, TEXT

S = TypeVar("S")


class SameOperators(Operators[V, R, C], Generic[V, R, C, S]):
    """What gives ``S``, an expression that compares with and yields the same."""

    __slots__ = ()

    def _same(self, operator: str, *operands: Any, type_: Any = None) -> S:
        """An operation: the expression, an operator of the compiler's list, further operands."""
        raise NotImplementedError

    def _collated(self, collation: str) -> S:
        """The expression with a collation."""
        raise NotImplementedError

    # text and time

    @overload
    def concat(self: SameOperators[str, Any, C, S], other: str | Operators[str, Any, C]) -> S: ...
    @overload
    def concat(self, other: Mapping[str, Any] | list[Any]) -> S: ...
    def concat(self, other: Any) -> Any:
        """``||`` of two texts, or of two jsonb values: an object's keys are replaced."""
        if self._type.cast_type == "jsonb":
            return self._same("||", self._operand(other, JSONB()), type_=JSONB())
        return self._same("||", other)

    def collate(self: SameOperators[str, Any, C, S], collation: str) -> S:
        """The text compared and ordered by a collation: ``collate("C")``."""
        return self._collated(collation)

    def at_time_zone(
        self: SameOperators[datetime, Any, C, S], zone: str | Operators[str, Any, C]
    ) -> S:
        """A time with zone as the clock of another shows it, and the other way round."""
        inner = zone if isinstance(zone, Operators) else self._operand(zone, TEXT)
        return self._same("AT TIME ZONE", inner, type_=other_zone(self._type))

    # numbers

    def __neg__(
        self: SameOperators[int, Any, C, S]
        | SameOperators[float, Any, C, S]
        | SameOperators[Decimal, Any, C, S]
        | SameOperators[timedelta, Any, C, S],
    ) -> S:
        return self._same("negate")

    def __floordiv__(self: SameOperators[int, Any, C, S], other: int | Operators[int, Any, C]) -> S:
        return self._same("//", other)

    def __mod__(
        self: SameOperators[int, Any, C, S] | SameOperators[Decimal, Any, C, S],
        other: V | int | Operators[V, Any, C] | Operators[int, Any, C],
    ) -> S:
        return self._same("%", other)

    # bits, of whole numbers and of bit strings

    def bitwise_and(
        self: SameOperators[int, Any, C, S] | SameOperators[BitString, Any, C, S],
        other: V | Operators[V, Any, C],
    ) -> S:
        """The bits that both have (``&``)."""
        return self._same("&", other)

    def bitwise_or(
        self: SameOperators[int, Any, C, S] | SameOperators[BitString, Any, C, S],
        other: V | Operators[V, Any, C],
    ) -> S:
        """The bits that one of both has (``|``)."""
        return self._same("|", other)

    def bitwise_xor(
        self: SameOperators[int, Any, C, S] | SameOperators[BitString, Any, C, S],
        other: V | Operators[V, Any, C],
    ) -> S:
        """The bits that only one of both has (``#``)."""
        return self._same("#", other)

    def bitwise_not(
        self: SameOperators[int, Any, C, S] | SameOperators[BitString, Any, C, S],
    ) -> S:
        """The bits turned over (``~``)."""
        return self._same("invert")

    def bitwise_lshift(
        self: SameOperators[int, Any, C, S] | SameOperators[BitString, Any, C, S],
        by: int | Operators[int, Any, C],
    ) -> S:
        """The bits moved to the left (``<<``); bit strings keep their length."""
        return self._same("<<", self._operand(by, INTEGER))

    def bitwise_rshift(
        self: SameOperators[int, Any, C, S] | SameOperators[BitString, Any, C, S],
        by: int | Operators[int, Any, C],
    ) -> S:
        """The bits moved to the right (``>>``)."""
        return self._same(">>", self._operand(by, INTEGER))
