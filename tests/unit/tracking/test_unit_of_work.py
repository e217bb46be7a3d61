"""The states of objects without a database: what enters, what leaves, what a rollback restores."""

from __future__ import annotations

import gc
import weakref

import pytest

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.tracking.levels import Level
from asyncorm.tracking.state import InstanceState, Status, own_state, set_state, status_of
from asyncorm.tracking.transitions import (
    begin_level,
    commit_levels,
    deleted_elsewhere,
    expire,
    release_level,
    rollback_level,
)
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key
from tests.support.bookshop import Author, Book, Country, Label, Shelf


@pytest.fixture
def unit() -> UnitOfWork:
    return UnitOfWork()


def persistent(unit: UnitOfWork, code: str = "de") -> Country:
    country = Country(code=code, name=code)
    set_state(country, InstanceState(unit.scope, Status.PERSISTENT))
    unit.identity_map.add(Country.__mapper__, code, country)
    return country


def test_adding_takes_along_what_it_refers_to(unit: UnitOfWork) -> None:
    author = Author(name="a", books=[Book(title="t"), Book(title="u")])
    unit.add(author.books[0])
    assert set(unit.new) == {author, *author.books}
    assert unit.touched


def test_a_graph_is_taken_in_whole_or_not_at_all(unit: UnitOfWork) -> None:
    foreign, other = Book(title="u"), UnitOfWork()
    other.add(foreign)
    author = Author(name="a", books=[Book(title="v"), foreign])
    with pytest.raises(InvalidRequestError, match="another session"):
        unit.add(author)
    assert not unit.new
    assert status_of(author) is Status.TRANSIENT
    assert status_of(author.books[0]) is Status.TRANSIENT
    assert other.contains(foreign)


def test_only_mapped_objects_enter(unit: UnitOfWork) -> None:
    with pytest.raises(ArgumentError, match="str is not a mapped class"):
        unit.add("text")


def test_taking_a_deletion_back_takes_along_what_would_go_with_it(unit: UnitOfWork) -> None:
    shelf, other = Shelf(), persistent(unit)
    label = Label(text="l")
    for instance, key in ((shelf, 1), (label, 2)):
        instance.__dict__["id"] = key
        set_state(instance, InstanceState(unit.scope, Status.PERSISTENT))
        unit.identity_map.add(type(instance).__mapper__, key, instance)
    shelf.__dict__["labels"] = [label]
    for instance in (shelf, label, other):
        unit.delete(instance)
    unit.add(shelf)
    assert list(unit.deleted) == [other]


def test_a_deleted_object_in_an_old_collection_does_not_keep_its_owner_out(
    unit: UnitOfWork,
) -> None:
    gone, author = Book(title="t"), Author(name="a")
    author.books.append(gone)
    state = own_state(gone)
    state.status, state.was_deleted = Status.DETACHED, True
    unit.add(author)
    assert list(unit.new) == [author]


def test_expunged_counts_by_what_was_unflushed(unit: UnitOfWork) -> None:
    clean, modified, marked = (persistent(unit, code) for code in "abc")
    modified.name = "x"
    unit.delete(marked)
    unit.add(Country(code="d", name="d"))
    assert unit.expunge_all() == (1, 1, 1, 1)
    assert list(unit) == []
    assert [status_of(c) for c in (clean, modified, marked)] == [Status.DETACHED] * 3


def test_a_changed_key_counts_from_the_flush_on(unit: UnitOfWork) -> None:
    country = persistent(unit)
    country.code = "fr"
    assert identity_key(country) == "de"
    expire(country)
    assert country.code == "de"


def test_expire_of_some_attributes_leaves_the_others(unit: UnitOfWork) -> None:
    country = persistent(unit)
    country.name = "x"
    expire(country, ("code",))
    assert country.name == "x"
    expire(country, ("name",))
    assert "name" not in country.__dict__
    assert own_state(country).partial
    assert own_state(country).originals == {}


def test_rolling_back_the_outermost_level_expires_everything(unit: UnitOfWork) -> None:
    country = persistent(unit)
    begin_level(unit)
    rollback_level(unit)
    assert "name" not in country.__dict__
    assert country.code == "de"
    assert not unit.levels
    assert not unit.touched


def test_a_released_level_belongs_to_the_one_around_it(unit: UnitOfWork) -> None:
    begin_level(unit)
    begin_level(unit)
    country = persistent(unit)
    unit.levels[-1].inserted.append(weakref.ref(country))
    release_level(unit)
    rollback_level(unit)
    assert status_of(country) is Status.TRANSIENT
    assert not unit.contains(country)


