"""Functions with several rows, with exact types; each is for FROM."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, overload

from asyncorm.sql.expressions import Expression, Parameter, literal_of, with_bits
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.values import UNKNOWN
from asyncorm.types.arrays import Array
from asyncorm.types.range_types import MultirangeType
from asyncorm.types.ranges import Multirange, Range
from asyncorm.types.scalars import BIGINT, NUMERIC

T = TypeVar("T")

_Int = int | Expression[int, Any]
_Decimal = Decimal | Expression[Decimal, Any]
_Time = datetime | Expression[datetime, Any]


class TableFunctions:
    """The functions of ``func`` that give several rows."""

    @overload
    def generate_series(
        self, start: _Int, stop: _Int, step: _Int = 1
    ) -> FunctionCall[int, int]: ...
    @overload
    def generate_series(
        self, start: _Decimal, stop: _Decimal, step: _Decimal | int = 1
    ) -> FunctionCall[Decimal, Decimal]: ...
    @overload
    def generate_series(
        self, start: _Time, stop: _Time, step: timedelta | Expression[timedelta, Any]
    ) -> FunctionCall[datetime, datetime]: ...
    def generate_series(self, start: Any, stop: Any, step: Any = 1) -> FunctionCall[Any, Any]:
        """The values from ``start`` to ``stop``, both included."""
        given = [literal_of(start), literal_of(stop), literal_of(step)]
        type_ = given[0]._type
        if type_.python_type is int:
            type_ = BIGINT
            given = [with_bits(part) for part in given]
        elif type_.python_type is Decimal and isinstance(step, int):
            given[2] = Parameter(Decimal(step), NUMERIC)
        return FunctionCall("generate_series", given, type_)

    @overload
    def unnest(self, array: list[T] | Expression[list[T], Any], /) -> FunctionCall[T, T]: ...
    @overload
    def unnest(
        self, ranges: Expression[Multirange[T], Any], /
    ) -> FunctionCall[Range[T], Range[T]]: ...
    @overload
    def unnest(
        self,
        first: list[Any] | Expression[Any, Any],
        second: list[Any] | Expression[Any, Any],
        /,
        *arrays: list[Any] | Expression[Any, Any],
    ) -> FunctionCall[Any, Any]: ...
    def unnest(self, *arrays: Any) -> FunctionCall[Any, Any]:
        """The elements of an array, or the ranges of a multirange, as rows.

        Several arrays side by side are for FROM only.
        """
        given = [literal_of(array) for array in arrays]
        first = given[0]._type
        if isinstance(first, MultirangeType):
            return FunctionCall("unnest", given, first.range_type)
        is_one = len(given) == 1 and isinstance(first, Array)
        return FunctionCall("unnest", given, first.item if is_one else UNKNOWN)  # type: ignore[attr-defined]
