"""Keys of advisory locks: what PostgreSQL takes, and text hashed to it."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Any, TypeAlias

from asyncorm.errors import ArgumentError

#: a name, a 64-bit number, or a pair of 32-bit numbers; names and numbers share one space of keys
LockKey: TypeAlias = "str | int | tuple[int, int]"

#: seconds; the server counts milliseconds in 31 bits
_LONGEST = (2**31 - 1) / 1000


def key_arguments(key: LockKey) -> tuple[int, ...]:
    """What is bound for a key; ArgumentError for one that PostgreSQL has no lock for.

    A name is the first 8 bytes of its BLAKE2b hash (``digest_size=8``, UTF-8) as a signed number,
    the first byte being the highest: the same in every process and version.
    """
    given: Any = key
    if isinstance(given, str) and given:
        digest = blake2b(given.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return (int.from_bytes(digest, "big", signed=True),)
    if _is_number(given, 63):
        return (int(given),)
    if isinstance(given, tuple) and len(given) == 2 and all(_is_number(n, 31) for n in given):
        return given
    raise ArgumentError(
        f"the key of an advisory lock can't be this {type(given).__name__}",
        hint="give a name, a whole number of 64 bits, or two of 32 bits",
    )


def _is_number(value: object, bits: int) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and -(2**bits) <= value < 2**bits


def checked_timeout(timeout: float | None) -> float | None:
    """``timeout`` if it can be waited for: None is for ever, 0 not at all."""
    given: Any = timeout
    if given is None:
        return None
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number and math.isfinite(given) and 0 <= given <= _LONGEST:
        return float(given)
    raise ArgumentError(
        "timeout of a lock is no number of seconds from 0 to 24 days",
        hint="leave it out to wait for as long as it takes; 0 does not wait at all",
    )


def in_words(key: LockKey) -> str:
    """The key for messages: names are the application's own, and no values of rows."""
    return f"the advisory lock {key!r}"
