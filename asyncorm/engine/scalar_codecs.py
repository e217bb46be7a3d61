"""Binary codecs of bit strings, into our own class, and of intervals, with nothing lost."""

from __future__ import annotations

import struct
from datetime import timedelta

from asyncorm.engine.range_codecs import Codec
from asyncorm.types.beyond import CalendarInterval, interval_of
from asyncorm.types.bits import BitString

_LENGTH, _INTERVAL = struct.Struct("!i"), struct.Struct("!qii")


def _encode(value: BitString) -> bytes:
    length = len(value)
    size = (length + 7) // 8
    return _LENGTH.pack(length) + (int(value) << (size * 8 - length)).to_bytes(size, "big")


def _decode(data: bytes) -> BitString:
    length: int = _LENGTH.unpack(data[:4])[0]
    return BitString("".join(f"{byte:08b}" for byte in data[4:])[:length])


def _encode_interval(value: timedelta) -> bytes:
    if isinstance(value, CalendarInterval):
        return _INTERVAL.pack(value.clock, value.whole_days, value.months)
    clock = value.seconds * 1_000_000 + value.microseconds
    return _INTERVAL.pack(clock, value.days, 0)


def _decode_interval(data: bytes) -> timedelta:
    clock, days, months = _INTERVAL.unpack(data)
    return interval_of(months, days, clock)


SCALAR_CODECS: tuple[Codec, ...] = (
    Codec(1560, "bit", _encode, _decode, "binary"),
    Codec(1562, "varbit", _encode, _decode, "binary"),
    Codec(1186, "interval", _encode_interval, _decode_interval, "binary"),
)
