"""Values from the text that PostgreSQL, or ``as_text``, writes them as: fields of composites."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from asyncorm.errors import ConfigurationError, DataError
from asyncorm.types.arrays import Array
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.domains import Domain

T = TypeVar("T")

_ESCAPED = re.compile(r'\\(.)|""', re.DOTALL)
#: an element: in quotes with escapes, or plain up to the next comma or the end
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.|"")*)"|([^,"]*)', re.DOTALL)
_SPAN = re.compile(
    r"(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?"
    r"(?:([+-])?(\d+):(\d\d):(\d\d(?:\.\d+)?))?"
)
#: as ``Interval.as_text`` writes it
_PARTS = re.compile(r"([+-]\d+) days ([+-]\d+) secs ([+-]\d+) microseconds")


def text_reader(type_: SQLType[Any]) -> Converter:
    """What makes a value of the type from its text; ConfigurationError if nothing does."""
    if isinstance(type_, Array):
        item, container = text_reader(type_.item), type_.container
        return lambda text: container(
            None if element is None else item(element) for element in array_elements(text)
        )
    if isinstance(type_, Domain):
        return text_reader(type_.base)
    # what travels as text is read from it anyway
    read = None if type_.select_type == "text" else _READERS.get(type_.cast_type)
    if read is None and type_.select_type != "text":
        raise ConfigurationError(
            f"a field of type {type_.ddl} can't be read inside a composite",
            hint="make it a column, or a field of type text",
        )
    return _chained(read, type_.decode)


def array_elements(text: str) -> list[str | None]:
    """The elements of an array's text; None for NULL."""
    if text.startswith("["):  # bounds that are not the usual ones
        text = text.partition("=")[2]
    return list(_elements(text[1:-1], "NULL")) if text != "{}" else []


def record_fields(text: str) -> list[str | None]:
    """The fields of a composite's text; None for NULL."""
    return list(_elements(text[1:-1], ""))


def _elements(inner: str, null: str) -> Iterator[str | None]:
    position = 0
    while True:
        match = _ELEMENT.match(inner, position)
        if match is None or (match.end() < len(inner) and inner[match.end()] != ","):
            raise DataError(
                "the text of an array or composite can't be read",
                hint="select its elements by themselves",
            )
        if match[1] is not None:
            yield _ESCAPED.sub(lambda found: found[1] or '"', match[1])
        else:
            yield None if match[2] == null else match[2]
        position = match.end() + 1
        if position > len(inner):
            return


def _chained(read: Converter | None, decode: Converter | None) -> Converter:
    if read is None:
        return decode or str
    if decode is None:
        return read
    return lambda text: decode(read(text))


def _day(text: str) -> date:
    return _within(text, date.fromisoformat, date.min, date.max)


def _moment(text: str) -> datetime:
    return _within(text, datetime.fromisoformat, datetime.min, datetime.max)


def _zoned(text: str) -> datetime:
    found = _moment(text)
    # the driver's infinity has no zone
    return found if found.tzinfo is None else found.astimezone(UTC)


def _within(text: str, read: Callable[[str], T], low: T, high: T) -> T:
    """Times that Python can't hold are the ends of those it can, as infinity is."""
    if text == "-infinity" or text.endswith("BC"):
        return low
    if text == "infinity" or text[:5].isdigit():
        return high
    return read(text)


def _clock(text: str) -> time:
    # the end of the day, which is none of Python's times
    return time.max if text.startswith("24:") else time.fromisoformat(text)


def _span(text: str) -> timedelta:
    parts = _PARTS.fullmatch(text)
    if parts is not None:
        return timedelta(int(parts[1]), int(parts[2]), int(parts[3]))
    match = _SPAN.fullmatch(text)
    if match is None:
        raise DataError(
            "an interval inside a composite can't be read",
            hint="leave the setting intervalstyle at 'postgres'",
        )
    years, months, days, sign, hours, minutes, seconds = match.groups()
    clock = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=0)
    # Decimal: a float would lose microseconds of long intervals
    clock += timedelta(microseconds=int(Decimal(seconds or 0) * 1_000_000))
    whole = timedelta(days=int(years or 0) * 365 + int(months or 0) * 30 + int(days or 0))
    return whole - clock if sign == "-" else whole + clock


def _truth(text: str) -> bool:
    return text in ("t", "true")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


_READERS: dict[str, Converter] = {
    "bigint": int,
    "boolean": _truth,
    "bytea": _bytes,
    "cidr": ipaddress.ip_network,
    "date": _day,
    "double precision": float,
    "inet": lambda text: (
        ipaddress.ip_interface(text) if "/" in text else ipaddress.ip_address(text)
    ),
    "integer": int,
    "interval": _span,
    "numeric": Decimal,
    "real": float,
    "smallint": int,
    "text": str,
    "time": _clock,
    "timestamp": _moment,
    "timestamptz": _zoned,
    "timetz": _clock,
    "uuid": UUID,
    "varchar": str,
    "xid": int,
}
