from __future__ import annotations

from typing import Any

import pytest

from asyncorm.errors import IdentityConflictError
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.row import rows_of
from asyncorm.flush.rows import insert_waits
from asyncorm.sql.functions.func import func
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.kennel import Animal, Cat, Doctor, Dog, Employee, Keeper, Owner, Puppy, Trick
from tests.support.library import plan_of, stored, unit_of


def held(*instances: Any) -> UnitOfWork:
    """A unit of work in which the instances are stored, with keys from 1."""
    unit = unit_of()
    for number, instance in enumerate(instances, 1):
        instance.__dict__["id"] = number
    stored(unit, *instances)
    return unit


def lines(unit: UnitOfWork) -> list[str]:
    return [str(batch) for batch in plan_of(unit).batches]


def test_the_parts_of_a_base_are_shared_and_those_of_one_table_are_not() -> None:
    animal, dog, puppy = Animal.__mapper__, Dog.__mapper__, Puppy.__mapper__
    assert animal.written_parts == dog.written_parts[:1]
    assert dog.written_parts == puppy.written_parts[:2]
    assert [part.table.name for part in puppy.written_parts] == ["animal", "dog", "puppy"]
    [keeper], [doctor] = Keeper.__mapper__.written_parts, Doctor.__mapper__.written_parts
    assert keeper is not doctor
    assert keeper.table is doctor.table is Employee.__table__


def test_the_base_makes_the_key_for_all_tables() -> None:
    unit = unit_of(
        Dog(name="a", breed="x"),
        Cat(name="b"),
        Puppy(name="c", breed="y", weeks=3),
        Animal(name="d"),
        Dog(name="e", breed="z"),
    )
    assert lines(unit) == [
        "INSERT animal (kind, name, tag, owner_id) -> id, born: 5 rows",
        "INSERT dog (id, breed, chip, friend_id): 3 rows",
        "INSERT cat (id, mood) -> lives: 1 row",
        "INSERT puppy (id, weeks) -> code: 1 row",
    ]
    first = plan_of(unit).of_entities[0]
    assert [animal.name for animal in first.instances] == ["a", "b", "c", "d", "e"]


def test_only_the_tables_whose_columns_have_changed_are_updated() -> None:
    dog, puppy, cat = Dog(name="a", breed="x"), Puppy(name="c", breed="y", weeks=3), Cat(name="b")
    unit = held(dog, puppy, cat)
    dog.breed = puppy.name = cat.name = "new"
    puppy.weeks = 4
    assert lines(unit) == [
        "UPDATE animal (name): 2 rows",
        "UPDATE dog (breed): 1 row",
        "UPDATE puppy (weeks): 1 row",
    ]


def test_rows_are_deleted_from_the_last_table_to_the_base() -> None:
    dog, puppy = Dog(name="a", breed="x"), Puppy(name="c", breed="y", weeks=3)
    unit = held(dog, puppy)
    unit.delete(dog)
    unit.delete(puppy)
    assert lines(unit) == ["DELETE puppy: 1 row", "DELETE dog: 2 rows", "DELETE animal: 2 rows"]


def test_what_the_server_deletes_along_with_the_base_needs_no_statement() -> None:
    cat = Cat(name="b")
    unit = held(cat)
    unit.delete(cat)
    assert lines(unit) == ["DELETE animal: 1 row"]


def test_a_new_row_takes_the_unique_value_of_a_deleted_one_of_another_class() -> None:
    cat, puppy = Cat(name="a", tag="t"), Puppy(name="b", breed="x", chip="c", weeks=1)
    unit = held(cat, puppy)
    unit.delete(cat)
    unit.delete(puppy)
    unit.add(Dog(name="c", breed="y", tag="t", chip="c"))
    assert lines(unit) == [
        "DELETE puppy: 1 row",
        "DELETE dog: 1 row",
        "DELETE animal: 2 rows",
        "INSERT animal (kind, name, tag, owner_id) -> id, born: 1 row",
        "INSERT dog (id, breed, chip, friend_id): 1 row",
    ]


def test_a_value_goes_from_row_to_row_in_the_table_it_is_in() -> None:
    one, other = Dog(name="a", breed="x", chip="c"), Puppy(name="b", breed="x", weeks=1)
    unit = held(one, other)
    one.chip, other.chip = None, "c"
    one.name = other.name = "n"
    assert lines(unit) == [
        "UPDATE animal (name): 2 rows",
        "UPDATE dog (chip): 1 row",
        "UPDATE dog (chip): 1 row",
    ]
    first, second = plan_of(unit).of_entities[1:]
    assert (first.instances, second.instances) == ([one], [other])


