"""Linking n objects costs n steps, not n squared: counted in Python calls, not in seconds."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, relationship
from asyncorm.flush.changes import collect_changes
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.bookshop import Author, Book
from tests.support.library import loaded, stored
from tests.support.links import Offer, Shop


class Own(Model):
    metadata = MetaData()


class Address(Own, table="linear_address"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Person(Own, table="linear_person"):
    """Has an address of its own."""

    id: Mapped[int] = column(primary_key=True, init=False)
    address_id: Mapped[int] = foreign_key(Address.id)
    address: Related[Address] = relationship(cascade="all, delete-orphan", single_parent=True)


def calls(work: Callable[[], object]) -> int:
    """How many Python functions and generator steps run."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    gc.collect()  # what others left behind is not to be finished while it is counted
    gc.disable()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def through_the_collection(number: int) -> None:
    unit, author = UnitOfWork(), Author(name="a")
    unit.add(author)
    for _ in range(number):
        author.books.append(Book(title="t"))


def through_the_reference(number: int) -> None:
    unit, author = UnitOfWork(), Author(name="a")
    unit.add(author)
    for _ in range(number):
        unit.add(Book(title="t", author=author))


def through_the_reference_to_a_stored_object(number: int) -> None:
    unit, author = UnitOfWork(), Author(name="a")
    author.id = 1
    stored(unit, author)
    for _ in range(number):
        unit.add(Book(title="t", author=author))
    assert "books" not in author.__dict__


def replaced_in_a_link_table(number: int) -> None:
    unit, shop = UnitOfWork(), Shop()
    offers = [Offer() for _ in range(number)]
    for key, instance in enumerate([shop, *offers], 1):
        instance.id = key
    stored(unit, shop, *offers)
    loaded(shop, Shop.offers, *offers)
    shop.offers = [Offer() for _ in range(number)]
    assert len(collect_changes(unit).deletes) == number


def replaced_by_their_owners(number: int) -> None:
    unit = UnitOfWork()
    people = [Person(address=Address()) for _ in range(number)]
    for key, person in enumerate(people, 1):
        person.id = person.address.id = person.address_id = key
    stored(unit, *people, *(person.address for person in people))
    for person in people:
        person.address = Address()
    assert len(collect_changes(unit).deletes) == number


@pytest.mark.parametrize(
    "link",
    [
        replaced_by_their_owners,
        replaced_in_a_link_table,
        through_the_collection,
        through_the_reference,
        through_the_reference_to_a_stored_object,
    ],
)
def test_twice_the_children_cost_twice_the_calls(link: Callable[[int], None]) -> None:
    link(1)  # what is made once: configuration, generated code
    small, large = calls(lambda: link(100)), calls(lambda: link(200))
    assert large < 2.1 * small
