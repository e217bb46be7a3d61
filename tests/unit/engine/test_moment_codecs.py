"""Time stamps between the server's texts or numbers and Python's values."""

from __future__ import annotations

import random
import struct
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from asyncorm import OutOfRangeDateTime
from asyncorm.engine.moment_codecs import MOMENT_ARRAY_CODECS, MOMENT_CODECS

PLAIN, ZONED = MOMENT_CODECS
PLAINS, ZONEDS = MOMENT_ARRAY_CODECS
HOUR = timezone(timedelta(hours=1))
DAY = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-01-01 00:00:00+00", DAY),
        ("2020-01-01 05:45:00+05:45", DAY),
        ("2019-12-31 23:15:16-00:44:44", DAY),
        ("2020-01-01 00:00:00.1+00", DAY + timedelta(milliseconds=100)),
        ("2020-01-01 00:00:00.00012+00", DAY + timedelta(microseconds=120)),
        ("infinity", datetime.max),
        ("-infinity", datetime.min),
    ],
)
def test_texts_are_read_in_utc(text: str, value: datetime) -> None:
    read = ZONED.decode(text)
    assert read == value
    assert read.tzinfo is value.tzinfo


def test_texts_without_a_zone_are_read_without() -> None:
    assert PLAIN.decode("2020-01-01 12:00:00.5") == datetime(2020, 1, 1, 12, 0, 0, 500_000)
    assert PLAIN.decode("infinity") == datetime.max
    assert str(PLAIN.decode("0044-03-15 00:00:00 BC")) == "0044-03-15 00:00:00 BC"


@pytest.mark.parametrize("text", ["0044-03-15 00:00:00+00 BC", "294276-12-31 23:59:59+00"])
def test_what_python_has_no_room_for_is_read_and_written_as_it_was(text: str) -> None:
    value = ZONED.decode(text)
    assert isinstance(value, OutOfRangeDateTime)
    assert ZONED.encode(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "01.02.2020 00:00:00 UTC",
        "01/02/2020 00:00:00 UTC",
        "Wed Jan 01 00:00:00 2020 UTC",
        "44.03.15 BC",
        "\x00\x02\u00e9aG",
        "",
    ],
)
def test_texts_of_other_styles_are_refused_and_never_guessed(text: str) -> None:
    for codec in MOMENT_CODECS:
        with pytest.raises(ValueError, match=r"\S"):
            codec.decode(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (DAY, "2020-01-01T00:00:00+00:00"),
        (DAY.astimezone(HOUR), "2020-01-01T00:00:00+00:00"),
        (datetime.max, "infinity"),
        (datetime.max.replace(tzinfo=UTC), "infinity"),
        (datetime.min, "-infinity"),
    ],
)
def test_values_are_written_in_utc(value: Any, text: str) -> None:
    assert ZONED.encode(value) == text


def test_what_is_no_time_stamp_is_refused() -> None:
    for codec in MOMENT_CODECS:
        for value in (5, "2020-01-01", [DAY]):
            with pytest.raises(TypeError):
                codec.encode(value)
    with pytest.raises(TypeError):
        PLAIN.encode(DAY)


def test_arrays_come_back_as_they_were() -> None:
    chance = random.Random(7)
    values: list[Any] = [
        DAY + timedelta(seconds=chance.uniform(-6e10, 2e11), microseconds=chance.randrange(10**6))
        for _ in range(500)
    ]
    values += [datetime.max, datetime.min, OutOfRangeDateTime(10**18, UTC)]
    assert ZONEDS.decode(ZONEDS.encode(values)) == values
    values[::7] = [None] * len(values[::7])
    assert ZONEDS.decode(ZONEDS.encode(values)) == values
    naive = [None if v is None else v.replace(tzinfo=None) for v in values[:-1]]
    assert PLAINS.decode(PLAINS.encode(naive)) == naive


def test_arrays_of_arrays_and_empty_ones() -> None:
    nested = [[[DAY, None]], [[None, DAY]], [[DAY, DAY]]]
    assert ZONEDS.decode(ZONEDS.encode(nested)) == nested
    for empty in ([], (), set()):  # type: ignore[var-annotated]
        assert ZONEDS.decode(ZONEDS.encode(empty)) == []


def test_an_array_is_what_the_server_expects() -> None:
    head = struct.pack("!iiIii", 1, 0, 1184, 2, 1)
    numbers = struct.pack("!iqiq", 8, 0, 8, 631_152_000_000_000)
    assert ZONEDS.encode([datetime(2000, 1, 1, tzinfo=UTC), DAY]) == head + numbers


def test_dates_and_zones_in_arrays() -> None:
    naive = datetime(2020, 6, 1)
    assert ZONEDS.decode(ZONEDS.encode([DAY.astimezone(HOUR), naive, date(2020, 6, 1)])) == [
        DAY,
        naive.astimezone(UTC),
        naive.astimezone(UTC),
    ]
    assert PLAINS.decode(PLAINS.encode([date(2020, 6, 1)])) == [naive]


@pytest.mark.parametrize("value", ["abc", 5, [5], ["x"], iter([DAY]), {DAY: 1}])
def test_what_is_no_array_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        ZONEDS.encode(value)


@pytest.mark.parametrize("value", [[[DAY], []], [[DAY], DAY], [[DAY], [DAY, DAY]], [[DAY], None]])
def test_uneven_arrays_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="equally long"):
        ZONEDS.encode(value)
