"""Assigning one side of a relationship: the other side follows, in memory and at once."""

from __future__ import annotations

import pytest

from asyncorm.errors import (
    ArgumentError,
    InvalidRequestError,
    OrphanedReferenceError,
    UnloadedAttributeError,
)
from asyncorm.flush.changes import collect_changes
from asyncorm.tracking.changes import changed_members
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.state import InstanceState, Status, set_state
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of
from tests.support.bookshop import Author, Book, Box, Label, Owner, Passport, Shelf


@pytest.fixture
def unit() -> UnitOfWork:
    return UnitOfWork()


def loaded(unit: UnitOfWork, instance: object, **values: object) -> None:
    """Make an instance look as if it came from a row."""
    instance.__dict__.update(values)
    set_state(instance, InstanceState(unit.scope, Status.PERSISTENT))
    mapper = mapper_of(instance)
    unit.identity_map.add(mapper, mapper.key_of(instance.__dict__), instance)


def loaded_author(unit: UnitOfWork, key: int, books: list[Book] | None = None) -> Author:
    author = Author(name=f"{key}")
    loaded(unit, author, id=key)
    if books is not None:
        fill_collection(author, Author.books, books)
    return author


def loaded_book(unit: UnitOfWork, key: int, author_id: int | None = None) -> Book:
    book = Book(title=f"{key}")
    loaded(unit, book, id=key, author_id=author_id)
    return book


def test_a_new_child_points_to_its_parent_and_back() -> None:
    author = Author(name="a", books=[Book(title="t")])
    assert author.books[0].author is author
    book = Book(title="u", author=author)
    assert author.books[1] is book
    author.books.remove(book)
    assert book.author is None
    book.author = author
    book.author = None
    assert book not in author.books


def test_a_child_moves_from_parent_to_parent() -> None:
    book = Book(title="t")
    first, second = Author(name="a", books=[book]), Author(name="b")
    second.books.append(book)
    assert (first.books, second.books, book.author) == ([], [book], second)
    book.author = first
    assert (first.books, second.books) == ([book], [])
    second.books = [book]
    assert (first.books, second.books, book.author) == ([], [book], second)


def test_replacing_a_collection_tells_who_came_and_who_went() -> None:
    """C17"""
    a, b, c = (Book(title=t) for t in "abc")
    author = Author(name="x", books=[a, b])
    author.books = [b, c]
    assert (a.author, b.author, c.author) == (None, author, author)
    author.books = (a,)
    assert author.books == [a]
    author.books += [b]
    assert b.author is author
    author.books = []
    assert [book.author for book in (a, b, c)] == [None] * 3


def test_a_replaced_collection_stays_the_tracked_one() -> None:
    author = Author(name="x")
    plain = [Book(title="a")]
    author.books = plain
    author.books.append(Book(title="b"))
    assert len(plain) == 1
    assert [book.author for book in author.books] == [author, author]


def test_a_set_follows_too() -> None:
    box = Box(size=1)
    shelf, other = Shelf(boxes={box}), Shelf(boxes=[Box(size=2)])
    assert box.shelf is shelf
    other.boxes |= {box}
    assert shelf.boxes == set()
    assert box.shelf is other
    box.shelf = shelf
    assert (len(other.boxes), shelf.boxes) == (1, {box})


def test_one_to_one_replaces_on_both_sides() -> None:
    first, second = Passport(), Passport()
    owner, other = Owner(code="a", passport=first), Owner(code="b")
    owner.passport = second
    assert (first.owner, second.owner) == (None, owner)
    second.owner = other
    assert (owner.passport, other.passport) == (None, second)
    first.owner = other
    assert (second.owner, other.passport) == (None, first)


def test_a_one_sided_relationship_tells_nobody() -> None:
    label = Label(text="l")
    shelf = Shelf(labels=[label])
    assert shelf.labels == [label]
    assert "shelf" not in label.__dict__


def test_objects_of_another_class_are_refused_at_the_assignment() -> None:
    """C19"""
    with pytest.raises(ArgumentError, match=r"Book\.author takes Author objects, not Book"):
        Book(title="t", author=Book(title="u"))  # type: ignore[arg-type]
    author = Author(name="a")
    with pytest.raises(ArgumentError, match=r"Author\.books takes Book objects, not Author"):
        author.books = [author]  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match=r"Author\.books takes a collection, not Book"):
        author.books = Book(title="t")  # type: ignore[assignment]
    with pytest.raises(ArgumentError, match="takes a collection, not NoneType"):
        author.books = None  # type: ignore[assignment]
    assert author.books == []


