"""Values from the text that PostgreSQL, or ``as_text``, writes them as: fields of composites."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncorm.errors import ConfigurationError, DataError
from asyncorm.types.arrays import Array
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.beyond import (
    DAY_ZERO,
    EndOfDay,
    day_of,
    interval_of,
    microseconds_of,
    moment_in_utc,
    moment_of,
)
from asyncorm.types.bits import BitString
from asyncorm.types.domains import Domain
from asyncorm.types.quoting import unescaped

#: an element: in quotes with escapes, or plain up to the next comma or the end
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.|"")*)"|([^,"]*)', re.DOTALL)
#: a brace, or an element in quotes, in which braces mean nothing
_BRACE = re.compile(r'[{}]|"(?:[^"\\]|\\.)*"', re.DOTALL)
#: a part of an interval; what is left is its time of day
_SPAN_PART = re.compile(r"([+-]?\d+) (year|mon|day|sec|microsecond)s? ?")
_SPAN_CLOCK = re.compile(r"([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_INFINITE = (2**31 - 1, 2**63 - 1)
_MICROSECONDS = 1_000_000


def text_reader(type_: SQLType[Any]) -> Converter:
    """What makes a value of the type from its text; ConfigurationError if nothing does."""
    if isinstance(type_, Array):
        reader = _array_reader(text_reader(type_.item), array_elements, type_.container)
        for _ in range(1, type_.dimensions):
            reader = _array_reader(reader, inner_arrays, type_.container)
        return reader
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


def _array_reader(
    read: Converter,
    split: Callable[[str], Iterable[str | None]],
    container: Callable[[Iterable[Any]], Any],
) -> Converter:
    return lambda text: container(
        None if element is None else read(element) for element in split(text)
    )


def array_elements(text: str) -> list[str | None]:
    """The elements of an array's text; None for NULL."""
    if text.startswith("["):  # bounds that are not the usual ones
        text = text.partition("=")[2]
    return list(_elements(text[1:-1], "NULL")) if text != "{}" else []


def inner_arrays(text: str) -> list[str]:
    """The texts of the arrays inside an array's text."""
    found: list[str] = []
    begin = depth = 0
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            depth += 1
            begin = match.start() if depth == 2 else begin
        elif match[0] == "}":
            if depth == 2:
                found.append(text[begin : match.end()])
            depth -= 1
    return found


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
            yield unescaped(match[1])
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
    if text.endswith("infinity"):
        return date.min if text.startswith("-") else date.max
    return day_of(_ordinal(text)) if _is_odd(text) else date.fromisoformat(text)


def _moment(text: str) -> datetime:
    if text.endswith("infinity"):
        return datetime.min if text.startswith("-") else datetime.max
    return moment_of(_microseconds(text)) if _is_odd(text) else datetime.fromisoformat(text)


def _zoned(text: str) -> datetime:
    if text.endswith("infinity"):  # without a zone, as the driver has it
        return _moment(text)
    if _is_odd(text):
        return moment_in_utc(_microseconds(text))
    return datetime.fromisoformat(text).astimezone(UTC)


def _is_odd(text: str) -> bool:
    """Whether Python has no room for it: the year has more than four digits, or is before 1."""
    return text.endswith("BC") or text[4] != "-"


def _ordinal(text: str) -> int:
    """The number of a day of any year."""
    year, month, day = text.removesuffix(" BC").split("-")
    number = 1 - int(year) if text.endswith("BC") else int(year)
    cycles, rest = divmod(number - 2000, 400)
    return date(2000 + rest, int(month), int(day)).toordinal() + cycles * 146_097


def _microseconds(text: str) -> int:
    """The moment of any year, counted from 2000."""
    day, _, clock = text.removesuffix(" BC").partition(" ")
    days = _ordinal(day + text[len(text.removesuffix(" BC")) :]) - DAY_ZERO
    at = datetime.combine(date(2000, 1, 1), time.fromisoformat(clock))
    return days * 86_400 * _MICROSECONDS + microseconds_of(at)


def _clock(text: str) -> time:
    if not text.startswith("24:"):
        return time.fromisoformat(text)
    return EndOfDay(time.fromisoformat("00:00:00" + text[8:]).tzinfo)


def _span(text: str) -> timedelta:
    if text.endswith("infinity"):
        months, clock = _INFINITE
        return (
            interval_of(-months - 1, -months - 1, -clock - 1)
            if text.startswith("-")
            else interval_of(months, months, clock)
        )
    parts = dict.fromkeys(("year", "mon", "day", "sec", "microsecond"), 0)
    parts.update((unit, int(number)) for number, unit in _SPAN_PART.findall(text))
    microseconds = parts["sec"] * _MICROSECONDS + parts["microsecond"]
    rest = _SPAN_PART.sub("", text)
    clock_of = _SPAN_CLOCK.fullmatch(rest)
    if clock_of is not None:
        sign, hours, minutes, seconds = clock_of.groups()
        # Decimal: a float would lose microseconds of long intervals
        whole = (int(hours) * 60 + int(minutes)) * 60 + Decimal(seconds)
        microseconds += int(whole * _MICROSECONDS) * (-1 if sign == "-" else 1)
    elif rest.strip():
        raise DataError(
            "an interval inside a composite can't be read",
            hint="leave the setting intervalstyle at 'postgres'",
        )
    return interval_of(parts["year"] * 12 + parts["mon"], parts["day"], microseconds)


def _truth(text: str) -> bool:
    return text in ("t", "true")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


_READERS: dict[str, Converter] = {
    "bigint": int,
    "bit": BitString,
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
    "macaddr": str,
    "macaddr8": str,
    "numeric": Decimal,
    "real": float,
    "smallint": int,
    "text": str,
    "time": _clock,
    "timestamp": _moment,
    "timestamptz": _zoned,
    "timetz": _clock,
    "uuid": UUID,
    "varbit": BitString,
    "varchar": str,
    "xid": int,
}
