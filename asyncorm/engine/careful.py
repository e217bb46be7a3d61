"""Careful reading: codecs that read every date and time of PostgreSQL, also what Python has no
room for.

The driver's own raise an error for such a value, as ours of time stamps do in records and where the
style of dates is not ISO, and all rows of the result are lost. So rows that may be asked for again
are read fast, and again with these if that fails; rows of raw SQL, of cursors, of functions that
may do something and of statements that change rows are read with these at once. A flush reads fast
what the clock of the server has made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg

from asyncorm.engine.codecs import add_codecs, remove_codecs
from asyncorm.engine.moment_codecs import (
    checked,
    read_moment_in_utc,
    write_timestamp,
    write_timestamptz,
)
from asyncorm.engine.range_codecs import Codec, read_day, read_moment, write_day
from asyncorm.types.beyond import time_of

T = TypeVar("T")

#: how many texts an engine keeps in mind
_MOST_LEARNED = 1000

#: record and record[]
_RECORDS = frozenset((2249, 2287))


class Learned(dict[str, None]):
    """The texts of an engine's statements whose rows could not be read fast; the newest of them."""

    __slots__ = ()

    def add(self, sql: str) -> None:
        """Read the rows of the text carefully from now on."""
        if len(self) >= _MOST_LEARNED:
            del self[next(iter(self))]
        self[sql] = None


#: texts that a connection has prepared, whose rows have records inside
_with_records: WeakKeyDictionary[Any, Learned] = WeakKeyDictionary()


class CarefulRecord(asyncpg.Record):
    """The driver keeps statements with this class apart from those that are read fast."""

    __slots__ = ()


def _read_time(given: tuple[int]) -> time:
    return time_of(given[0])


def _read_timetz(given: tuple[int, int]) -> time:
    clock, west = given
    return time_of(clock, timezone(timedelta(seconds=-west)))


def _write_date(value: Any) -> tuple[int]:
    return write_day(value.date() if isinstance(value, datetime) else checked(value, date))


def _write_time(value: Any) -> tuple[int]:
    return (_clock(value),)


def _write_timetz(value: Any) -> tuple[int, int]:
    offset = checked(value, time).utcoffset()
    if offset is None:
        raise TypeError("a time without a zone does not fit into timetz")
    return _clock(value), -offset // timedelta(seconds=1)


def _clock(value: Any) -> int:
    at = checked(value, time)
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


#: as tuples of the numbers that they are made of: this is as fast as the driver's own reading
CODECS: tuple[Codec, ...] = (
    Codec(1082, "date", _write_date, read_day, "tuple"),
    Codec(1114, "timestamp", write_timestamp, read_moment, "tuple"),
    Codec(1184, "timestamptz", write_timestamptz, read_moment_in_utc, "tuple"),
    Codec(1083, "time", _write_time, _read_time, "tuple"),
    Codec(1266, "timetz", _write_timetz, _read_timetz, "tuple"),
)


async def carefully(driver: Any, sql: str, call: Callable[[], Awaitable[T]]) -> T:
    """Await a call of the driver that runs the statement with ``CarefulRecord``.

    A statement keeps the codecs that it was prepared with, so they are there only meanwhile; but
    what is inside of records is read by the codecs of the moment.
    """
    is_new = _prepared(driver, sql) is None
    if not (is_new or sql in _with_records.get(driver, ())) or not add_codecs(driver, CODECS):
        return await call()
    try:
        return await call()
    finally:
        try:  # of some types the driver knows the names only as long as it has these codecs
            if is_new and _has_records(_prepared(driver, sql)):
                _with_records.setdefault(driver, Learned()).add(sql)
        finally:
            remove_codecs(driver, CODECS)


def _prepared(driver: Any, sql: str) -> Any:
    try:
        return driver._stmt_cache.get((sql, CarefulRecord, False), promote=False)
    except (AttributeError, TypeError):  # another version of the driver
        return None


def _has_records(statement: Any) -> bool:
    return statement is not None and any(
        attribute.type.oid in _RECORDS for attribute in statement._get_attributes()
    )


def is_unreadable(error: BaseException) -> bool:
    """Whether the driver could not make a Python value of what the server sent."""
    if isinstance(error, asyncpg.UnsupportedClientFeatureError):
        return True  # a composite with a time stamp, which is a number carefully
    return is_misread(error)


def is_misread(error: BaseException | None) -> bool:
    """The same of the rows of a statement that was run; the other is found before."""
    return isinstance(error, (ValueError, OverflowError)) and not isinstance(
        error, (asyncpg.InterfaceError, asyncpg.PostgresError, asyncpg.InternalClientError)
    )
