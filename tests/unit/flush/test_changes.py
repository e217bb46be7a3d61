from __future__ import annotations

from typing import Any

import pytest

from asyncorm.errors import FlushError, IdentityConflictError, OrphanedReferenceError
from asyncorm.flush import references
from asyncorm.flush.changes import collect_changes
from asyncorm.sql.functions.func import func
from asyncorm.tracking.cascades import Cascade
from asyncorm.tracking.changes import changed_members
from tests.support.library import (
    Author,
    Book,
    City,
    Country,
    Desk,
    Egg,
    Line,
    Node,
    Note,
    Order,
    Profile,
    Room,
    User,
    loaded,
    stored,
    unit_of,
)


def test_nothing_changed_gives_no_changes() -> None:
    changes = collect_changes(unit_of())
    assert (changes.inserts, changes.updates, changes.deletes) == ([], {}, [])


def test_new_objects_are_inserted_in_the_order_they_were_added() -> None:
    authors = [Author(name=name) for name in "cab"]
    assert collect_changes(unit_of(*authors)).inserts == authors


def test_looking_changes_nothing() -> None:
    book = Book(title="t", author=Author(name="a"))
    unit = unit_of(book)
    before = dict(book.__dict__)
    collect_changes(unit)
    assert book.__dict__ == before
    assert book.author_id is None


