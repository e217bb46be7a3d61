"""Rows become objects by generated code: the same ones whatever way the code takes."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import Mapped, MetaData, Model, column
from asyncorm.loading.hydrator import hydrator
from asyncorm.tracking.identity_map import References
from asyncorm.tracking.state import InstanceState, Scope, Status


class Base(Model):
    metadata = MetaData()


class Cell(Base, table="cell"):
    row: Mapped[int] = column(primary_key=True)
    place: Mapped[str] = column(primary_key=True)
    value: Mapped[float | None]


Base.metadata.configure()
NAMES = ("row", "place", "value")
STATE = InstanceState(Scope(None), Status.PERSISTENT)


def values(cells: list[Any]) -> list[Any]:
    return [None if one is None else tuple(one.__dict__[name] for name in NAMES) for one in cells]


@pytest.mark.parametrize("width", [3, None], ids=["alone", "beside others"])
@pytest.mark.parametrize("is_held", [False, True], ids=["new", "held"])
def test_rows_become_objects_and_are_entered(width: int | None, is_held: bool) -> None:
    rows = [(1, "a", 0.5), (1, "b", None), (2, "a", 1.5)]
    references = References()
    hydrate = hydrator(Cell.__mapper__, NAMES, 0, False, width=width)
    held = hydrate(rows[1:2], STATE, references, None) if is_held else []
    found = hydrate(rows, STATE, references, None)
    assert values(found) == rows
    assert all(one._state is STATE and type(one) is Cell for one in found)
    assert {key: reference() for key, reference in references.items()} == {
        (one.row, one.place): one for one in found
    }
    if is_held:
        assert found[1] is held[0]


@pytest.mark.parametrize("width", [3, None])
def test_a_row_that_comes_twice_is_one_object(width: int | None) -> None:
    rows = [(1, "a", 0.5), (2, "a", 1.5), (1, "a", 0.5)]
    hydrate = hydrator(Cell.__mapper__, NAMES, 0, False, width=width)
    for _ in range(2):  # the second time it is known that rows repeat
        references = References()
        found = hydrate(rows, STATE, references, None)
        assert found[0] is found[2]
        assert values(found) == rows
        assert [reference() for reference in references.values()] == found[:2]


def test_a_shape_whose_rows_have_come_twice_still_brings_single_ones() -> None:
    hydrate = hydrator(Cell.__mapper__, NAMES, 0, False, width=3)
    hydrate([(9, "z", None)] * 2, STATE, References(), None)
    references = References()
    found = hydrate([(1, "a", None), (2, "b", None)], STATE, references, None)
    assert values(found) == [(1, "a", None), (2, "b", None)]
    assert len(references) == 2


def test_a_missing_entity_is_none() -> None:
    hydrate = hydrator(Cell.__mapper__, NAMES, 1, True)
    rows = [(0, 1, "a", 0.5), (0, None, None, None), (0, 1, None, None)]
    assert values(hydrate(rows, STATE, References(), None)) == [(1, "a", 0.5), None, None]


def test_an_error_leaves_no_objects() -> None:
    references = References()
    hydrate = hydrator(Cell.__mapper__, NAMES, 0, False, width=3)
    with pytest.raises((ValueError, IndexError)):
        hydrate([(1, "a", 0.5), (2,)], STATE, references, None)
    assert not references.live()


@pytest.mark.parametrize("nullable", [False, True])
def test_rows_that_repeat_an_entity_bring_it_once(nullable: bool) -> None:
    hydrate = hydrator(Cell.__mapper__, NAMES, 1, nullable, repeated=True)
    rows: list[Any] = [(n, n % 3, "a", 0.5) for n in range(7)]
    if nullable:
        rows.insert(2, (0, None, None, None))
    references = References()
    found = hydrate(rows, STATE, references, None)
    assert values(found) == [None if row[1] is None else row[1:] for row in rows]
    made = [one for one in found if one is not None]
    assert made[0] is made[3] is made[6]
    assert [reference() for reference in references.values()] == made[:3]
    assert hydrate(rows, STATE, references, None) == found


def test_an_error_among_repeated_rows_leaves_no_references() -> None:
    references = References()
    hydrate = hydrator(Cell.__mapper__, NAMES, 0, False, repeated=True)
    with pytest.raises(IndexError):
        hydrate([(1, "a", 0.5), (2,)], STATE, references, None)
    assert not references
