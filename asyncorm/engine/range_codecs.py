"""Binary codecs of ranges and multiranges: between the server's bytes and our own classes.

The driver's would give classes of its own, and none for bounds that Python has no room for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from asyncorm.types.beyond import (
    DAY_ZERO,
    MOMENT_ZERO,
    OutOfRangeDate,
    OutOfRangeDateTime,
    microseconds_of,
)
from asyncorm.types.ranges import (
    Multirange,
    Range,
    multirange_text,
    parsed_multirange,
    parsed_range,
    range_text,
)

_EMPTY, _LOWER_INC, _UPPER_INC, _LOWER_INF, _UPPER_INF = 1, 2, 4, 8, 16
_FOREVER_DAY, _NEVER_DAY = 2**31 - 1, -(2**31)
_FOREVER, _NEVER = 2**63 - 1, -(2**63)
_INT4, _INT8, _LENGTH = struct.Struct("!i"), struct.Struct("!q"), struct.Struct("!i")

Encoder = Callable[[Any], Any]


class Codec(NamedTuple):
    """What the driver is told of a type."""

    oid: int
    name: str
    encode: Encoder
    decode: Encoder
    format: str


def _read_int4(data: bytes) -> int:
    number: int = _INT4.unpack(data)[0]
    return number


def write_day(value: date) -> tuple[int]:
    """A date, in range or not; the first and the last one are the infinities."""
    if value == date.max:
        return (_FOREVER_DAY,)
    if value == date.min:
        return (_NEVER_DAY,)
    return (value.toordinal() - DAY_ZERO,)


def write_moment(value: datetime) -> tuple[int]:
    """A time stamp, in range or not; the first and the last one are the infinities."""
    if type(value) is datetime:  # one that is out of range has no replace()
        naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        if naive in (datetime.max, datetime.min):
            return (_FOREVER if naive == datetime.max else _NEVER,)
    return (microseconds_of(value),)


def write_moment_in_utc(value: datetime) -> tuple[int]:
    """The same with a zone; one without is local time of this process, as for the driver."""
    is_infinite = value in (datetime.max, datetime.min)
    return write_moment(
        value.astimezone(UTC) if value.tzinfo is None and not is_infinite else value
    )


def read_day(given: tuple[int]) -> date:
    """A date, in range or not."""
    try:  # PostgreSQL's infinities are out of Python's range as well
        return date.fromordinal(given[0] + DAY_ZERO)
    except (ValueError, OverflowError):
        number = given[0]
    if number == _FOREVER_DAY:
        return date.max
    return date.min if number == _NEVER_DAY else OutOfRangeDate(number + DAY_ZERO)


def moment_reader(zone: tzinfo | None, infinity: tzinfo | None) -> Callable[[Any], datetime]:
    """Reads time stamps, in range or not; ``infinity`` is the zone that an infinite one has."""
    zero = MOMENT_ZERO.replace(tzinfo=zone)

    def read(given: tuple[int]) -> datetime:
        # flat, because all time stamps of raw SQL and cursors come through here: 0.4 µs, not 0.8
        try:
            return zero + timedelta(0, 0, given[0])
        except OverflowError:
            number = given[0]
        if number in (_FOREVER, _NEVER):
            return (datetime.max if number > 0 else datetime.min).replace(tzinfo=infinity)
        return OutOfRangeDateTime(number, zone)

    return read


read_moment = moment_reader(None, None)
#: with a zone also for infinity: bounds of one range must compare
_read_moment_in_utc = moment_reader(UTC, UTC)


def _packed(form: struct.Struct, write: Encoder, read: Encoder) -> tuple[Encoder, Encoder]:
    """How to write and read as bytes what consists of numbers."""
    return lambda value: form.pack(*write(value)), lambda data: read(form.unpack(data))


def _write_number(value: int) -> tuple[int]:
    return (value,)


def _read_number(given: tuple[int]) -> int:
    return given[0]


def _encoder(write: Callable[[Any], bytes]) -> Encoder:
    def encode(value: Range[Any]) -> bytes:
        if value.is_empty:
            return bytes((_EMPTY,))
        flags = _LOWER_INC * value.lower_inc | _UPPER_INC * value.upper_inc
        parts = []
        for bound, infinite in ((value.lower, _LOWER_INF), (value.upper, _UPPER_INF)):
            if bound is None:
                flags |= infinite
            else:
                data = write(bound)
                parts += [_LENGTH.pack(len(data)), data]
        return b"".join((bytes((flags,)), *parts))

    return encode


def _decoder(read: Callable[[bytes], Any]) -> Encoder:
    def decode(data: bytes) -> Range[Any]:
        flags, position = data[0], 1
        if flags & _EMPTY:
            return Range(empty=True)
        bounds: list[Any] = []
        for infinite in (_LOWER_INF, _UPPER_INF):
            if flags & infinite:
                bounds.append(None)
            else:
                begin = position + 4
                position = begin + _read_int4(data[position:begin])
                bounds.append(read(data[begin:position]))
        kind: Any = ("[" if flags & _LOWER_INC else "(") + ("]" if flags & _UPPER_INC else ")")
        return Range(bounds[0], bounds[1], bounds=kind)

    return decode


def _all_encoder(encode: Encoder) -> Encoder:
    def encode_all(value: Multirange[Any]) -> bytes:
        parts = [encode(part) for part in value]
        framed = [piece for part in parts for piece in (_LENGTH.pack(len(part)), part)]
        return b"".join((_LENGTH.pack(len(parts)), *framed))

    return encode_all


def _all_decoder(decode: Encoder) -> Encoder:
    def decode_all(data: bytes) -> Multirange[Any]:
        ranges, position = [], 4
        for _ in range(_read_int4(data[:4])):
            begin = position + 4
            position = begin + _read_int4(data[position:begin])
            ranges.append(decode(data[begin:position]))
        return Multirange(ranges)

    return decode_all


def _binary(
    name: str, oid: int, many: int, write: Callable[[Any], bytes], read: Callable[[bytes], Any]
) -> list[Codec]:
    encode, decode = _encoder(write), _decoder(read)
    all_name = name.replace("range", "multirange")
    return [
        Codec(oid, name, encode, decode, "binary"),
        Codec(many, all_name, _all_encoder(encode), _all_decoder(decode), "binary"),
    ]


#: the numbers are fixed for ever
RANGE_CODECS: tuple[Codec, ...] = (
    *_binary("int4range", 3904, 4451, *_packed(_INT4, _write_number, _read_number)),
    *_binary("int8range", 3926, 4536, *_packed(_INT8, _write_number, _read_number)),
    *_binary("daterange", 3912, 4535, *_packed(_INT4, write_day, read_day)),
    *_binary("tsrange", 3908, 4533, *_packed(_INT8, write_moment, read_moment)),
    *_binary("tstzrange", 3910, 4534, *_packed(_INT8, write_moment_in_utc, _read_moment_in_utc)),
    # as numeric itself, by its digits
    Codec(
        3906,
        "numrange",
        lambda value: range_text(value, str),
        lambda text: parsed_range(text, Decimal),
        "text",
    ),
    Codec(
        4532,
        "nummultirange",
        lambda value: multirange_text(value, str),
        lambda text: parsed_multirange(text, Decimal),
        "text",
    ),
)
