"""What is said of attributes without a value."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import DetachedInstanceError, UnloadedAttributeError, inspect
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.state import own_state
from asyncorm.tracking.unit_of_work import UnitOfWork
from asyncorm.tracking.unloaded import is_unloaded, shown_related, unloaded_error
from tests.support.bookshop import Author, Book
from tests.support.loaded import load_row


@pytest.fixture
def unit() -> UnitOfWork:
    return UnitOfWork()


@pytest.fixture
def author(unit: UnitOfWork) -> Author:
    return load_row(unit, Author, id=1, name="a")


def test_a_reason_is_part_of_the_message(author: Author, unit: UnitOfWork) -> None:
    error = unloaded_error(author, "books", "the statement has raiseload(Author.books)")
    assert isinstance(error, UnloadedAttributeError)
    assert error.message == (
        "Author.books is not loaded: the statement has raiseload(Author.books)"
    )
    unit.drop()
    detached = unloaded_error(author, "books", "so it is")
    assert isinstance(detached, DetachedInstanceError)
    assert detached.message.endswith("belongs to no session: so it is")


def test_what_is_unloaded_is_what_can_not_be_read(author: Author, unit: UnitOfWork) -> None:
    names = ("id", "name", "age", "books")
    assert [name for name in names if is_unloaded(author, name)] == ["age", "books"]
    assert not any(is_unloaded(Author(name="n"), name) for name in names)
    own_state(author).inserted = True
    assert inspect(author).unloaded == {"age"}
    book = load_row(unit, Book, id=1, title="t", author_id=1)
    other = load_row(unit, Book, id=2, title="t", author_id=9)
    assert not is_unloaded(book, "author")
    assert is_unloaded(other, "author")


def test_collections_are_shown_by_their_size(author: Author, unit: UnitOfWork) -> None:
    books: Any = Author.__mapper__.relationships["books"]
    assert shown_related(author, books) == "<unloaded>"
    members = [load_row(unit, Book, id=n, title="t", author_id=1) for n in range(3)]
    fill_collection(author, books, members)
    assert shown_related(author, books) == "<3 Book>"
    author.__dict__["books"].selection = "some"
    assert shown_related(author, books) == "<3 Book, partial>"
    assert repr(author).endswith("age=<unloaded>, books=<3 Book, partial>)")
