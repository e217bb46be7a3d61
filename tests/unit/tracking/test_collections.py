"""RelatedList and RelatedSet do what list and set do, and report what comes and goes."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.tracking.collections import RelatedList, RelatedSet, make_collection
from tests.support.bookshop import Author, Book, Box, Shelf


class Recorder:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.refused: Any = None

    def admit(self, owner: Any, relationship: Any, members: Iterable[Any]) -> None:
        if any(member is self.refused for member in members):
            raise InvalidRequestError("refused")

    def changing(self, owner: Any, relationship: Any, before: Any) -> None:
        self.events.append(("changing", list(before)))

    def added(self, owner: Any, relationship: Any, members: Iterable[Any]) -> None:
        self.events += [("added", member) for member in members]

    def removed(self, owner: Any, relationship: Any, member: Any) -> None:
        self.events.append(("removed", member))

    def taken(self) -> list[tuple[str, Any]]:
        events, self.events = self.events, []
        return [event for event in events if event[0] != "changing"]


AUTHOR = Author(name="owner")
SHELF = Shelf()
A, B, C, D = BOOKS = [Book(title=title) for title in "abcd"]
BOXES = [Box(size=size) for size in range(4)]
Author.metadata.configure()


def a_list(*members: Book) -> tuple[RelatedList, Recorder]:
    recorder = Recorder()
    made = make_collection(AUTHOR, Author.books, recorder, members)
    assert isinstance(made, RelatedList)
    return made, recorder


def a_set(*members: Box) -> tuple[RelatedSet, Recorder]:
    recorder = Recorder()
    made = make_collection(SHELF, Shelf.boxes, recorder, members)
    assert isinstance(made, RelatedSet)
    return made, recorder


def assign(index: Any, value: Any) -> Callable[[list[Any]], None]:
    return lambda books: books.__setitem__(index, value)


def iadd(value: list[Any]) -> Callable[[Any], None]:
    return lambda books: books.__iadd__(value)


LIST_CHANGES: dict[str, Callable[[Any], Any]] = {
    "append": lambda books: books.append(D),
    "insert": lambda books: books.insert(1, D),
    "extend": lambda books: books.extend([D, A]),
    "extend with itself": lambda books: books.extend(books),
    "+=": iadd([D]),
    "+= generator": lambda books: books.__iadd__(b for b in [D]),
    "*= 2": lambda books: books.__imul__(2),
    "*= 0": lambda books: books.__imul__(0),
    "remove": lambda books: books.remove(B),
    "pop": lambda books: books.pop(),
    "pop(0)": lambda books: books.pop(0),
    "clear": lambda books: books.clear(),
    "item": assign(0, D),
    "same item": assign(0, A),
    "negative item": assign(-1, D),
    "slice": assign(slice(0, 2), [D]),
    "empty slice": assign(slice(1, 1), [D]),
    "whole slice": assign(slice(None), [C, D]),
    "step slice": assign(slice(None, None, 2), [D, B]),
    "slice from iterator": lambda books: books.__setitem__(slice(0, 1), iter([D])),
    "del item": lambda books: books.__delitem__(1),
    "del slice": lambda books: books.__delitem__(slice(0, 2)),
    "del step": lambda books: books.__delitem__(slice(None, None, 2)),
    "reverse": lambda books: books.reverse(),
    "sort": lambda books: books.sort(key=lambda book: book.title, reverse=True),
}


@pytest.mark.parametrize("name", LIST_CHANGES)
def test_a_list_changes_as_a_list_does_and_reports_it(name: str) -> None:
    plain = [A, B, C]
    books, recorder = a_list(A, B, C)
    expected, result = LIST_CHANGES[name](plain), LIST_CHANGES[name](books)
    assert list(books) == plain
    assert [id(m) for m in books] == [id(m) for m in plain]
    assert result is expected or result is books
    before, after = {A, B, C}, set(plain)
    events = recorder.events
    if name not in ("reverse", "sort"):
        assert events[0] == ("changing", [A, B, C])
    reported = recorder.taken()
    assert {m for kind, m in reported if kind == "removed"} == before - after
    assert {m for kind, m in reported if kind == "added"} >= after - before
    assert {m for kind, m in reported if kind == "added"} <= after


def test_a_list_knows_how_often_each_member_is_in_it_after_any_changes() -> None:
    chance = random.Random(7)
    books, _ = a_list()
    for _ in range(2000):
        book, index = chance.choice(BOOKS), chance.randrange(-3, 4)
        change = chance.choice(
            [
                lambda b, i: books.append(b),
                lambda b, i: books.append_silently(b),
                lambda b, i: books.insert(i, b),
                lambda b, i: books.extend([b, b]),
                lambda b, i: books.remove(b),
                lambda b, i: books.pop(i),
                lambda b, i: books.drop_silently(b),
                lambda b, i: books.keep_silently([m for m in books if m is not b]),
                lambda b, i: books.__setitem__(i, b),
                lambda b, i: books.__delitem__(slice(i, None)),
            ]
        )
        with suppress(IndexError, ValueError):
            change(book, index)
        plain = list(books)
        for member in BOOKS:
            assert books.count(member) == plain.count(member)
            assert books.holds(member) is (member in plain)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda books: books.remove(D), ValueError),
        (lambda books: books.index(D), ValueError),
        (lambda books: books.pop(7), IndexError),
        (assign(7, D), IndexError),
        (assign(slice(None, None, 2), [D]), ValueError),
        (lambda books: books.__delitem__(7), IndexError),
        (lambda books: books.append(AUTHOR), ArgumentError),
        (lambda books: books.extend([D, None]), ArgumentError),
        (assign(0, "text"), ArgumentError),
        (assign(slice(0, 1), [AUTHOR]), ArgumentError),
        (iadd([3]), ArgumentError),
    ],
)
def test_a_refused_change_leaves_a_list_as_it_was(
    change: Callable[[Any], Any], error: type[Exception]
) -> None:
    books, recorder = a_list(A, B, C)
    with pytest.raises(error):
        change(books)
    assert list(books) == [A, B, C]
    assert recorder.taken() == []


def test_who_listens_may_refuse_a_member() -> None:
    books, recorder = a_list(A)
    recorder.refused = D
    for change in (iadd([B, D]), lambda b: b.append(D), assign(0, D), assign(slice(0, 1), [D])):
        with pytest.raises(InvalidRequestError, match="refused"):
            change(books)
    assert list(books) == [A]
    assert recorder.events == []


def test_members_are_told_apart_by_identity() -> None:
    """Two new objects with equal columns are two rows."""
    first, second = Book(title="same"), Book(title="same")
    assert first == second
    books, recorder = a_list(first)
    assert second not in books
    assert books.count(first) == 1
    assert books.count(second) == 0
    books.append(second)
    assert books.index(second) == 1
    books.remove(second)
    assert books[0] is first
    assert recorder.taken() == [("added", second), ("removed", second)]
    books[0] = second
    assert recorder.taken() == [("removed", first), ("added", second)]


def test_a_member_that_is_there_twice_has_not_gone_with_one_of_them() -> None:
    """C18"""
    books, recorder = a_list(A, B, A)
    books.pop()
    books.append(A)
    books.remove(A)
    del books[1]
    assert recorder.taken()[-1:] == [("removed", A)]
    assert list(books) == [B]


def test_index_takes_bounds() -> None:
    books, _ = a_list(A, B, A)
    assert books.index(A) == 0
    assert books.index(A, 1) == 2
    assert books.index(A, -1) == 2
    with pytest.raises(ValueError, match=r"Author\.books"):
        books.index(B, 2, 3)


def test_what_is_derived_from_a_collection_is_plain() -> None:
    books, recorder = a_list(A, B)
    boxes, _ = a_set(*BOXES)
    for derived in (books[:], books + list(BOOKS), books * 2, books.copy(), copy.copy(books)):
        assert type(derived) is list
    for derived in (boxes | set(), boxes - set(), boxes.copy(), copy.copy(boxes)):
        assert type(derived) is set
    assert type(pickle.loads(pickle.dumps(a_list()[0]))) is list
    assert type(pickle.loads(pickle.dumps(a_set()[0]))) is set
    assert recorder.events == []


def test_a_collection_does_not_keep_its_owner_alive() -> None:
    owner = Author(name="a")
    recorder = Recorder()
    books = make_collection(owner, Author.books, recorder, [A])
    del owner
    with pytest.raises(InvalidRequestError, match=r"owner of this Author\.books(.|\n)*reference"):
        books.append(B)  # type: ignore[union-attr]
    assert list(books) == [A]


X, Y, Z, W = BOXES
SET_CHANGES: dict[str, Callable[[Any], Any]] = {
    "add": lambda boxes: boxes.add(W),
    "add again": lambda boxes: boxes.add(X),
    "discard": lambda boxes: boxes.discard(X),
    "discard none": lambda boxes: boxes.discard(W),
    "remove": lambda boxes: boxes.remove(X),
    "clear": lambda boxes: boxes.clear(),
    "update": lambda boxes: boxes.update([W], {X}),
    "|=": lambda boxes: boxes.__ior__({W}),
    "-=": lambda boxes: boxes.__isub__({X, W}),
    "&=": lambda boxes: boxes.__iand__({X, W}),
    "^=": lambda boxes: boxes.__ixor__({X, W}),
    "^= itself": lambda boxes: boxes.__ixor__(boxes),
    "difference_update": lambda boxes: boxes.difference_update([X], [Y]),
    "intersection_update": lambda boxes: boxes.intersection_update([X], [X, Y]),
    "symmetric_difference_update": lambda boxes: boxes.symmetric_difference_update([X, W]),
}


@pytest.mark.parametrize("name", SET_CHANGES)
def test_a_set_changes_as_a_set_does_and_reports_it(name: str) -> None:
    before = {X, Y, Z}
    plain = set(before)
    boxes, recorder = a_set(X, Y, Z)
    expected, result = SET_CHANGES[name](plain), SET_CHANGES[name](boxes)
    assert set(boxes) == plain
    assert (result is boxes) if expected is plain else (result is expected)
    reported = recorder.taken()
    assert {m for kind, m in reported if kind == "removed"} == before - plain
    assert {m for kind, m in reported if kind == "added"} == plain - before
    assert len(reported) == len(before ^ plain)


def test_a_set_pops_and_refuses_as_a_set_does() -> None:
    boxes, recorder = a_set(X)
    with pytest.raises(KeyError):
        boxes.remove(Y)
    with pytest.raises(ArgumentError, match=r"Shelf\.boxes takes Box objects, not Book"):
        boxes.add(A)
    with pytest.raises(ArgumentError):
        boxes |= {A}
    assert boxes.pop() is X
    assert recorder.taken() == [("removed", X)]
    with pytest.raises(KeyError):
        boxes.pop()