def test_a_collection_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it was before: of 1,000 members that is most of adding one."""
    compared: list[str] = []

    def compare(instance: Any, name: str) -> tuple[list[Any], list[Any]]:
        compared.append(name)
        return changed_members(instance, name)

    monkeypatch.setattr(references, "changed_members", compare)
    unit, order, kept, gone = unit_of(), Order(id=1), Line(id=1, order_id=1), Line(id=2, order_id=1)
    stored(unit, order, kept, gone)
    loaded(order, Order.lines, kept, gone)
    added = Line()
    order.lines = [kept, added]
    changes = collect_changes(unit)
    assert (changes.inserts, changes.deletes) == ([added], [gone])
    assert compared.count("lines") == 1


def test_an_attribute_set_back_is_no_change() -> None:  # E18
    author, unit = Author(name="a"), unit_of()
    author.id = 1
    stored(unit, author)
    author.name = "b"
    author.name = "a"
    assert author in unit.dirty
    assert collect_changes(unit).updates == {}


def test_only_changed_columns_are_written_in_table_order() -> None:  # E19
    author, unit = Author(name="a"), unit_of()
    author.id = 1
    stored(unit, author)
    author.age = 5
    author.name = "b"
    assert collect_changes(unit).updates == {author: ("name", "age")}


def test_an_expression_counts_as_a_change() -> None:
    author, unit = Author(name="a", age=1), unit_of()
    author.id = 1
    stored(unit, author)
    author.age = Author.age + 1
    assert collect_changes(unit).updates == {author: ("age",)}


def test_a_deleted_object_is_not_updated() -> None:
    author, unit = Author(name="a"), unit_of()
    author.id = 1
    stored(unit, author)
    author.name = "b"
    unit.delete(author)
    changes = collect_changes(unit)
    assert (changes.updates, changes.deletes) == ({}, [author])


# ------------------------------------------------------------------------------------- references


def test_a_link_made_on_either_side_is_written_once() -> None:
    author, first, second = Author(name="a"), Book(title="1"), Book(title="2")
    author.books.append(first)
    second.author = author
    changes = collect_changes(unit_of(author, first, second))
    assert [(link.child, link.parent) for link in changes.links.values()] == [
        (first, author),
        (second, author),
    ]


def test_moving_a_child_is_one_update() -> None:  # G01
    here, there, book = Author(name="a"), Author(name="b"), Book(title="t")
    here.id, there.id, book.id, book.author_id = 1, 2, 3, 1
    unit = unit_of()
    stored(unit, here, there, book)
    loaded(here, Author.books, book)
    loaded(there, Author.books)
    here.books.remove(book)
    there.books.append(book)
    changes = collect_changes(unit)
    assert changes.updates == {book: ("author_id",)}
    assert [link.parent for link in changes.links.values()] == [there]


def test_a_removed_child_loses_its_reference() -> None:
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    loaded(author, Author.books, book)
    author.books.remove(book)
    [link] = collect_changes(unit).links.values()
    assert (link.child, link.parent) == (book, None)
    link.apply()
    assert book.author_id is None


def test_a_child_that_refers_to_another_parent_already_keeps_that() -> None:
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    loaded(author, Author.books, book)
    book.author_id = 7
    author.books.remove(book)
    assert collect_changes(unit).updates == {book: ("author_id",)}


def test_a_removed_child_whose_reference_is_not_loaded_loses_it() -> None:
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    loaded(author, Author.books, book)
    del book.__dict__["author_id"]
    author.books.remove(book)
    assert collect_changes(unit).updates == {book: ("author_id",)}


def test_a_link_that_is_in_the_database_already_is_not_written() -> None:  # E12
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    book.author = author
    assert collect_changes(unit).updates == {}


def test_a_link_to_an_object_that_comes_back_is_not_written_either() -> None:
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    unit.expunge(author)
    book.author = author
    assert unit.contains(author)
    changes = collect_changes(unit)
    assert (changes.updates, changes.links) == ({}, {})


def test_the_relationship_wins_over_its_foreign_key() -> None:  # G03
    author, other, book = Author(name="a"), Author(name="b"), Book(title="t")
    author.id, other.id, book.id, book.author_id = 1, 2, 3, 1
    unit = unit_of()
    stored(unit, author, other, book)
    book.author = other
    book.author_id = 99
    [link] = collect_changes(unit).links.values()
    link.apply()
    assert book.author_id == 2


def test_a_reference_to_an_object_outside_the_session_is_an_error() -> None:
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    unit.add(book)
    book.__dict__["author"] = author
    with pytest.raises(OrphanedReferenceError, match=r"Book.author .* Author .* not in this"):
        collect_changes(unit)


def test_a_collection_with_an_object_outside_the_session_is_an_error() -> None:
    author, book = Author(name="a"), Book(title="t")
    author.books.append(book)
    unit = unit_of(author)
    unit.release(book)
    with pytest.raises(OrphanedReferenceError, match=r"Author.books .* Book"):
        collect_changes(unit)


def test_only_columns_that_may_be_null_are_cleared() -> None:
    room, unit = Room(building="a", number=1), unit_of()
    desk = Desk(id=1, building="a", room_number=1)
    stored(unit, room, desk)
    loaded(room, Room.desks, desk)
    room.desks.remove(desk)
    changes = collect_changes(unit)
    assert changes.updates == {desk: ("room_number",)}
    [link] = changes.links.values()
    link.apply()
    assert (desk.building, desk.room_number) == ("a", None)


# ------------------------------------------------------------------------------ checks before SQL


def test_a_missing_reference_is_an_error_that_names_object_and_column() -> None:
    with pytest.raises(FlushError, match=r"Line.order_id of a new object has no value") as caught:
        collect_changes(unit_of(Line()))
    assert "relationship" in str(caught.value.hint)


def test_a_missing_key_is_an_error_before_sql() -> None:  # E17
    country = Country(code="de")
    country.__dict__["code"] = None
    with pytest.raises(FlushError, match=r"Country.code of a new object has no value"):
        collect_changes(unit_of(country))


def test_a_key_may_come_from_a_relationship() -> None:
    city = City(number=1, country=Country(code="de"))
    assert len(collect_changes(unit_of(city)).inserts) == 2


def test_a_key_set_to_none_is_an_error_before_sql() -> None:
    country, unit = Country(code="de"), unit_of()
    stored(unit, country)
    country.__dict__["code"], country._state.originals["code"] = None, "de"  # type: ignore[attr-defined]
    unit.mark_dirty(country)
    with pytest.raises(FlushError, match=r"Country.code .* set to None"):
        collect_changes(unit)


def test_two_new_objects_of_one_key_conflict() -> None:
    with pytest.raises(IdentityConflictError, match="Country"):
        collect_changes(unit_of(Country(code="de"), Country(code="de")))


def test_a_new_object_conflicts_with_a_stored_one_of_its_key() -> None:  # F08
    country, unit = Country(code="de"), unit_of()
    stored(unit, country)
    unit.add(Country(code="de"))
    with pytest.raises(IdentityConflictError):
        collect_changes(unit)


def test_a_conflict_is_seen_in_a_key_that_comes_from_a_relationship() -> None:
    country, city, unit = Country(code="de"), City(country_code="de", number=1), unit_of()
    stored(unit, country, city)
    unit.add(City(number=1, country=country))
    with pytest.raises(IdentityConflictError, match="City"):
        collect_changes(unit)


def test_a_stale_part_of_a_key_does_not_conflict() -> None:
    country, city, unit = Country(code="de"), City(country_code="de", number=1), unit_of()
    stored(unit, country, city)
    unit.add(City(country_code="de", number=1, country=Country(code="fr")))
    assert len(collect_changes(unit).inserts) == 2


def test_a_reference_that_can_not_be_empty_is_an_error_before_sql() -> None:
    egg = Egg(hen_id=1)
    egg.id = 1
    unit = unit_of()
    stored(unit, egg)
    egg.__dict__["hen"] = object()
    egg.hen = None  # type: ignore[assignment]
    with pytest.raises(FlushError, match=r"Egg.hen_id can't be empty"):
        collect_changes(unit)


# ---------------------------------------------------------------------------------------- deletes


def test_children_of_a_deleted_parent_lose_their_reference() -> None:  # E03
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    loaded(author, Author.books, book)
    unit.delete(author)
    changes = collect_changes(unit)
    assert changes.updates == {book: ("author_id",)}
    assert changes.deletes == [author]


def test_the_server_sees_to_children_where_the_key_says_so() -> None:
    country, city, unit = Country(code="de"), City(country_code="de", number=1), unit_of()
    stored(unit, country, city)
    loaded(country, Country.cities, city)
    unit.delete(country)
    changes = collect_changes(unit)
    assert (changes.updates, changes.deletes) == ({}, [country])


def test_a_new_child_of_a_deleted_parent_is_not_linked_to_it() -> None:
    author, unit = Author(name="a"), unit_of()
    author.id = 1
    stored(unit, author)
    loaded(author, Author.books)
    book = Book(title="t")
    author.books.append(book)
    unit.delete(author)
    [link] = collect_changes(unit).links.values()
    assert (link.child, link.parent) == (book, None)


def test_a_child_taken_from_its_only_keeper_is_deleted() -> None:  # H02
    order, line, unit = Order(id=1), Line(id=2, order_id=1), unit_of()
    stored(unit, order, line)
    loaded(order, Order.lines, line)
    order.lines.remove(line)
    changes = collect_changes(unit)
    assert (changes.deletes, changes.updates, changes.links) == ([line], {}, {})


def test_a_child_whose_reference_is_set_to_none_is_an_orphan_too() -> None:
    order, line, unit = Order(id=1), Line(id=2, order_id=1), unit_of()
    stored(unit, order, line)
    line.order = None  # type: ignore[assignment]
    assert collect_changes(unit).deletes == [line]


@pytest.mark.parametrize("append_first", [True, False])
def test_a_child_that_moves_is_no_orphan(append_first: bool) -> None:  # C9, G01
    here, there, line = Order(id=1), Order(id=2), Line(id=3, order_id=1)
    unit = unit_of()
    stored(unit, here, there, line)
    loaded(here, Order.lines, line)
    loaded(there, Order.lines)
    if append_first:
        there.lines.append(line)
    else:
        here.lines.remove(line)
        there.lines.append(line)
    changes = collect_changes(unit)
    assert (changes.deletes, changes.updates) == ([], {line: ("order_id",)})


@pytest.mark.parametrize("append_first", [True, False])
def test_a_child_without_a_way_back_that_moves_is_no_orphan(append_first: bool) -> None:
    here, there, note = Line(id=1, order_id=9), Line(id=2, order_id=9), Note(id=3, line_id=1)
    unit = unit_of()
    stored(unit, here, there, note)
    loaded(here, Line.notes, note)
    loaded(there, Line.notes)
    if append_first:
        there.notes.append(note)
        here.notes.remove(note)
    else:
        here.notes.remove(note)
        there.notes.append(note)
    changes = collect_changes(unit)
    assert (changes.deletes, changes.updates) == ([], {note: ("line_id",)})


def test_an_orphan_takes_its_children_along() -> None:
    order, line, note = Order(id=1), Line(id=2, order_id=1), Note(id=3, line_id=2)
    unit = unit_of()
    stored(unit, order, line, note)
    loaded(order, Order.lines, line)
    loaded(line, Line.notes, note)
    new = Note(id=4)
    line.notes.append(new)
    order.lines.remove(line)
    changes = collect_changes(unit)
    assert changes.deletes == [line, note]
    assert (changes.dropped, changes.inserts) == ([new], [])


def test_an_orphan_says_what_must_be_loaded() -> None:
    order, line, unit = Order(id=1), Line(id=2, order_id=1), unit_of()
    stored(unit, order, line)
    loaded(order, Order.lines, line)
    order.lines.remove(line)
    assert collect_changes(unit).unloaded == [(line, Line.notes)]


@pytest.mark.parametrize("delete_first", [True, False])
def test_a_child_moved_from_a_deleted_parent_stays(delete_first: bool) -> None:  # C11
    here, there, line = Order(id=1), Order(id=2), Line(id=3, order_id=1)
    unit = unit_of()
    stored(unit, here, there, line)
    loaded(here, Order.lines, line)
    loaded(there, Order.lines)
    key = Line.__table__.foreign_keys[0]
    if delete_first:
        unit.delete(here)
        unit.delete(line, Cascade(here, key))
        there.lines.append(line)
    else:
        there.lines.append(line)
        unit.delete(here)
    changes = collect_changes(unit)
    assert (changes.deletes, changes.updates) == ([here], {line: ("order_id",)})


def test_a_child_deleted_by_name_is_deleted_even_if_it_moves() -> None:
    here, there, line = Order(id=1), Order(id=2), Line(id=3, order_id=1)
    unit = unit_of()
    stored(unit, here, there, line)
    loaded(here, Order.lines, line)
    loaded(there, Order.lines)
    there.lines.append(line)
    unit.delete(line)
    assert collect_changes(unit).deletes == [line]


# ---------------------------------------------------------------------------- pending orphans: H03


def test_a_pending_child_leaves_the_session_with_its_parent() -> None:  # H03
    order, line, note = Order(id=1), Line(id=2), Note(id=3)
    order.lines.append(line)
    line.notes.append(note)
    unit = unit_of(order)
    order.lines.remove(line)
    assert list(unit.new) == [order]
    assert not unit.contains(note)


def test_a_pending_child_whose_reference_is_set_to_none_leaves() -> None:
    order, line = Order(id=1), Line(id=2)
    order.lines.append(line)
    unit = unit_of(order)
    line.order = None  # type: ignore[assignment]
    assert list(unit.new) == [order]


def test_a_pending_child_removed_and_given_to_another_parent_is_inserted_once() -> None:  # H04
    here, there, line = Order(id=1), Order(id=2), Line(id=3)
    here.lines.append(line)
    unit = unit_of(here, there)
    here.lines.remove(line)
    there.lines.append(line)
    changes = collect_changes(unit)
    assert changes.inserts.count(line) == 1
    assert [link.parent for link in changes.links.values()] == [there]


def test_a_pending_child_that_another_parent_holds_stays() -> None:
    here, there, note = Line(id=1, order_id=1), Line(id=2, order_id=1), Note(id=3)
    here.notes.append(note)
    unit = unit_of(here, there)
    there.notes.append(note)
    here.notes.remove(note)
    assert unit.contains(note)
    there.notes.remove(note)
    assert not unit.contains(note)


def test_a_pending_child_without_the_cascade_stays() -> None:
    author, book = Author(name="a"), Book(title="t")
    author.books.append(book)
    unit = unit_of(author)
    author.books.remove(book)
    assert unit.contains(book)


# ------------------------------------------------------------------------------------- one-to-one


def test_replacing_one_object_by_another_clears_the_old_reference() -> None:  # G06
    user, old, new = User(id=1), Profile(id=2, user_id=1), Profile(id=3)
    unit = unit_of()
    stored(unit, user, old)
    user.__dict__["profile"] = old
    user.profile = new
    changes = collect_changes(unit)
    assert changes.updates == {old: ("user_id",)}
    assert {link.child: link.parent for link in changes.links.values()} == {old: None, new: user}


def test_a_self_reference_is_a_link_of_its_own() -> None:
    node = Node()
    node.parent = node
    [link] = collect_changes(unit_of(node)).links.values()
    assert link.child is link.parent is node


def test_expressions_are_recognised_on_new_objects() -> None:
    book = Book(title="t")
    book.title = func.upper("t")
    assert collect_changes(unit_of(book)).inserts == [book]