def test_children_of_any_of_the_tables_come_after_it_and_go_before_it() -> None:
    dog = Dog(name="a", breed="x", owner=Owner())
    trick = Trick(name="sit", dog=dog)
    assert [line.split()[1] for line in lines(unit_of(trick))] == [
        "owner",
        "animal",
        "dog",
        "trick",
    ]
    unit = held(dog := Puppy(name="a", breed="x", weeks=1))
    stored(unit, trick := Trick(name="sit", dog_id=1))
    unit.delete(trick)
    unit.delete(dog)
    assert [line.split()[1] for line in lines(unit)] == ["puppy:", "trick:", "dog:", "animal:"]


def test_rows_of_a_table_that_refers_to_itself_are_ordered_in_that_table() -> None:
    first, second = Puppy(name="a", breed="x", weeks=1), Dog(name="b", breed="x")
    second.friend = first
    assert lines(unit_of(second, first)) == [
        "INSERT animal (kind, name, tag, owner_id) -> id, born: 2 rows",
        "INSERT dog (id, breed, chip, friend_id): 2 rows",
        "INSERT puppy (id, weeks) -> code: 1 row",
    ]


def test_two_friends_of_each_other_need_no_second_update_since_their_keys_are_known() -> None:
    first, second = Dog(name="a", breed="x"), Dog(name="b", breed="x")
    first.friend, second.friend = second, first
    assert [line.split()[:2] for line in lines(unit_of(first, second))] == [
        ["INSERT", "animal"],
        ["INSERT", "dog"],
    ]


def test_classes_of_one_table_have_a_statement_each() -> None:
    doctor = Doctor(name="d", title="Dr")
    unit = unit_of(Keeper(name="a", keys=1, boss=doctor), Keeper(name="b", keys=2), doctor)
    assert lines(unit) == [
        "INSERT employee (kind, name, boss_id, title) -> id: 1 row",
        "INSERT employee (kind, name, boss_id, keys, badge) -> id: 2 rows",
    ]


def test_rows_of_all_classes_of_one_table_are_deleted_at_once() -> None:
    doctor = Doctor(name="d", title="Dr")
    keeper = Keeper(name="a", keys=1)
    unit = held(doctor, keeper)
    unit.delete(doctor)
    unit.delete(keeper)
    assert lines(unit) == ["DELETE employee: 2 rows"]


def test_a_value_goes_from_one_class_of_a_table_to_another() -> None:
    unit = held(keeper := Keeper(name="a", keys=1, badge="b"))
    unit.delete(keeper)
    unit.add(Keeper(name="b", keys=1, badge="b"))
    assert [line.split()[0] for line in lines(unit)] == ["DELETE", "INSERT"]


def test_a_row_of_the_last_table_waits_for_a_base_that_waits() -> None:
    unit = held(animal := Animal(name="a", tag="t"))
    unit.delete(animal)
    unit.add(Dog(name="c", breed="y", tag="t"))
    assert [line.split(" (")[0].split(":")[0] for line in lines(unit)] == [
        "DELETE animal",
        "INSERT animal",
        "INSERT dog",
    ]


def test_each_link_is_written_with_the_table_that_has_its_foreign_key() -> None:
    first, second = Dog(name="a", breed="x", owner=Owner()), Dog(name="b", breed="x")
    second.friend = first
    plan = plan_of(unit_of(first, second))
    assert [[link.foreign_key.table.name for link in b.links] for b in plan.of_entities] == [
        [],
        ["animal"],
        ["dog"],
    ]


def test_an_expression_sets_the_row_apart_in_its_table_only() -> None:
    first, second = Dog(name="a", breed="x"), Dog(name="b", breed="x")
    unit = unit_of(first, second)
    second.name = func.upper("x")  # type: ignore[assignment]
    batches = plan_of(unit).of_entities
    assert [(b.part.table.name, b.rows, b.expressions) for b in batches] == [
        ("animal", 1, False),
        ("animal", 1, True),
        ("dog", 2, False),
    ]


def test_one_key_is_one_object_of_a_hierarchy() -> None:
    with pytest.raises(IdentityConflictError, match="a new Cat has the primary key of another Dog"):
        plan_of(unit_of(Dog(id=5, name="a", breed="x"), Cat(id=5, name="b")))
    unit = held(puppy := Puppy(name="a", breed="x", weeks=1))
    unit.add(Cat(id=puppy.id, name="b"))
    with pytest.raises(IdentityConflictError, match="another Puppy"):
        plan_of(unit)


def test_a_row_waits_for_the_one_that_its_object_has_in_the_base_table() -> None:
    puppy = Puppy(name="a", breed="x", weeks=1)
    unit_of(puppy)
    rows = rows_of([puppy])
    waits = insert_waits(rows, ChangeSet([puppy]), lambda row: row[1])
    assert [[edge.first for edge in waits[row]] for row in rows] == [[], [rows[0]], [rows[1]]]
    assert all(edge.strict for row in rows for edge in waits[row])
