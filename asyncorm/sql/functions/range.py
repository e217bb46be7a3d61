"""Functions of ranges and multiranges, with exact types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, overload

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import CastTo, Expression, Parameter, literal_of, operand
from asyncorm.sql.functions.arguments import type_of
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.types.base import SQLType
from asyncorm.types.range_types import MULTIRANGES, RANGES, MultirangeType, RangeType
from asyncorm.types.ranges import BOUNDS, Bounds, Multirange, Range
from asyncorm.types.scalars import BOOLEAN, TEXT

T = TypeVar("T")

AnyRange: TypeAlias = Expression[Range[T], Any] | Expression[Multirange[T], Any]


class RangeFunctions:
    """The functions of ``func`` of ranges; their bounds are ``func.lower`` and ``func.upper``."""

    def isempty(self, range: AnyRange[Any]) -> FunctionCall[bool, bool]:
        """Whether nothing is in the range."""
        return _test("isempty", range)

    def lower_inc(self, range: AnyRange[Any]) -> FunctionCall[bool, bool]:
        """Whether the lower bound belongs to the range."""
        return _test("lower_inc", range)

    def upper_inc(self, range: AnyRange[Any]) -> FunctionCall[bool, bool]:
        """Whether the upper bound belongs to the range."""
        return _test("upper_inc", range)

    def lower_inf(self, range: AnyRange[Any]) -> FunctionCall[bool, bool]:
        """Whether the range has no lower bound."""
        return _test("lower_inf", range)

    def upper_inf(self, range: AnyRange[Any]) -> FunctionCall[bool, bool]:
        """Whether the range has no upper bound."""
        return _test("upper_inf", range)

    @overload
    def range_merge(
        self, range: Expression[Multirange[T], Any], /
    ) -> FunctionCall[Range[T], Range[T]]: ...
    @overload
    def range_merge(
        self, range: Expression[Range[T], Any], other: Range[T] | Expression[Range[T], Any], /
    ) -> FunctionCall[Range[T], Range[T]]: ...
    def range_merge(self, range: Any, other: Any = None, /) -> FunctionCall[Any, Any]:
        """The smallest range that has all of both in it, or all of a multirange."""
        given = (range,) if other is None else (range, operand(other, range))
        return FunctionCall("range_merge", given, _range_type(range))

    def range_agg(self, range: AnyRange[T]) -> NullFunctionCall[Multirange[T]]:
        """All that is in one of the ranges of all rows; NULL of no rows."""
        type_ = _range_type(range)
        return NullFunctionCall("range_agg", (range,), MULTIRANGES[type_.multirange_name])

    @overload
    def range_intersect_agg(
        self, range: Expression[Range[T], Any]
    ) -> NullFunctionCall[Range[T]]: ...
    @overload
    def range_intersect_agg(
        self, range: Expression[Multirange[T], Any]
    ) -> NullFunctionCall[Multirange[T]]: ...
    def range_intersect_agg(self, range: Any) -> NullFunctionCall[Any]:
        """What is in the ranges of all rows; NULL of no rows."""
        _range_type(range)
        return NullFunctionCall("range_intersect_agg", (range,), type_of(range))

    def multirange(
        self, range: Expression[Range[T], Any]
    ) -> FunctionCall[Multirange[T], Multirange[T]]:
        """The range as a multirange."""
        type_ = _range_type(range)
        return FunctionCall("multirange", (range,), MULTIRANGES[type_.multirange_name])

    def int4range(
        self,
        lower: int | Expression[int, Any] | None,
        upper: int | Expression[int, Any] | None,
        bounds: Bounds = "[)",
    ) -> FunctionCall[Range[int], Range[int]]:
        """An int4range of its bounds; None is infinity."""
        return _made("int4range", lower, upper, bounds)

    def int8range(
        self,
        lower: int | Expression[int, Any] | None,
        upper: int | Expression[int, Any] | None,
        bounds: Bounds = "[)",
    ) -> FunctionCall[Range[int], Range[int]]:
        """An int8range of its bounds; None is infinity."""
        return _made("int8range", lower, upper, bounds)

    def numrange(
        self,
        lower: Decimal | int | Expression[Decimal, Any] | None,
        upper: Decimal | int | Expression[Decimal, Any] | None,
        bounds: Bounds = "[)",
    ) -> FunctionCall[Range[Decimal], Range[Decimal]]:
        """A numrange of its bounds; None is infinity."""
        return _made("numrange", lower, upper, bounds)

    def daterange(
        self,
        lower: date | Expression[date, Any] | None,
        upper: date | Expression[date, Any] | None,
        bounds: Bounds = "[)",
    ) -> FunctionCall[Range[date], Range[date]]:
        """A daterange of its bounds; None is infinity."""
        return _made("daterange", lower, upper, bounds)

    def tsrange(
        self,
        lower: datetime | Expression[datetime, Any] | None,
        upper: datetime | Expression[datetime, Any] | None,
        bounds: Bounds = "[)",
    ) -> FunctionCall[Range[datetime], Range[datetime]]:
        """A tsrange of its bounds, which have no zone; None is infinity."""
        return _made("tsrange", lower, upper, bounds)

    def tstzrange(
        self,
        lower: datetime | Expression[datetime, Any] | None,
        upper: datetime | Expression[datetime, Any] | None,
        bounds: Bounds = "[)",
    ) -> FunctionCall[Range[datetime], Range[datetime]]:
        """A tstzrange of its bounds; None is infinity."""
        return _made("tstzrange", lower, upper, bounds)


def _range_type(range: Expression[Any, Any]) -> RangeType:
    type_ = type_of(range)
    if isinstance(type_, MultirangeType):
        return type_.range_type
    if isinstance(type_, RangeType):
        return type_
    raise ArgumentError(
        f"{range._describe()} is {type_.ddl} and no range", hint="give a column of ranges"
    )


def _test(name: str, range: Expression[Any, Any]) -> FunctionCall[bool, bool]:
    _range_type(range)
    return FunctionCall(name, (range,), BOOLEAN)


def _bound(given: Expression[Any, Any], type_: SQLType[Any]) -> Expression[Any, Any]:
    """An expression as what the bounds are: functions of ranges take nothing wider."""
    is_same = given._type.cast_type in ("", type_.cast_type)
    return given if is_same else CastTo(given, type_)


def _made(name: str, lower: Any, upper: Any, bounds: Any) -> FunctionCall[Any, Any]:
    if bounds not in BOUNDS:
        raise ArgumentError("the bounds of a range are unknown", hint='give "[)", "(]", "[]", "()"')
    type_ = RANGES[name]
    parts = [
        _bound(part, type_.item) if isinstance(part, Expression) else Parameter(part, type_.item)
        for part in (lower, upper)
    ]
    return FunctionCall(name, (*parts, literal_of(Parameter(bounds, TEXT))), type_)
