"""Types of single values: numbers, text, dates, uuid, bytes."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import SQLType
from asyncorm.types.beyond import CalendarInterval


class _Whole(SQLType[int]):
    python_type = int

    def as_text(self, value: Any) -> str:
        # int.__repr__ for IntEnum, whose str() may be its name
        return int.__repr__(self.check(value))


class SmallInteger(_Whole):
    """smallint, 2 bytes."""

    def __init__(self) -> None:
        super().__init__("smallint")


class Integer(_Whole):
    """integer, 4 bytes."""

    def __init__(self) -> None:
        super().__init__("integer")


class BigInteger(_Whole):
    """bigint, 8 bytes: what ``int`` means."""

    def __init__(self) -> None:
        super().__init__("bigint")


class TransactionId(_Whole):
    """xid, the type of the system column xmin: only to be compared for equality."""

    def __init__(self) -> None:
        super().__init__("xid")


class _Floating(SQLType[float]):
    python_type = float

    def as_text(self, value: Any) -> str:
        if not isinstance(value, (float, int)):
            raise self.unfit(value)
        return repr(float(value))


class Float(_Floating):
    """double precision: what ``float`` means."""

    def __init__(self) -> None:
        super().__init__("double precision")


class Real(_Floating):
    """real, 4 bytes: a value comes back rounded to about 6 digits."""

    def __init__(self) -> None:
        super().__init__("real")


class Numeric(SQLType[decimal.Decimal]):
    """numeric: exact; connections carry it as text, so no digit is lost."""

    python_type = decimal.Decimal
    copyable = False

    def __init__(self, precision: int | None = None, scale: int | None = None) -> None:
        super().__init__("numeric")
        if scale is not None and precision is None:
            raise ConfigurationError(
                "Numeric has a scale but no precision", hint="write Numeric(12, 2)"
            )
        if precision is not None:
            _check_range("Numeric precision", precision, 1, 1000)
            self.ddl = f"numeric({precision})"
        if scale is not None:
            _check_range("Numeric scale", scale, -1000, 1000)
            self.ddl = f"numeric({precision},{scale})"
        self.precision = precision
        self.scale = scale

    def as_text(self, value: Any) -> str:
        """The digits of the value."""
        if not isinstance(value, (decimal.Decimal, int, float)):
            raise self.unfit(value)
        return int.__repr__(value) if isinstance(value, int) else str(value)


class IntegralNumeric(SQLType[int]):
    """numeric that holds whole numbers: the sum of integers can't overflow and is an int."""

    python_type = int
    copyable = False

    def __init__(self) -> None:
        super().__init__("numeric")
        self.decode = int


class Boolean(SQLType[bool]):
    """boolean."""

    python_type = bool

    def __init__(self) -> None:
        super().__init__("boolean")

    def as_text(self, value: Any) -> str:
        """``true`` or ``false``."""
        return "true" if self.check(value) else "false"


class Text(SQLType[str]):
    """text: what ``str`` means."""

    python_type = str
    contains_operator = "LIKE"

    def __init__(self) -> None:
        super().__init__("text")

    def as_text(self, value: Any) -> str:
        """The string itself."""
        # str.__str__ for string enums, whose str() is "Class.member" in some
        return str.__str__(self.check(value))


class String(Text):
    """varchar, with a length or without."""

    element_type = "varchar"

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.ddl = "varchar"
        self.length = length
        if length is not None:
            _check_range("String length", length, 1, 10_485_760)
            self.ddl = f"varchar({length})"


class Date(SQLType[datetime.date]):
    """date; ``date.max`` and ``date.min`` are PostgreSQL's infinity and -infinity."""

    python_type = datetime.date
    beyond_python = True

    def __init__(self) -> None:
        super().__init__("date")

    def as_text(self, value: Any) -> str:
        """The date in ISO form."""
        self.check(value)
        # the driver takes the date of a datetime, too
        day = value.date() if isinstance(value, datetime.datetime) else value
        return _infinite(day, datetime.date.min, datetime.date.max) or str(day.isoformat())


class Time(SQLType[datetime.time]):
    """time, or timetz with ``timezone=True``."""

    python_type = datetime.time
    beyond_python = True

    def __init__(self, timezone: bool = False) -> None:
        super().__init__("timetz" if timezone else "time")
        self.timezone = timezone

    def as_text(self, value: Any) -> str:
        """The time in ISO form."""
        return str(self.check(value).isoformat())


class DateTime(SQLType[datetime.datetime]):
    """timestamptz, or timestamp with ``timezone=False``.

    Give aware values to timestamptz: like the driver, it takes a naive one as local time of this
    process. timestamp refuses aware values.
    """

    python_type = datetime.datetime
    copyable = False  # connections carry it as text, which is read three times as fast
    beyond_python = True

    def __init__(self, timezone: bool = True) -> None:
        super().__init__("timestamptz" if timezone else "timestamp")
        self.timezone = timezone

    def as_text(self, value: Any) -> str:
        """The time stamp in ISO form, in UTC if it has a zone."""
        self.check(value)
        if value.tzinfo is not None and not self.timezone:
            raise self.unfit(value, "it has a time zone and the column has none")
        low, high = datetime.datetime.min, datetime.datetime.max
        try:
            if self.timezone and value not in (low, high):
                value = value.astimezone(datetime.UTC)
        except OverflowError:
            raise self.unfit(value, "it is out of range in UTC") from None
        # as the driver has it, the first and the last moment of UTC are infinite, too
        is_end = type(value) is datetime.datetime and value.year in (low.year, high.year)
        infinite = _infinite(value.replace(tzinfo=None), low, high) if is_end else None
        return infinite or str(value.isoformat())


class Interval(SQLType[datetime.timedelta]):
    """interval; one with months is read as a ``CalendarInterval``, which keeps them."""

    python_type = datetime.timedelta

    def __init__(self) -> None:
        super().__init__("interval")

    def as_text(self, value: Any) -> str:
        """Days, seconds and microseconds."""
        if isinstance(self.check(value), CalendarInterval):
            return str(value)
        # every part with its sign: without, the sign's reach depends on the server's IntervalStyle
        return f"{value.days:+d} days {value.seconds:+d} secs {value.microseconds:+d} microseconds"


class Uuid(SQLType[uuid.UUID]):
    """uuid."""

    python_type = uuid.UUID

    def __init__(self) -> None:
        super().__init__("uuid")


class LargeBinary(SQLType[bytes]):
    """bytea."""

    python_type = bytes

    def __init__(self) -> None:
        super().__init__("bytea")

    def as_text(self, value: Any) -> str:
        """The bytes in hexadecimal form."""
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise self.unfit(value)
        return "\\x" + bytes(value).hex()


def _infinite(value: Any, low: Any, high: Any) -> str | None:
    """PostgreSQL's name of the value if it is what the driver takes for infinity."""
    if value == high:
        return "infinity"
    return "-infinity" if value == low else None


def _check_range(what: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigurationError(
            f"{what} is {value!r}", hint=f"give a whole number from {low} to {high}"
        )


SMALLINT = SmallInteger()
INTEGER = Integer()
BIGINT = BigInteger()
FLOAT = Float()
REAL = Real()
NUMERIC = Numeric()
INTEGRAL = IntegralNumeric()
BOOLEAN = Boolean()
TEXT = Text()
DATE = Date()
TIME = Time()
TIMETZ = Time(timezone=True)
TIMESTAMP = DateTime(timezone=False)
TIMESTAMPTZ = DateTime()
INTERVAL = Interval()
UUID = Uuid()
BYTEA = LargeBinary()
