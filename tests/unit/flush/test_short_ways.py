"""What a flush leaves out for changes that concern no other object makes no difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncorm.flush import changes as collecting
from asyncorm.flush import planner
from asyncorm.flush.changes import ChangeSet, collect_changes
from asyncorm.flush.plan import Batch, FlushPlan
from asyncorm.flush.planner import plan_flush
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.library import Author, Book, Node, stored, unit_of

NAMES = st.sampled_from(["a", "b", "c"])
NUMBERS = st.integers(1, 3)
CHANGED: dict[Any, dict[str, st.SearchStrategy[Any]]] = {
    Author: {"name": NAMES, "age": NUMBERS},
    Book: {"title": NAMES, "pages": NUMBERS},
    Node: {"name": NAMES},
}


def made(kind: Any, text: str) -> Any:
    return kind(**{"title" if kind is Book else "name": text})


@st.composite
def units(draw: st.DrawFn) -> UnitOfWork:
    """New and changed objects of one class or of several, some of them linked."""
    unit = unit_of()
    kinds = draw(
        st.sampled_from([(Author,), (Book,), (Node,), (Author, Book), (Author, Book, Node)])
    )
    objects = [
        made(draw(st.sampled_from(kinds)), draw(NAMES)) for _ in range(draw(st.integers(0, 6)))
    ]
    persistent = draw(st.sets(st.sampled_from(objects))) if objects else set()
    for number, one in enumerate(objects, 1):
        if one in persistent:
            one.id = number
    stored(unit, *[one for one in objects if one in persistent])
    for one in objects:
        if one not in persistent:
            unit.add(one)
        for name in draw(st.sets(st.sampled_from(sorted(CHANGED[type(one)])))):
            setattr(one, name, draw(CHANGED[type(one)][name]))
    authors = [one for one in objects if isinstance(one, Author)]
    for book in [one for one in objects if isinstance(one, Book)]:
        if authors and draw(st.booleans()):
            book.author = draw(st.sampled_from(authors))
    return unit


def told(changes: ChangeSet) -> dict[str, Any]:
    """The changes, with what compares by identity as such."""
    return {
        "inserts": [id(one) for one in changes.inserts],
        "updates": [(id(one), names) for one, names in changes.updates.items()],
        "deletes": changes.deletes,
        "dropped": changes.dropped,
        "unloaded": changes.unloaded,
        "links": [(id(a), key.name, id(k.parent)) for (a, key), k in changes.links.items()],
        "associations": changes.associations,
    }


def steps(plan: FlushPlan) -> list[tuple[str, list[int], int]]:
    batches = [batch for batch in plan.batches if isinstance(batch, Batch)]
    assert len(batches) == len(plan.batches)
    return [(str(b), [id(one) for one in b.instances], len(b.links)) for b in batches]


@settings(max_examples=100)
@given(units())
def test_changes_without_links_are_what_the_search_for_links_finds(unit: UnitOfWork) -> None:
    short = collect_changes(unit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collecting, "linked_instances", lambda u, dirty: [*u.new, *dirty])
        patch.setattr(collecting, "renames_children", lambda dirty: True)
        assert told(collect_changes(unit)) == told(short)


@settings(max_examples=100)
@given(units())
def test_the_plan_for_plain_tables_is_that_of_the_general_way(unit: UnitOfWork) -> None:
    changes = collect_changes(unit)
    short = plan_flush(changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "_plain_tables", lambda changes: None)
        assert steps(plan_flush(changes)) == steps(short)
