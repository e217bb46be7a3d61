"""Ranges and multiranges as values: equality, contents, text, copies."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from asyncorm import Multirange, Range


def test_whole_numbers_and_days_are_equal_as_on_the_server() -> None:
    assert Range(1, 5, bounds="[]") == Range(1, 6)
    assert hash(Range(1, 5, bounds="[]")) == hash(Range(1, 6))
    assert Range(0, 5, bounds="()") == Range(1, 5)
    assert Range(1, 2, bounds="()") == Range(empty=True)
    assert Range(date(2020, 1, 1), date(2020, 1, 2), bounds="[]") == Range(
        date(2020, 1, 1), date(2020, 1, 3)
    )


def test_other_numbers_are_not_counted_in_steps() -> None:
    one, six = Decimal(1), Decimal(6)
    assert Range(1, 5, bounds="[]") != Range(one, six)
    assert Range(one, Decimal(5), bounds="[]") != Range(one, six)
    assert Range(1, 6) == Range(one, six)
    assert hash(Range(1, 6)) == hash(Range(one, six))


@pytest.mark.parametrize(
    ("inside", "whole", "expected"),
    [
        (3, Range(1, 5), True),
        (5, Range(1, 5), False),
        (5, Range(1, 5, bounds="[]"), True),
        (None, Range(1, 5), False),
        (9, Range(1), True),
        (Range(2, 3), Range(1, 5), True),
        (Range(2), Range(1, 5), False),
        (Range(empty=True), Range(1, 5), True),
        (1, Range(empty=True), False),
        (7, Multirange([Range(1, 2), Range(6, 9)]), True),
        (Range(2, 7), Multirange([Range(1, 3), Range(6, 9)]), False),
        (Multirange([Range(1, 2)]), Multirange([Range(1, 3)]), True),
    ],
)
def test_contents(inside: Any, whole: Any, expected: bool) -> None:
    assert (inside in whole) is expected


def test_a_multirange_is_ordered_and_joined() -> None:
    parts = [Range(5, 7), Range(1, 3), Range(3, 4), Range(empty=True)]
    assert list(Multirange(parts)) == [Range(1, 4), Range(5, 7)]
    assert Multirange(parts) == Multirange([Range(1, 4), Range(5, 7)])


@pytest.mark.parametrize(
    "wrong", [lambda: Range(5, 1), lambda: Range(1, 2, bounds="x"), lambda: Range(1, "a")]
)
def test_bounds_that_can_not_be_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="bound"):
        wrong()


@pytest.mark.parametrize("name", ["_lower", "lower", "other"])
def test_a_range_never_changes(name: str) -> None:
    value = Range(1, 2)
    with pytest.raises(AttributeError, match="never changes"):
        setattr(value, name, 3)
    with pytest.raises(AttributeError, match="never changes"):
        delattr(value, name)


VALUES: list[Any] = [
    Range(1, 5, bounds="(]"),
    Range(empty=True),
    Range(),
    Range(Decimal("1.5")),
    Multirange([Range(1, 2), Range(5)]),
    Multirange(),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_copies_are_equal(value: Any) -> None:
    for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert copied == value
        assert type(copied) is type(value)
        assert hash(copied) == hash(value)
        assert repr(copied) == repr(value)


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_json_and_back(value: Any) -> None:
    item = Decimal if "Decimal" in repr(value) else int
    kind: Any = Multirange[item] if isinstance(value, Multirange) else Range[item]  # type: ignore[valid-type]
    adapter = TypeAdapter(kind)
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.validate_python(adapter.dump_python(value)) == value
    assert adapter.validate_python(str(value)) == value
    assert adapter.json_schema()
    assert adapter.json_schema(mode="serialization")
    with pytest.raises(ValidationError):
        adapter.validate_python("no range")
