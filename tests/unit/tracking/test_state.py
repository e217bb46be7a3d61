from __future__ import annotations

import copy
import pickle

import pytest

from asyncorm.errors import DetachedInstanceError, UnloadedAttributeError
from asyncorm.tracking.state import (
    InstanceState,
    Scope,
    Status,
    own_state,
    set_state,
    state_of,
    status_of,
    unit_of,
)
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.bookshop import Author


def test_an_object_no_session_has_seen_is_transient() -> None:
    author = Author(name="a")
    assert state_of(author) is None
    assert status_of(author) is Status.TRANSIENT
    assert unit_of(author) is None


def test_a_shared_state_becomes_the_objects_own_at_its_first_change() -> None:
    unit = UnitOfWork()
    shared = InstanceState(unit.scope, Status.PERSISTENT)
    first, second = Author(name="a"), Author(name="b")
    for author in (first, second):
        set_state(author, shared)
    first.name = "changed"
    own = state_of(first)
    assert own is not None
    assert own is not shared
    assert own.group is shared
    assert own.originals == {"name": "a"}
    assert state_of(second) is shared
    assert shared.shared
    assert shared.originals is None
    assert own_state(first) is own
    assert list(unit.dirty) == [first]


@pytest.mark.parametrize(
    ("status", "without"),
    [
        (Status.TRANSIENT, Status.TRANSIENT),
        (Status.PENDING, Status.TRANSIENT),
        (Status.PERSISTENT, Status.DETACHED),
        (Status.DELETED, Status.DETACHED),
        (Status.DETACHED, Status.DETACHED),
    ],
)
def test_emptying_the_scope_lets_all_of_a_session_go_at_once(
    status: Status, without: Status
) -> None:
    scope = Scope(UnitOfWork())
    state = InstanceState(scope, status)
    author = Author(name="a")
    set_state(author, state)
    assert status_of(author) is status
    scope.unit = None
    assert status_of(author) is without


def test_the_state_takes_no_part_in_equality_and_dumps_and_a_copy_is_in_no_session() -> None:
    author, plain = Author(name="a"), Author(name="a")
    unit = UnitOfWork()
    set_state(author, InstanceState(unit.scope, Status.PERSISTENT))
    assert author == plain
    assert author.model_dump() == plain.model_dump()
    for copied in (
        copy.copy(author),
        copy.deepcopy(author),
        author.model_copy(),
        pickle.loads(pickle.dumps(author)),
    ):
        assert unit_of(copied) is None
        assert unit_of(author) is unit


def test_an_unloaded_attribute_tells_how_to_load_it() -> None:
    unit = UnitOfWork()
    author = Author(name="a")
    del author.__dict__["age"]
    set_state(author, InstanceState(unit.scope, Status.PERSISTENT))
    with pytest.raises(UnloadedAttributeError) as caught:
        _ = author.age
    assert "Author.age is not loaded" in str(caught.value)
    assert "session.refresh(obj" in str(caught.value)
    with pytest.raises(UnloadedAttributeError, match=r"session\.load\(obj, Author\.books\)"):
        _ = author.books
    unit.drop()
    with pytest.raises(DetachedInstanceError, match=r"Author\.age(.|\n)*belongs to no session"):
        _ = author.age
    with pytest.raises(DetachedInstanceError, match=r"selectinload\(Author\.books\)"):
        _ = author.books