def test_a_move_leaves_the_old_parents_collection_though_nobody_read_the_parent(
    unit: UnitOfWork,
) -> None:
    book = loaded_book(unit, 1, author_id=1)
    first, second = loaded_author(unit, 1, [book]), loaded_author(unit, 2, [])
    second.books.append(book)
    assert first.books == []
    assert book.author is second
    assert changed_members(first, "books") == ([], [book])
    assert changed_members(second, "books") == ([book], [])


def test_setting_an_unloaded_reference_loads_nothing(unit: UnitOfWork) -> None:
    """C16"""
    book = loaded_book(unit, 1, author_id=7)  # nobody holds author 7
    author = loaded_author(unit, 1, [])
    book.author = author
    assert author.books == [book]
    assert book in unit.dirty


def test_taking_a_child_out_clears_a_reference_that_was_never_read(unit: UnitOfWork) -> None:
    book = loaded_book(unit, 1, author_id=1)
    author = loaded_author(unit, 1, [book])
    author.books.remove(book)
    assert book.author is None
    assert changed_members(book, "author") == ([], [author])


def test_a_change_waits_for_a_collection_that_is_not_loaded(unit: UnitOfWork) -> None:
    """C15"""
    author = loaded_author(unit, 1)
    stays, goes = loaded_book(unit, 1, 1), loaded_book(unit, 2, 1)
    comes = Book(title="new", author=author)
    twice = Book(title="in and out", author=author)
    twice.author = None
    goes.author = None
    with pytest.raises(UnloadedAttributeError):
        _ = author.books
    fill_collection(author, Author.books, [stays, goes])
    assert author.books == [stays, comes]
    fill_collection(author, Author.books, [stays, goes])
    assert author.books == [stays]  # the queue is used up, and what has gone elsewhere stays away


def test_a_collection_that_is_not_loaded_is_not_replaced_blindly(unit: UnitOfWork) -> None:
    author = loaded_author(unit, 1)
    with pytest.raises(UnloadedAttributeError, match=r"Author\.books"):
        author.books = []
    owner = Owner(code="a")
    loaded(unit, owner)
    with pytest.raises(UnloadedAttributeError, match=r"Owner\.passport"):
        owner.passport = Passport()


def test_linking_adds_to_the_session_forwards_only(unit: UnitOfWork) -> None:
    """C2 C3"""
    author = Author(name="a")
    unit.add(author)
    forwards = Book(title="f")
    author.books.append(forwards)
    assert unit.contains(forwards)
    backwards = Book(title="b")
    backwards.author = author
    assert not unit.contains(backwards)
    assert backwards in author.books
    with pytest.raises(OrphanedReferenceError, match="Book"):
        collect_changes(unit)
    unit.add(author)  # follows its collection again
    assert unit.contains(backwards)


def test_many_links_cost_no_more_each_than_few(unit: UnitOfWork) -> None:
    """Every append walks its own object's graph, not the whole collection."""
    author = Author(name="a")
    unit.add(author)
    seen = 0
    follows = unit._follows

    def counting(other: object, revived: bool) -> bool:
        nonlocal seen
        seen += 1
        return follows(other, revived)

    unit._follows = counting  # type: ignore[method-assign]
    for n in range(200):
        author.books.append(Book(title=f"{n}"))
    assert seen <= 400


def test_two_owners_exchange_their_collections() -> None:
    a, b, c = Book(title="a"), Book(title="b"), Book(title="c")
    one, two = Author(name="one", books=[a, b]), Author(name="two", books=[c])
    one.books, two.books = two.books, one.books
    assert (list(one.books), list(two.books)) == ([c], [a, b])
    assert (a.author, b.author, c.author) == (two, two, one)


def test_a_collection_that_was_replaced_can_not_be_changed() -> None:
    author = Author(name="a", books=[Book(title="a")])
    before = author.books
    author.books = []
    assert len(before) == 1
    with pytest.raises(InvalidRequestError, match="has got another collection"):
        before.append(Book(title="b"))
    author.books += [Book(title="c")]
    author.books.append(Book(title="d"))
    assert len(author.books) == 2


def test_a_replacement_that_is_refused_leaves_the_collection() -> None:
    author = Author(name="a", books=[Book(title="a")])
    before = author.books
    with pytest.raises(ArgumentError):
        author.books = [Author(name="b")]  # type: ignore[list-item]
    before.append(Book(title="b"))
    assert author.books is before
