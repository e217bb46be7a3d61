"""Dates and times that Python's have no room for, as values."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from pydantic import TypeAdapter

from asyncorm import CalendarInterval, EndOfDay, OutOfRangeDate, OutOfRangeDateTime
from asyncorm.types.beyond import day_of, interval_of, microseconds_of, moment_in_utc, time_of
from asyncorm.types.scalars import TIMESTAMP, TIMESTAMPTZ

HOUR = timezone(timedelta(hours=1))
VALUES: list[Any] = [
    OutOfRangeDate(0),
    OutOfRangeDate(4_000_000),
    OutOfRangeDateTime(-(10**17)),
    OutOfRangeDateTime(10**18, UTC),
    EndOfDay(),
    EndOfDay(HOUR),
    CalendarInterval(13, -2, 5),
    CalendarInterval(2**31 - 1, 2**31 - 1, 2**63 - 1),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_copies_are_equal(value: Any) -> None:
    for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert copied == value
        assert type(copied) is type(value)
        assert hash(copied) == hash(value)
        assert str(copied) == str(value)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_pydantic_takes_them_for_what_they_are_near(value: Any) -> None:
    kind = next(k for k in (datetime, date, time, timedelta) if isinstance(value, k))
    adapter = TypeAdapter(kind)
    written = adapter.dump_json(value)
    if isinstance(value, EndOfDay):  # which JSON's times have not
        assert written.decode().startswith('"24:00:00')
    else:
        assert isinstance(adapter.validate_json(written), kind)


def test_dates_are_ordered() -> None:
    before, after = OutOfRangeDate(0), OutOfRangeDate(4_000_000)
    assert str(before) == "0001-12-31 BC"
    assert before < date.min < date.max < after
    assert before <= before >= before
    assert sorted([after, date(2020, 1, 1), before]) == [before, date(2020, 1, 1), after]
    assert before != date.min
    assert date.min != before
    assert after != date.max
    assert day_of(1) == date.min


def test_moments_are_ordered() -> None:
    before, after = moment_in_utc(-(10**17)), moment_in_utc(10**18)
    assert before < datetime(1, 1, 1, tzinfo=UTC) < after
    assert after > before
    assert after >= after
    assert before <= before
    assert microseconds_of(after) == 10**18
    assert after.astimezone(HOUR) == after
    assert before != OutOfRangeDateTime(-(10**17))
    assert after - before == timedelta(microseconds=10**18 + 10**17)
    assert after - timedelta(seconds=1) == OutOfRangeDateTime(10**18 - 10**6, UTC)


def test_the_end_of_the_day() -> None:
    end = time_of(86_400_000_000)
    assert str(end) == "24:00:00"
    assert end != time.max
    assert end != EndOfDay(HOUR)
    assert time_of(0) == time()
    assert str(EndOfDay(HOUR)) == "24:00:00+01:00"


def test_intervals_keep_their_months() -> None:
    month, days = CalendarInterval(1, 0, 0), timedelta(days=30)
    assert month == days
    assert hash(month) == hash(days)
    assert month != CalendarInterval(0, 30, 0)
    assert interval_of(0, 1, 5) == timedelta(days=1, microseconds=5)
    endless = CalendarInterval(2**31 - 1, 2**31 - 1, 2**63 - 1)
    assert endless.is_infinite
    assert endless != timedelta.max
    assert str(CalendarInterval(-(2**31), -(2**31), -(2**63))) == "-infinity"


def test_the_ends_of_time_have_one_text_with_a_zone_and_without() -> None:
    for moment, text in ((datetime.max, "infinity"), (datetime.min, "-infinity")):
        assert TIMESTAMP.as_text(moment) == text
        assert TIMESTAMPTZ.as_text(moment) == text
        assert TIMESTAMPTZ.as_text(moment.replace(tzinfo=UTC)) == text
    assert TIMESTAMPTZ.as_text(OutOfRangeDateTime(10**18, UTC)).startswith("33688-")