def test_an_instance_that_was_loaded_in_place_of_an_inserted_one_is_undone(
    unit: UnitOfWork,
) -> None:
    begin_level(unit)
    unit.levels[-1].born[Country.__mapper__] = {"de"}
    again = persistent(unit)
    rollback_level(unit)
    assert status_of(again) is Status.TRANSIENT
    assert unit.find(Country, ("de",)) is None


def test_a_new_row_is_undone_under_the_key_it_was_renamed_to() -> None:
    mapper, level, outer = Country.__mapper__, Level(), Level()
    outer.born[mapper] = {"a"}
    level.note_rekeys([(mapper, "a", "b")])
    level.merge_into(outer)
    assert outer.born[mapper] == {"b"}
    assert not outer.rekeyed.get(mapper)


def test_keys_that_moved_up_together_go_back_together() -> None:
    mapper, level, outer = Country.__mapper__, Level(), Level()
    outer.note_rekeys([(mapper, "z", "a")])
    level.note_rekeys([(mapper, "b", "c"), (mapper, "a", "b")])
    level.note_rekeys([(mapper, "c", "d")])
    assert level.rekeyed[mapper] == {"d": "b", "b": "a"}
    level.merge_into(outer)
    assert outer.rekeyed[mapper] == {"d": "b", "b": "z"}


def test_a_deleted_row_goes_back_to_the_key_it_had_when_the_level_began() -> None:
    mapper, level = Country.__mapper__, Level()
    country = Country(code="b", name="b")
    level.note_rekeys([(mapper, "a", "b")])
    level.note_delete(country, mapper, "b")
    assert level.deleted[country] == "a"
    assert not level.rekeyed[mapper]


def test_a_row_that_is_gone_can_come_back_with_the_rollback(unit: UnitOfWork) -> None:
    country = persistent(unit)
    begin_level(unit)
    deleted_elsewhere(unit, country)
    assert status_of(country) is Status.DELETED
    assert unit.find(Country, ("de",)) is None
    rollback_level(unit)
    assert unit.find(Country, ("de",)) is country
    begin_level(unit)
    deleted_elsewhere(unit, country)
    commit_levels(unit)
    assert status_of(country) is Status.DETACHED
    assert own_state(country).was_deleted


def test_dropping_for_good_leaves_no_cycle() -> None:
    gc.disable()
    try:
        unit = UnitOfWork()
        country = persistent(unit)
        country.name = "x"
        unit.drop(for_good=True)
        gone = weakref.ref(unit)
        del unit
        assert gone() is None
        assert country.name == "x"
    finally:
        gc.enable()


def test_expiring_an_object_is_expiring_all_of_its_attributes(unit: UnitOfWork) -> None:
    one, other, untouched = persistent(unit), persistent(unit, "fr"), persistent(unit, "it")
    for country in (one, other):
        country.code, country.name = "xx", "changed"
        country.__dict__["beside"] = 1  # nothing that is mapped
    expire(one)
    expire(other, ("code", "name"))
    assert one.__dict__ == {"code": "de", "beside": 1}
    assert other.__dict__ == {"code": "fr", "beside": 1}
    assert own_state(one).originals == own_state(other).originals == {}
    assert own_state(one).partial
    assert own_state(other).partial
    expire(untouched)
    assert untouched.__dict__ == {"code": "it"}
    assert own_state(untouched).partial


def test_expiring_an_object_forgets_what_came_into_its_collections(unit: UnitOfWork) -> None:
    author = Author(name="a")
    author.id = 1
    set_state(author, InstanceState(unit.scope, Status.PERSISTENT))
    unit.identity_map.add(Author.__mapper__, 1, author)
    expire(author)
    unit.add(Book(title="t", author=author))
    assert own_state(author).queued
    expire(author)
    assert not own_state(author).queued
    assert "books" not in author.__dict__


def test_a_new_object_that_is_rolled_back_is_as_it_was_before(unit: UnitOfWork) -> None:
    plain, changed = Country(code="de", name="a"), Author(name="a")
    unit.add_all([plain, changed])
    changed.books.append(Book(title="t"))
    begin_level(unit)
    rollback_level(unit)
    assert status_of(plain) is status_of(changed) is Status.TRANSIENT
    assert plain._state is None  # it costs nothing to be one of many
    assert not unit.new
    other = UnitOfWork()
    other.add_all([plain, changed])
    assert list(other.new) == [plain, changed, changed.books[0]]
    assert status_of(plain) is Status.PENDING
    assert not unit.contains(plain)
