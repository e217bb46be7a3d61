"""Range and multirange types."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import DataError
from asyncorm.types.base import SQLType
from asyncorm.types.ranges import Multirange, Range, multirange_text, range_text
from asyncorm.types.scalars import BIGINT, DATE, INTEGER, NUMERIC, TIMESTAMP, TIMESTAMPTZ


class RangeType(SQLType[Range[Any]]):
    """What all range types have in common; ``item`` is the type of the bounds."""

    python_type = Range
    contains_operator = "@>"
    contained_by_operator = "<@"
    overlaps_operator = "&&"
    #: the name of the type, of its multirange, and the type of the bounds
    name = ""
    multirange_name = ""
    item: SQLType[Any] = INTEGER

    def __init__(self) -> None:
        super().__init__(self.name)
        # the bounds travel as text, which binary COPY does not take
        self.copyable = self.item.copyable

    def as_text(self, value: Any) -> str:
        """The range as PostgreSQL writes it."""
        return range_text(self.check(value), self.item.as_text)

    def check(self, value: Any) -> Any:
        """The value, if it is a range with bounds of the type; DataError otherwise."""
        if not isinstance(value, Range):
            raise self.unfit(value)
        _check_bounds(self, self.item, value)
        return value

    def part_type(self, part: Any) -> SQLType[Any]:
        """The type of a range, a multirange or an element beside a range."""
        if isinstance(part, (Range, RangeType)):
            return self
        if isinstance(part, (Multirange, MultirangeType)):
            return MULTIRANGES[self.multirange_name]
        return self.item


class MultirangeType(SQLType[Multirange[Any]]):
    """What all multirange types have in common; ``range_type`` is that of its parts."""

    python_type = Multirange
    contains_operator = "@>"
    contained_by_operator = "<@"
    overlaps_operator = "&&"
    range_type: RangeType

    def __init__(self) -> None:
        super().__init__(self.range_type.multirange_name)
        self.copyable = self.range_type.copyable

    def as_text(self, value: Any) -> str:
        """The multirange as PostgreSQL writes it."""
        return multirange_text(self.check(value), self.range_type.item.as_text)

    def check(self, value: Any) -> Any:
        """The value, if it is a multirange with bounds of the type; DataError otherwise."""
        if not isinstance(value, Multirange):
            raise self.unfit(value)
        for part in value:
            _check_bounds(self, self.range_type.item, part)
        return value

    def part_type(self, part: Any) -> SQLType[Any]:
        """The type of a range, a multirange or an element beside a multirange."""
        if isinstance(part, (Multirange, MultirangeType)):
            return self
        if isinstance(part, (Range, RangeType)):
            return self.range_type
        return self.range_type.item


def _check_bounds(type_: SQLType[Any], item: SQLType[Any], value: Range[Any]) -> None:
    for bound in (value.lower, value.upper):
        if bound is None:
            continue
        try:
            item.as_text(bound)
        except DataError as error:
            raise type_.unfit(value, f"its bounds: {error.message}") from None


class Int4Range(RangeType):
    """int4range."""

    name, multirange_name, item = "int4range", "int4multirange", INTEGER


class Int8Range(RangeType):
    """int8range: what ``Range[int]`` means."""

    name, multirange_name, item = "int8range", "int8multirange", BIGINT


class NumRange(RangeType):
    """numrange: what ``Range[Decimal]`` means."""

    name, multirange_name, item = "numrange", "nummultirange", NUMERIC


class DateRange(RangeType):
    """daterange: what ``Range[date]`` means."""

    name, multirange_name, item = "daterange", "datemultirange", DATE


class TsRange(RangeType):
    """tsrange, of time stamps without a zone."""

    name, multirange_name, item = "tsrange", "tsmultirange", TIMESTAMP


class TstzRange(RangeType):
    """tstzrange: what ``Range[datetime]`` means."""

    name, multirange_name, item = "tstzrange", "tstzmultirange", TIMESTAMPTZ


class Int4Multirange(MultirangeType):
    """int4multirange."""

    range_type = Int4Range()


class Int8Multirange(MultirangeType):
    """int8multirange: what ``Multirange[int]`` means."""

    range_type = Int8Range()


class NumMultirange(MultirangeType):
    """nummultirange: what ``Multirange[Decimal]`` means."""

    range_type = NumRange()


class DateMultirange(MultirangeType):
    """datemultirange: what ``Multirange[date]`` means."""

    range_type = DateRange()


class TsMultirange(MultirangeType):
    """tsmultirange, of time stamps without a zone."""

    range_type = TsRange()


class TstzMultirange(MultirangeType):
    """tstzmultirange: what ``Multirange[datetime]`` means."""

    range_type = TstzRange()


MULTIRANGES: dict[str, MultirangeType] = {
    type_.cast_type: type_
    for type_ in (
        Int4Multirange(),
        Int8Multirange(),
        NumMultirange(),
        DateMultirange(),
        TsMultirange(),
        TstzMultirange(),
    )
}
RANGES: dict[str, RangeType] = {
    type_.range_type.cast_type: type_.range_type for type_ in MULTIRANGES.values()
}
