"""Copies and pickles of instances: equal to the original, detached from its session."""

from __future__ import annotations

import copy
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from asyncorm import (
    DetachedInstanceError,
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    inspect,
    relationship,
)
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.loaded import load_row


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    tags: Mapped[list[str]] = column(default_factory=list)
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="books"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")


def by_model_copy(instance: Any) -> Any:
    return instance.model_copy()


def by_deep_model_copy(instance: Any) -> Any:
    return instance.model_copy(deep=True)


def by_pickle(instance: Any) -> Any:
    return pickle.loads(pickle.dumps(instance))


WAYS = [copy.copy, copy.deepcopy, by_model_copy, by_deep_model_copy, by_pickle]
Way = Callable[[Any], Any]


@pytest.fixture
def unit() -> UnitOfWork:
    return UnitOfWork()


@pytest.mark.parametrize("way", WAYS)
def test_the_copy_of_a_loaded_object_is_equal_and_detached(way: Way, unit: UnitOfWork) -> None:
    user = load_row(unit, User, id=1, name="Ann", tags=["x"])
    copied = way(user)
    assert copied == user
    assert copied is not user
    assert inspect(copied).detached
    assert inspect(copied).session is None
    assert inspect(copied).identity_key == (User, (1,))
    assert inspect(user).persistent
    copied.name = "Bob"
    assert user.name == "Ann"
    assert not unit.dirty


@pytest.mark.parametrize("way", WAYS)
def test_the_copy_of_a_new_object_is_new(way: Way, unit: UnitOfWork) -> None:
    user = User(name="Ann")
    unit.add(user)
    copied = way(user)
    assert copied == user
    assert inspect(copied).transient
    assert copied.id is None
    assert copied.model_fields_set == {"name"}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_loaded_stays_unloaded_in_the_copy(way: Way, unit: UnitOfWork) -> None:
    copied = way(load_row(unit, User, id=1, name="Ann"))
    assert copied.name == "Ann"
    for name in ("tags", "books"):
        with pytest.raises(DetachedInstanceError, match=f"User.{name} is not loaded"):
            getattr(copied, name)


@pytest.mark.parametrize("way", WAYS)
def test_unflushed_changes_stay_changes_in_the_copy(way: Way, unit: UnitOfWork) -> None:
    user = load_row(unit, User, id=1, name="Ann", tags=[])
    user.name = "Bob"
    copied = way(user)
    assert inspect(copied).history("name") == (("Bob",), (), ("Ann",))


@pytest.mark.parametrize("way", [copy.deepcopy, by_deep_model_copy])
def test_a_deep_copy_copies_the_values(way: Way, unit: UnitOfWork) -> None:
    user = load_row(unit, User, id=1, name="Ann", tags=["x"])
    way(user).tags.append("y")
    assert user.tags == ["x"]


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, by_model_copy])
def test_a_copy_does_not_take_the_related_objects_along(way: Way) -> None:
    book = Book(title="t")
    user = User(name="Ann", books=[book])
    copied = way(user)
    assert copied.books == []
    assert user.books == [book]
    assert book.author is user


def test_a_pickled_graph_keeps_its_links(unit: UnitOfWork) -> None:
    user = load_row(unit, User, id=1, name="Ann", tags=[])
    user.__dict__["books"] = []
    loaded = by_pickle(user)
    assert loaded.books == []

    book = Book(title="t")
    found = by_pickle(User(name="Ann", books=[book]))
    assert [b.title for b in found.books] == ["t"]
    assert found.books[0].author is found
    other = Book(title="u")
    found.books.append(other)
    assert other.author is found  # the collection still tells of its changes


def test_values_given_to_model_copy_are_changes(unit: UnitOfWork) -> None:
    user = load_row(unit, User, id=1, name="Ann", tags=[])
    copied = user.model_copy(update={"name": "Bob"})
    assert copied.name == "Bob"
    assert user.name == "Ann"
    assert inspect(copied).history("name").added == ("Bob",)
    assert User(name="Ann").model_copy(update={"name": "Bob"}).name == "Bob"


def test_objects_are_equal_by_columns_and_hashed_by_identity() -> None:
    one, other = User(name="Ann"), User(name="Ann")
    assert one == other
    assert one != User(name="Bob")
    assert one != Book(title="Ann")
    assert len({one, other}) == 2
    assert one != "Ann"


def test_objects_can_be_referred_to_weakly() -> None:
    user = User(name="Ann")
    assert weakref.ref(user)() is user
