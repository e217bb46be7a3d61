"""Binary codecs of bit strings, into our own class instead of the driver's."""

from __future__ import annotations

import struct

from asyncorm.engine.range_codecs import Codec
from asyncorm.types.bits import BitString

_LENGTH = struct.Struct("!i")


def _encode(value: BitString) -> bytes:
    length = len(value)
    size = (length + 7) // 8
    return _LENGTH.pack(length) + (int(value) << (size * 8 - length)).to_bytes(size, "big")


def _decode(data: bytes) -> BitString:
    length: int = _LENGTH.unpack(data[:4])[0]
    return BitString("".join(f"{byte:08b}" for byte in data[4:])[:length])


BIT_CODECS: tuple[Codec, ...] = (
    Codec(1560, "bit", _encode, _decode, "binary"),
    Codec(1562, "varbit", _encode, _decode, "binary"),
)
