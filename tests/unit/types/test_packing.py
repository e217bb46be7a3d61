"""Which values travel packed, and which go as arrays because packed they would not be the same."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest

from asyncorm.types.packing import PACKINGS


class Colour(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("kind", "values", "packed"),
    [
        ("text", ["a", "", "b,c"], "a\x1f\x1fb,c"),
        ("text", ["a", None, ""], "a\x1f\x1e\x1f"),
        ("integer", [1, -2], "{1, -2}"),
        ("bigint", [2**63 - 1, None, -(2**63)], f"{{{2**63 - 1}, NULL, {-(2**63)}}}"),
        ("boolean", [True, None, False], "{True, NULL, False}"),
        ("numeric", [Decimal("1E+3"), Decimal("NaN")], "{1E+3,NaN}"),
        ("numeric", [Decimal("0.10"), None, 5], "{0.10,NULL,5}"),
        ("uuid", [UUID(int=10), None], "{0000000000000000000000000000000a,NULL}"),
        ("uuid", [UUID(int=10)], "{0000000000000000000000000000000a}"),
    ],
)
def test_values_are_packed(kind: str, values: list[Any], packed: object) -> None:
    assert PACKINGS[kind].pack(values) == packed


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["a", "b\x1fc"]),
        ("text", ["a", "\x1e"]),
        ("text", [None, "\x1e"]),
        ("text", [None, "a\x1fb"]),
        ("text", ["a", "\ud800"]),
        ("text", ["a", 5]),
        ("text", [None, 5]),
        ("smallint", [2**15]),
        ("integer", [None, 2**31]),
        ("bigint", [-(2**63) - 1]),
        ("integer", [Colour.RED]),
        ("integer", [True]),
        ("integer", ["1"]),
        ("boolean", [1]),
        ("numeric", [1.5]),
        ("numeric", [True]),
        ("uuid", ["0" * 32]),
    ],
)
def test_values_that_would_not_be_the_same_are_not_packed(kind: str, values: list[Any]) -> None:
    assert PACKINGS[kind].pack(values) is None
