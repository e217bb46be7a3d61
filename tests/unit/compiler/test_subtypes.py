"""Classes of a hierarchy in SQL: one table with a condition, or a subquery of several."""

from __future__ import annotations

from typing import Any

import pglast
import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    aliased,
    column,
    delete,
    exists,
    foreign_key,
    func,
    insert,
    select,
    union_all,
    update,
)
from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.compiler import compile_statement
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy, Zoo

COMMON = '"animal"."id", "animal"."kind", "animal"."name", "animal"."owner_id"'


def text(statement: Any, *, loads: bool = False) -> str:
    found = compile_statement(statement, loads=loads).sql
    assert len(pglast.parse_sql(found)) == 1
    return found


def after(word: str, statement: Any) -> str:
    return text(statement).partition(f" {word} ")[2]


def test_the_base_reads_its_own_columns_unless_rows_become_objects() -> None:
    assert text(select(Animal)) == f'SELECT {COMMON} FROM "animal"'
    assert text(select(Animal), loads=True) == (
        f'SELECT {COMMON}, "animal"."lives", "lion_1"."mane", "dog_1"."breed", "dog_1"."weeks" '
        'FROM "animal" LEFT JOIN "lion" AS "lion_1" ON "lion_1"."id" = "animal"."id" '
        'LEFT JOIN "dog" AS "dog_1" ON "dog_1"."id" = "animal"."id"'
    )


def test_values_of_the_base_join_no_tables_of_subclasses() -> None:
    assert text(select(Animal.name), loads=True) == 'SELECT "animal"."name" FROM "animal"'
    inside = select(Owner.name).where(exists(select(Animal).where(Animal.owner_id == Owner.id)))
    assert "JOIN" not in text(inside, loads=True)


def test_a_class_in_the_table_of_its_base_is_that_table_with_a_condition() -> None:
    assert text(select(Puppy.name)).startswith('SELECT "dog_1"."name" FROM (SELECT')
    assert after("FROM", select(Cat.name)) == (
        '"animal" AS "animal_1" WHERE "animal_1"."kind" IN (\'cat\', \'lion\')'
    )
    assert after("FROM", select(Cat.name).where((Cat.lives == 9) | (Cat.lives == 7))) == (
        '"animal" AS "animal_1" WHERE ("animal_1"."lives" = $1::bigint OR "animal_1"."lives" = '
        "$2::bigint) AND \"animal_1\".\"kind\" IN ('cat', 'lion')"
    )


def test_a_class_with_a_table_of_its_own_is_a_subquery() -> None:
    assert after("FROM", select(Lion.name)) == (
        '(SELECT "animal"."id" AS "id", "animal"."kind" AS "kind", "animal"."name" AS "name", '
        '"animal"."owner_id" AS "owner_id", "animal"."lives" AS "lives", "lion"."mane" AS "mane" '
        'FROM "animal" JOIN "lion" ON "lion"."id" = "animal"."id") AS "lion_1"'
    )
    assert after("FROM", select(Puppy.name)).endswith(
        'FROM "animal" JOIN "dog" ON "dog"."id" = "animal"."id" '
        'WHERE "animal"."kind" = \'puppy\') AS "dog_1"'
    )


def test_the_condition_of_a_joined_class_is_part_of_the_join() -> None:
    statement = select(Owner.name).outerjoin(Cat, Cat.owner_id == Owner.id)
    assert after("FROM", statement) == (
        '"owner" LEFT JOIN "animal" AS "animal_1" ON "animal_1"."owner_id" = "owner"."id" '
        "AND \"animal_1\".\"kind\" IN ('cat', 'lion')"
    )
    either = select(Owner.name).join(Cat, (Cat.owner_id == Owner.id) | (Cat.lives == 1))
    assert 'ON ("animal_1"."owner_id" = "owner"."id" OR ' in after("FROM", either)


def test_aliases_have_the_condition_under_their_own_name() -> None:
    cat = aliased(Cat, "tom")
    assert after("FROM", select(cat.name)) == (
        '"animal" AS "tom" WHERE "tom"."kind" IN (\'cat\', \'lion\')'
    )
    dog = aliased(Dog, "rex")
    assert after("FROM", select(dog.name)).endswith(') AS "rex"')
    both = text(select(Dog.name, aliased(Dog).name))
    assert '"dog_1"."name", "dog_2"."name"' in both


