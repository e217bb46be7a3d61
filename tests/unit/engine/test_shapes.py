"""Rows become instances of a class: few of them or many, by names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import pytest
from pydantic import BaseModel

from asyncorm.engine.shapes import shape_rows
from asyncorm.errors import ArgumentError


@dataclass
class Data:
    row: int
    shape: str = "none"
    values: list[int] = field(default_factory=list)


@dataclass(kw_only=True, slots=True, frozen=True)
class Strict:
    shape: str
    row: int


class Pair(NamedTuple):
    row: int
    shape: str = "none"


class Known(TypedDict):
    row: int
    shape: str


class Read(BaseModel):
    row: int
    shape: str


class Louder(Data):
    def __init__(self, shape: str, **others: Any) -> None:
        super().__init__(shape=shape.upper(), **others)


SHAPES = [Data, Strict, Pair, Known, Read, Louder]


@pytest.mark.parametrize("names", [("row", "shape"), ("shape", "row")])
@pytest.mark.parametrize("shape", SHAPES)
def test_many_rows_become_what_few_do(shape: Any, names: Sequence[str]) -> None:
    rows = [(n, "x") if names[0] == "row" else ("x", n) for n in range(500)]
    one_by_one = [found for row in rows for found in shape_rows(shape, names, [row])]
    found = shape_rows(shape, names, rows)
    assert found == one_by_one
    assert {type(one) for one in found} == {dict if shape is Known else shape}


@pytest.mark.parametrize("count", [1, 500])
def test_a_column_of_no_field_is_refused_however_many_rows_there_are(count: int) -> None:
    with pytest.raises(ArgumentError, match="other, which it has no field for"):
        shape_rows(Data, ("row", "other"), [(1, 2)] * count)
    with pytest.raises(ArgumentError, match="no column row"):
        shape_rows(Pair, ("shape",), ["x"] * count)


@pytest.mark.parametrize("shape", SHAPES)
def test_columns_of_one_name_are_refused_since_only_one_would_arrive(shape: Any) -> None:
    with pytest.raises(ArgumentError, match="given several columns row"):
        shape_rows(shape, ("row", "shape", "row"), [(1, "x", 2)])
