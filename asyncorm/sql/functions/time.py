"""Functions of dates, times and intervals, with exact types."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Literal, TypeVar, overload

from asyncorm.sql.expressions import Expression, Parameter, literal_of, operand
from asyncorm.sql.functions.arguments import floating, integer, text, type_of
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.operators.arithmetic import other_zone
from asyncorm.types import scalars

R = TypeVar("R")
#: what can be cut down to a unit
T = TypeVar("T", datetime, timedelta)
#: what has parts such as a year or an hour
P = TypeVar("P", datetime, date, time, timedelta)

Unit = Literal[
    "microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter",
    "year", "decade", "century", "millennium",
]  # fmt: skip
_Int = int | Expression[int, Any]
_Float = float | Expression[float, Any]
_Str = str | Expression[str, Any]


class TimeFunctions:
    """The functions of ``func`` that work on times."""

    def now(self) -> FunctionCall[datetime, datetime]:
        """The time at which the transaction began."""
        return FunctionCall("now", (), scalars.TIMESTAMPTZ)

    def clock_timestamp(self) -> FunctionCall[datetime, datetime]:
        """The time at this moment."""
        return FunctionCall("clock_timestamp", (), scalars.TIMESTAMPTZ)

    def statement_timestamp(self) -> FunctionCall[datetime, datetime]:
        """The time at which the statement began."""
        return FunctionCall("statement_timestamp", (), scalars.TIMESTAMPTZ)

    def current_timestamp(self) -> FunctionCall[datetime, datetime]:
        """The time at which the transaction began."""
        return FunctionCall("current_timestamp", (), scalars.TIMESTAMPTZ)

    def localtimestamp(self) -> FunctionCall[datetime, datetime]:
        """The same without time zone, in that of the connection."""
        return FunctionCall("localtimestamp", (), scalars.TIMESTAMP)

    def current_date(self) -> FunctionCall[date, date]:
        """The day at which the transaction began, in the connection's time zone."""
        return FunctionCall("current_date", (), scalars.DATE)

    @overload
    def date_trunc(
        self, unit: Unit, time: Expression[datetime, R], zone: _Str
    ) -> FunctionCall[datetime, R]: ...
    @overload
    def date_trunc(self, unit: Unit, time: Expression[T, R]) -> FunctionCall[T, R]: ...
    def date_trunc(
        self, unit: str, time: Expression[Any, R], zone: Any = None
    ) -> FunctionCall[Any, R]:
        """The time cut down to a unit such as ``"day"``, of a time zone if one is given."""
        further = () if zone is None else (text(zone),)
        return FunctionCall("date_trunc", (text(unit), time, *further), type_of(time))

    def date_bin(
        self,
        stride: timedelta | Expression[timedelta, Any],
        time: Expression[datetime, R],
        origin: datetime | Expression[datetime, Any],
    ) -> FunctionCall[datetime, R]:
        """The beginning of the interval that a time is in, counted from an origin."""
        type_ = type_of(time)
        parts = (_interval(stride), time, operand(origin, time))
        return FunctionCall("date_bin", parts, type_)

    def date_part(self, field: str, time: Expression[P, Any]) -> NullFunctionCall[float]:
        """A part of a time as floating number; ``extract()`` gives it exactly."""
        return NullFunctionCall("date_part", (text(field), time), scalars.FLOAT)

    def age(
        self,
        time: Expression[datetime, Any],
        since: datetime | Expression[datetime, Any] | None = None,
    ) -> NullFunctionCall[timedelta]:
        """The time from ``since`` to ``time``, or from ``time`` to today, in whole years and so on.

        Months read back as 30 days: order and compare by it, or ``extract`` its parts.
        """
        parts = (time,) if since is None else (time, operand(since, time))
        return NullFunctionCall("age", parts, scalars.INTERVAL)

    def timezone(self, zone: _Str, time: Expression[datetime, R]) -> FunctionCall[datetime, R]:
        """The same as ``time.at_time_zone(zone)``."""
        return FunctionCall("timezone", (text(zone), time), other_zone(type_of(time)))

    def make_date(self, year: _Int, month: _Int, day: _Int) -> FunctionCall[date, date]:
        """A date of its parts."""
        return FunctionCall("make_date", map(integer, (year, month, day)), scalars.DATE)

    def make_time(self, hour: _Int, minute: _Int, second: _Float) -> FunctionCall[time, time]:
        """A time of day of its parts."""
        parts = (integer(hour), integer(minute), floating(second))
        return FunctionCall("make_time", parts, scalars.TIME)

    def make_timestamptz(
        self, year: _Int, month: _Int, day: _Int, hour: _Int, minute: _Int, second: _Float,
        zone: _Str,
    ) -> FunctionCall[datetime, datetime]:  # fmt: skip
        """A time of its parts, in a time zone."""
        whole = map(integer, (year, month, day, hour, minute))
        parts = (*whole, floating(second), text(zone))
        return FunctionCall("make_timestamptz", parts, scalars.TIMESTAMPTZ)

    def make_interval(
        self, *, years: _Int = 0, months: _Int = 0, weeks: _Int = 0, days: _Int = 0,
        hours: _Int = 0, mins: _Int = 0, secs: _Float = 0.0,
    ) -> FunctionCall[timedelta, timedelta]:  # fmt: skip
        """An interval of its parts; unlike a ``timedelta`` it can have months and years."""
        whole = map(integer, (years, months, weeks, days, hours, mins))
        return FunctionCall("make_interval", (*whole, floating(secs)), scalars.INTERVAL)

    @overload
    def to_timestamp(self, given: _Float, /) -> FunctionCall[datetime, datetime]: ...
    @overload
    def to_timestamp(self, given: _Str, pattern: _Str, /) -> FunctionCall[datetime, datetime]: ...
    def to_timestamp(self, given: Any, pattern: Any = None, /) -> FunctionCall[datetime, datetime]:
        """The time of seconds since 1970, or of a text written by a pattern."""
        parts = (floating(given),) if pattern is None else (text(given), text(pattern))
        return FunctionCall("to_timestamp", parts, scalars.TIMESTAMPTZ)

    def to_date(self, given: _Str, pattern: _Str) -> FunctionCall[date, date]:
        """The date of a text written by a pattern."""
        return FunctionCall("to_date", (text(given), text(pattern)), scalars.DATE)


def _interval(value: Any) -> Expression[Any, Any]:
    is_plain = isinstance(value, timedelta)
    return Parameter(value, scalars.INTERVAL) if is_plain else literal_of(value)
