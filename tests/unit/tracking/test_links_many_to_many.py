"""Many-to-many in memory: both sides follow, whatever is loaded, and no link is there twice."""

from __future__ import annotations

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.tracking.changes import changed_members, has_changes
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.state import Status
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.library import stored, unit_of
from tests.support.links import Book, Linked, Offer, Person, Seat, Shop, Tag


@pytest.fixture(autouse=True)
def configured() -> None:
    Linked.metadata.configure()


def held(unit: UnitOfWork) -> tuple[Book, Tag]:
    """A book and a tag of the session that know nothing of each other's collections."""
    book, tag = Book(), Tag(name="t")
    book.id, tag.id = 1, 2
    stored(unit, book, tag)
    return book, tag


def test_both_sides_follow_at_once() -> None:
    book, a, b = Book(), Tag(name="a"), Tag(name="b")
    book.tags += [a, b]
    assert (a.books, b.books) == ([book], [book])
    a.books.clear()
    assert book.tags == [b]
    book.tags = [a]
    assert (a.books, b.books) == ([book], [])


def test_a_member_is_on_the_other_side_once() -> None:
    book, tag = Book(), Tag(name="t")
    book.tags += [tag, tag]
    book.tags.append(tag)
    tag.books.append(book)
    assert tag.books == [book, book]
    assert book.tags == [tag, tag, tag]
    del book.tags[0]
    assert book in tag.books
    book.tags.clear()
    assert tag.books == []


def test_a_list_knows_its_members_after_every_change() -> None:
    tag, books = Tag(name="t"), [Book() for _ in range(4)]
    for book in books:
        book.tags.append(tag)
    books[0].tags.remove(tag)
    books[0].tags.append(tag)
    tag.books.remove(books[1])
    books[1].tags.append(tag)
    assert tag.books == [books[2], books[3], books[0], books[1]]


def test_sets_follow_too() -> None:
    seat, other = Seat(row="A", number=1), Seat(row="A", number=2)
    person = Person(name="p")
    assert seat.guests == set()
    person.following.append(person)
    assert person.followers == [person]
    assert other.guests == set()


def test_an_unloaded_side_learns_of_it_when_it_is_loaded() -> None:  # G12
    unit = unit_of()
    book, tag = held(unit)
    fill_collection(book, Book.tags, [])
    book.tags.append(tag)
    assert "books" not in tag.__dict__
    fill_collection(tag, Tag.books, [])
    assert tag.books == [book]
    assert changed_members(tag, "books") == ([book], [])
    tag.books.remove(book)
    assert book.tags == []
    assert not has_changes(tag)
    assert not has_changes(book)


def test_a_removal_waits_as_well() -> None:  # G12
    unit = unit_of()
    book, tag = held(unit)
    fill_collection(book, Book.tags, [tag])
    book.tags.remove(tag)
    fill_collection(tag, Tag.books, [book])
    assert tag.books == []
    assert changed_members(tag, "books") == ([], [book])


def test_new_members_come_into_the_session() -> None:
    unit = unit_of()
    book, _ = held(unit)
    fill_collection(book, Book.tags, [])
    new, other = Tag(name="new"), Book()
    other.tags.append(new)
    book.tags.append(new)
    assert list(unit.new) == [new, other]


def test_a_single_parent_is_the_only_one() -> None:  # C10
    unit = unit_of()
    one, two, offer = Shop(), Shop(), Offer()
    one.id, two.id = 1, 2
    stored(unit, one, two)
    fill_collection(one, Shop.offers, [])
    fill_collection(two, Shop.offers, [])
    one.offers.append(offer)
    with pytest.raises(InvalidRequestError, match="allows a single parent"):
        two.offers.append(offer)
    one.offers.remove(offer)
    assert offer not in unit.new
    two.offers.append(offer)
    assert offer._state.status is Status.PENDING  # type: ignore[attr-defined]
