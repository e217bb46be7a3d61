from __future__ import annotations

from typing import Any

import pglast
import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column, foreign_key
from asyncorm.models.model import Model
from asyncorm.sql.statements.delete import delete
from asyncorm.sql.statements.insert import insert
from asyncorm.sql.statements.select import select
from asyncorm.sql.statements.update import update
from asyncorm.sql.table import MetaData
from tests.support.kennel import Animal, Cat, Dog, Owner, Puppy, Trick


class Fleet(Model):
    metadata = MetaData()


class Ship(Fleet, table="ship"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str] = column(init=False)
    note: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "ship"}


class Sailing(Ship):
    """In the table of ships."""

    masts: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "sailing"}


class Yacht(Sailing, table="yacht"):
    id: Mapped[int] = foreign_key(Ship.id, primary_key=True)
    log: Mapped[str] = column(name="note")
    __mapper_args__ = {"polymorphic_identity": "yacht"}


class Racer(Yacht):
    """In the table of yachts."""

    number: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "racer"}


Fleet.metadata.configure()


def text(statement: Any) -> str:
    """The statement, checked by PostgreSQL's parser."""
    found = str(statement)
    assert len(pglast.parse_sql(found)) == 1
    return found.replace('"', "")


def test_what_touches_one_table_names_one_table() -> None:
    assert text(update(Dog).where(Dog.breed == "x", Dog.id > 3).values(breed="y")) == (
        "UPDATE dog AS dog_1 SET breed = $1::text "
        "WHERE dog_1.breed = $2::text AND dog_1.id > $3::bigint"
    )


def test_a_column_of_another_table_joins_it() -> None:
    assert text(update(Dog).where(Dog.name == "x").values(breed=Dog.breed + Dog.name)) == (
        "UPDATE dog AS dog_1 SET breed = dog_1.breed || animal_1.name FROM animal AS animal_1 "
        "WHERE dog_1.id = animal_1.id AND (animal_1.name = $1::text)"
    )
    assert text(update(Puppy).where(Puppy.breed == "x").values(weeks=1)) == (
        "UPDATE puppy AS puppy_1 SET weeks = $1::bigint FROM dog AS dog_1 "
        "WHERE puppy_1.id = dog_1.id AND (dog_1.breed = $2::text)"
    )


def test_the_last_table_tells_of_which_class_a_row_of_the_base_is() -> None:
    assert text(update(Dog).values(name="x")) == (
        "UPDATE animal AS animal_1 SET name = $1::text FROM dog AS dog_1 "
        "WHERE animal_1.id = dog_1.id"
    )
    assert text(delete(Cat)) == (
        "DELETE FROM animal AS animal_1 USING cat AS cat_1 WHERE animal_1.id = cat_1.id"
    )


def test_other_sources_and_subqueries_see_the_rows() -> None:
    assert text(update(Dog).where(Dog.owner_id == Owner.id).values(breed=Owner.name)) == (
        "UPDATE dog AS dog_1 SET breed = owner.name FROM animal AS animal_1, owner "
        "WHERE dog_1.id = animal_1.id AND (animal_1.owner_id = owner.id)"
    )
    assert "WHERE trick.dog_id = dog_1.id AND trick.name" in text(
        update(Dog).where(Dog.tricks.any(Trick.name == "sit")).values(breed="x")
    )


def test_a_delete_follows_the_keys_into_all_tables() -> None:
    assert text(delete(Dog).where(Dog.name == "x")) == (
        "WITH dog_1 AS (DELETE FROM dog AS dog_2 USING animal AS animal_1 "
        "WHERE dog_2.id = animal_1.id AND (animal_1.name = $1::text) RETURNING dog_2.id AS id), "
        "puppy_1 AS (DELETE FROM puppy AS t USING dog_1 WHERE t.id = dog_1.id), "
        "animal_2 AS (DELETE FROM animal AS t USING dog_1 WHERE t.id = dog_1.id) "
        "SELECT FROM dog_1"
    )


def test_a_delete_about_the_base_reaches_all_tables_that_do_not_follow_by_themselves() -> None:
    found = text(delete(Animal).where(Animal.name == "x").returning(Animal.name))
    assert found.startswith("WITH animal_1 AS (DELETE FROM animal AS animal_2 WHERE ")
    assert "DELETE FROM puppy" in found
    assert "DELETE FROM dog" in found
    assert "cat" not in found
    assert found.endswith(" SELECT animal_1.name FROM animal_1")


def test_a_deleted_row_can_be_read_from_a_cte() -> None:
    gone = delete(Dog).where(Dog.breed == "x").returning(Dog.id, Dog.name).cte("gone")
    assert text(select(gone.c.name)).endswith("SELECT gone.name FROM gone")


def test_two_tables_at_once_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="'animal' and 'dog' at once"):
        str(update(Dog).values(name="x", breed="y"))
    with pytest.raises(InvalidRequestError, match="begins in 'animal'"):
        str(insert(Dog).values(name="x"))


def test_a_class_that_shares_the_last_table_is_told_by_the_kind() -> None:
    assert text(update(Racer).where(Racer.masts == 1).values(number=2)) == (
        "UPDATE yacht AS yacht_1 SET number = $1::bigint FROM ship AS ship_1 "
        "WHERE yacht_1.id = ship_1.id AND ship_1.kind = 'racer' AND (ship_1.masts = $2::bigint)"
    )
    assert text(delete(Sailing)).startswith(
        "WITH ship_1 AS (DELETE FROM ship AS ship_2 "
        "WHERE ship_2.kind IN ('sailing', 'yacht', 'racer') RETURNING ship_2.id AS id), "
        "yacht_1 AS (DELETE FROM yacht AS t USING ship_1 WHERE t.id = ship_1.id)"
    )


def test_columns_of_one_name_are_told_apart_by_their_tables() -> None:
    assert text(update(Yacht).values(log=Yacht.note)) == (
        "UPDATE yacht AS yacht_1 SET note = ship_1.note FROM ship AS ship_1 "
        "WHERE yacht_1.id = ship_1.id"
    )
    assert text(delete(Yacht).returning(Yacht.note, Yacht.log)).endswith(
        "SELECT yacht_1.note, yacht_1.yacht_note FROM yacht_1"
    )
