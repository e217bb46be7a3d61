"""RelatedDict: members by their key, every change tracked."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from asyncorm import ArgumentError
from asyncorm.tracking.related_dict import RelatedDict
from tests.support.links import Linked, Note, Page, Word


@pytest.fixture(autouse=True)
def configured() -> None:
    Linked.metadata.configure()


def page(*titles: str) -> Page:
    return Page(notes={title: Note(title=title) for title in titles})


def test_setting_and_deleting_keeps_the_other_side_in_step() -> None:
    a, b, again = Note(title="a"), Note(title="b"), Note(title="a")
    owner = Page()
    owner.notes["a"] = a
    owner.notes |= {"b": b}
    assert (a.page, b.page) == (owner, owner)
    owner.notes["a"] = again
    assert (a.page, again.page) == (None, owner)
    del owner.notes["b"]
    assert b.page is None
    assert owner.notes.setdefault("b", b) is b
    assert owner.notes.setdefault("b", Note(title="b")) is b
    assert b.page is owner
    assert owner.notes.pop("b") is b
    assert owner.notes.pop("b", None) is None
    assert owner.notes.popitem() == ("a", again)
    assert (b.page, again.page, owner.notes) == (None, None, {})


def test_update_and_clear_are_tracked() -> None:
    owner = page("a")
    a = owner.notes["a"]
    owner.notes.update(b=Note(title="b"))
    owner.notes.update([("c", Note(title="c"))])
    assert [note.page for note in owner.notes.values()] == [owner] * 3
    owner.notes.clear()
    assert (owner.notes, a.page) == ({}, None)


def test_a_dict_is_replaced_as_a_whole() -> None:
    owner = page("a", "b")
    a, b = owner.notes["a"], owner.notes["b"]
    given = {"b": b}
    owner.notes = given
    assert (a.page, b.page) == (None, owner)
    owner.notes["c"] = Note(title="c")
    assert given == {"b": b}


@pytest.mark.parametrize("method", ["__setitem__", "setdefault"])
def test_a_key_that_is_not_the_members_is_refused(method: str) -> None:
    owner = page("a")
    with pytest.raises(ArgumentError, match=r"Page\.notes is keyed by Note\.title"):
        getattr(owner.notes, method)("b", Note(title="c"))
    with pytest.raises(ArgumentError, match="keyed by"):
        owner.notes = {"x": owner.notes["a"]}
    assert list(owner.notes) == ["a"]


@pytest.mark.parametrize("value", [[], None, 5])
def test_only_a_dict_can_be_assigned(value: Any) -> None:
    owner = page("a")
    with pytest.raises(ArgumentError, match=r"Page\.notes takes a collection"):
        owner.notes = value


def test_members_of_another_class_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"Page\.notes takes Note objects, not Word"):
        page().notes["a"] = Word(text="a")


def test_what_is_missing_is_a_key_error() -> None:
    owner = page()
    with pytest.raises(KeyError):
        owner.notes["a"]
    with pytest.raises(KeyError):
        del owner.notes["a"]
    with pytest.raises(KeyError):
        owner.notes.pop("a")
    with pytest.raises(KeyError, match=r"Page\.notes is empty"):
        owner.notes.popitem()


def test_a_member_enters_from_the_other_side_and_takes_the_key() -> None:
    owner = page("a")
    old, new = owner.notes["a"], Note(title="a")
    new.page = owner
    assert owner.notes == {"a": new}
    assert old.page is None
    new.page = page()
    assert owner.notes == {}


def test_both_ends_of_links_follow() -> None:
    owner, word = Page(), Word(text="w")
    word.pages.add(owner)
    assert owner.words == {"w": word}
    del owner.words["w"]
    assert word.pages == set()


def test_a_member_whose_key_has_changed_can_leave() -> None:
    owner, word = Page(), Word(text="w")
    word.pages.add(owner)
    word.text = "v"
    word.pages.clear()
    assert owner.words == {}


def test_a_member_whose_key_has_changed_moves_to_the_new_one() -> None:
    owner = page("a", "b")
    member = owner.notes["a"]
    member.title = "c"
    owner.notes["c"] = member
    assert list(owner.notes) == ["b", "c"]
    del owner.notes["c"]
    assert member.page is None


def test_copies_and_pickles_are_plain_or_whole() -> None:
    owner = page("a")
    assert type(copy.copy(owner.notes)) is dict
    again = pickle.loads(pickle.dumps(owner))
    assert isinstance(again.notes, RelatedDict)
    assert again.notes["a"].page is again
