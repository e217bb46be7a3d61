"""Binary codecs of ranges and multiranges: between the server's bytes and our own classes.

The driver's would give classes of its own, and none for bounds that Python has no room for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from asyncorm.types.beyond import (
    DAY_ZERO,
    day_of,
    microseconds_of,
    moment_in_utc,
    moment_of,
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


def _int4(value: Any) -> bytes:
    return _INT4.pack(value)


def _int8(value: Any) -> bytes:
    return _INT8.pack(value)


def write_day(value: date) -> bytes:
    """A date, in range or not; the first and the last one are the infinities."""
    if value == date.max:
        return _INT4.pack(_FOREVER_DAY)
    if value == date.min:
        return _INT4.pack(_NEVER_DAY)
    return _INT4.pack(value.toordinal() - DAY_ZERO)


def write_moment(value: datetime) -> bytes:
    """A time stamp, in range or not; the first and the last one are the infinities."""
    naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if type(value) is datetime and naive in (datetime.max, datetime.min):
        return _INT8.pack(_FOREVER if naive == datetime.max else _NEVER)
    return _INT8.pack(microseconds_of(value))


def write_moment_in_utc(value: datetime) -> bytes:
    """The same with a zone; one without is local time of this process, as for the driver."""
    is_infinite = value in (datetime.max, datetime.min)
    return write_moment(
        value.astimezone(UTC) if value.tzinfo is None and not is_infinite else value
    )


def _read_int4(data: bytes) -> int:
    number: int = _INT4.unpack(data)[0]
    return number


def _read_int8(data: bytes) -> int:
    number: int = _INT8.unpack(data)[0]
    return number


def read_day(data: bytes) -> date:
    """A date, in range or not."""
    number = _read_int4(data)
    if number == _FOREVER_DAY:
        return date.max
    return date.min if number == _NEVER_DAY else day_of(number + DAY_ZERO)


def read_moment(data: bytes) -> datetime:
    """A time stamp, in range or not."""
    number = _read_int8(data)
    if number == _FOREVER:
        return datetime.max
    return datetime.min if number == _NEVER else moment_of(number)


def read_moment_in_utc(data: bytes) -> datetime:
    """A time stamp in UTC, in range or not."""
    number = _read_int8(data)
    if number in (_FOREVER, _NEVER):  # with a zone: bounds of one range must compare
        return (datetime.max if number > 0 else datetime.min).replace(tzinfo=UTC)
    return moment_in_utc(number)


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
    *_binary("int4range", 3904, 4451, _int4, _read_int4),
    *_binary("int8range", 3926, 4536, _int8, _read_int8),
    *_binary("daterange", 3912, 4535, write_day, read_day),
    *_binary("tsrange", 3908, 4533, write_moment, read_moment),
    *_binary("tstzrange", 3910, 4534, write_moment_in_utc, read_moment_in_utc),
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