def test_joins_without_a_condition_follow_the_keys_of_all_parts() -> None:
    Zoo.metadata.configure()
    assert after("JOIN", select(Dog.name).join(Owner)).endswith('"dog_1"."owner_id" = "owner"."id"')
    assert after("JOIN", select(Cat.name).join(Toy)).startswith(
        '"toy" ON "toy"."cat_id" = "animal_1"."id"'
    )


def test_a_lock_names_what_is_not_joined_for_the_columns_of_subclasses() -> None:
    locked = text(select(Animal).with_for_update(), loads=True)
    assert locked.endswith('ON "dog_1"."id" = "animal"."id" FOR UPDATE OF "animal"')
    assert text(select(Cat).with_for_update()).endswith("FOR UPDATE")
    assert text(select(Dog).with_for_update(of=Dog)).endswith('FOR UPDATE OF "dog_1"')


def test_groups_take_the_keys_of_the_joined_tables_in() -> None:
    grouped = select(Animal, func.count()).group_by(Animal.id)
    assert text(grouped, loads=True).endswith('GROUP BY "animal"."id", "lion_1"."id", "dog_1"."id"')


def test_each_branch_of_a_union_reads_the_same_columns() -> None:
    both = union_all(select(Animal).where(Animal.id == 1), select(Animal).where(Animal.id == 2))
    found = text(both, loads=True)
    assert found.count('"animal"."lives"') == 2
    assert found.count("LEFT JOIN") == 4


def test_statements_change_the_rows_of_the_class_only() -> None:
    assert text(update(Cat).where(Cat.name == "x").values(lives=1)) == (
        'UPDATE "animal" AS "animal_1" SET "lives" = $1::bigint WHERE "animal_1"."name" = '
        "$2::text AND \"animal_1\".\"kind\" IN ('cat', 'lion')"
    )
    joined = update(Owner).where(Cat.owner_id == Owner.id).values(name="x")
    assert text(joined).endswith("AND \"animal_1\".\"kind\" IN ('cat', 'lion')")


def test_inserted_rows_get_the_kind_of_the_class() -> None:
    compiled = compile_statement(insert(Cat).values(name="x"))
    assert compiled.sql.startswith('INSERT INTO "animal" AS "animal_1" ("name", "kind", "lives")')
    assert compiled.arguments(insert(Cat).values(name="x")) == ["x", "cat", 9]
    assert '"lives"' not in text(insert(Animal).values(name="x"))
    with pytest.raises(InvalidRequestError):
        text(insert(Dog).values(name="x"))


def test_the_values_of_kinds_are_quoted_constants() -> None:
    class Base(Model):
        metadata = MetaData()

    class Word(Base, table="word", schema="lexicon"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind"}

    class Odd(Word):
        __mapper_args__ = {"polymorphic_identity": "it's \\ odd"}

    class Long(Word, table="long", schema="lexicon"):
        id: Mapped[int] = foreign_key(Word.id, primary_key=True)
        kind_: Mapped[str] = column(name="kind")
        __mapper_args__ = {"polymorphic_identity": "long"}

    assert "= E'it''s \\\\ odd'" in text(select(Odd))
    found = text(select(Long))
    assert '"lexicon"."long"."kind" AS "long_kind"' in found
    assert 'FROM "lexicon"."word" JOIN "lexicon"."long"' in found
    assert Long.kind_ is not Long.kind


def test_an_abstract_class_without_subclasses_has_no_rows() -> None:
    class Base(Model):
        metadata = MetaData()

    class Word(Base, table="word"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind"}

    class Verb(Word):
        __mapper_args__ = {"polymorphic_abstract": True}

    assert text(select(Verb.id)).endswith(" WHERE false")


def test_a_class_that_is_declared_later_is_read_from_then_on() -> None:
    class Base(Model):
        metadata = MetaData()

    class Word(Base, table="word"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind"}

    class Noun(Word):
        __mapper_args__ = {"polymorphic_identity": "noun"}

    cache = StatementCache()
    assert "tense" not in cache.objects.get(select(Word)).sql
    assert cache.get(select(Noun)).sql.endswith("= 'noun'")

    class Verb(Word):
        tense: Mapped[str]
        __mapper_args__ = {"polymorphic_identity": "verb"}

    class Name(Noun):
        __mapper_args__ = {"polymorphic_identity": "name"}

    assert '"word"."tense"' in cache.objects.get(select(Word)).sql
    assert cache.get(select(Noun)).sql.endswith("IN ('noun', 'name')")
    assert "tense" not in cache.get(select(Word)).sql
    assert cache.get(delete(Noun)).sql == (
        'DELETE FROM "word" AS "word_1" WHERE "word_1"."kind" IN (\'noun\', \'name\')'
    )
