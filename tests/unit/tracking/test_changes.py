from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from asyncorm.sql.functions.func import func
from asyncorm.tracking.changes import changed_columns, changed_members, has_changes, same
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.state import UNLOADED, InstanceState, Status, set_state
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.bookshop import Author, Book

NAN = float("nan")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, None, True),
        (None, 0, False),
        ("", None, False),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (1, 1.0, True),
        (Decimal("1.0"), Decimal("1.00"), True),
        (NAN, NAN, True),
        (float("nan"), float("nan"), True),
        (NAN, 1.0, False),
        (UNLOADED, 1, False),
        (UNLOADED, UNLOADED, True),
        ([1], [1], True),
        ({"a": 1}, {"a": 2}, False),
        (func.now(), func.now(), False),
        (1, func.now(), False),
    ],
)
def test_two_values_are_the_same_if_the_column_would_not_change(
    one: Any, other: Any, expected: bool
) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


@pytest.fixture
def author() -> Author:
    author = Author(name="a", age=1)
    author.__dict__["id"] = 1
    author.__dict__["books"] = []
    set_state(author, InstanceState(UnitOfWork().scope, Status.PERSISTENT))
    return author


def test_only_net_changes_count_in_the_order_of_the_table(author: Author) -> None:
    assert changed_columns(author) == ()
    author.age = 2
    author.name = "b"
    assert changed_columns(author) == ("name", "age")
    author.name = "a"
    assert changed_columns(author) == ("age",)
    author.age = 1
    assert not has_changes(author)


def test_a_new_object_has_no_changes_to_compare() -> None:
    author = Author(name="a")
    author.name = "b"
    assert changed_columns(author) == ()
    assert changed_members(author, "books") == ([], [])


def test_an_unloaded_value_counts_as_changed_when_it_is_set(author: Author) -> None:
    del author.__dict__["age"]
    author.age = 1
    assert changed_columns(author) == ("age",)


def test_what_was_added_at_the_end_is_found_and_what_was_there_is_not(author: Author) -> None:
    first, second, third = (Book(title=f"book {n}") for n in range(3))
    fill_collection(author, Author.books, [first, second])
    author.books.append(third)
    author.books.append(first)  # twice in the list, and one link
    assert changed_members(author, "books") == ([third], [])
    author.books.remove(third)
    assert changed_members(author, "books") == ([], [])
    author.books.reverse()
    assert changed_members(author, "books") == ([], [])
    author.books.insert(0, third)
    author.books.remove(second)
    assert changed_members(author, "books") == ([third], [second])
    author.books.clear()
    assert changed_members(author, "books") == ([], [first, second])


def test_members_are_compared_by_identity(author: Author) -> None:
    first, second = Book(title="same"), Book(title="same")
    author.__dict__.pop("books")
    fill_collection(author, Author.books, [first])
    author.books = [second]
    added, removed = changed_members(author, "books")
    assert added[0] is second
    assert removed[0] is first
    assert has_changes(author)
    assert not has_changes(author, include_collections=False)
    author.books = [first]
    assert not has_changes(author)
