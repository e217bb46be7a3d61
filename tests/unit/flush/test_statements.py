from __future__ import annotations

import re
from enum import Enum
from typing import Any
from uuid import UUID

import pglast
import pytest

from asyncorm.flush.arguments import arguments_for, copy_records
from asyncorm.flush.plan import Batch, FlushPlan, Kind
from asyncorm.flush.statements import (
    COPY_MINIMUM,
    BatchStatement,
    existing_keys,
    is_atomic,
    statement_for,
    uses_copy,
)
from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column, generated
from asyncorm.models.model import Model
from asyncorm.sql.functions.func import func
from asyncorm.sql.table import MetaData, Table
from asyncorm.types.scalars import Numeric, SmallInteger
from tests.support.versioned import Bare as VersionedBare
from tests.support.versioned import Document


class Base(Model):
    metadata = MetaData()


class Mood(Enum):
    HAPPY = "happy"
    SAD = "sad"


class Thing(Base, table="thing", schema="odd schema"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str]
    mood: Mapped[Mood | None] = column(default=None)
    tags: Mapped[list[str | None]] = column(default_factory=list)
    data: Mapped[dict[str, Any]] = column(default_factory=dict, name='da"ta')
    size: Mapped[int] = column(SmallInteger, default=1)
    price: Mapped[Any] = column(Numeric(10, 2), default=None)
    made: Mapped[str] = column(server_default=func.version(), init=False)


class Pair(Base, table="pair"):
    mood: Mapped[Mood] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    key: Mapped[UUID | None] = column(default=None)


class Bare(Base, table="bare"):
    id: Mapped[int] = column(primary_key=True, init=False)


THING, PAIR, BARE = (kind.__mapper__.written_parts[0] for kind in (Thing, Pair, Bare))
THING_COLUMNS = ("text", "mood", "tags", "data")


def things(count: int) -> list[Any]:
    return [
        Thing(text=str(n), mood=Mood.SAD, tags=["a", None], data={"n": n}) for n in range(count)
    ]


def batch(kind: Kind, mapper: Any, columns: tuple[str, ...], rows: list[Any], *back: str) -> Batch:
    return Batch(kind, mapper, columns, rows, tuple(back))


LOCK = re.compile(r" AND \(SELECT count\(\*\) FROM \(SELECT FROM .*? OF t\) AS locked\) >= 0")


def unlocked(statement: BatchStatement) -> str:
    return LOCK.sub("", statement.sql)


def sql_of(found: Batch, guarded: bool = False) -> str:
    """The text, checked by PostgreSQL's parser, without the lock that batches begin with."""
    statement = statement_for(found, guarded)
    assert len(pglast.parse_sql(statement.sql)) == 1
    numbers = {int(number) for number in re.findall(r"\$(\d+)", statement.sql)}
    key: Any = (Mood.SAD, 1) if found.part is PAIR else 1
    keys = [key] * len(found.instances)
    given = arguments_for(statement, found, keys if statement.keys else [])
    assert numbers == set(range(1, len(given) + 1))
    return unlocked(statement)


def test_one_row_is_inserted_by_values() -> None:
    assert sql_of(batch(Kind.INSERT, THING, THING_COLUMNS, things(1), "id", "made")) == (
        'INSERT INTO "odd schema"."thing" ("text", "mood", "tags", "da""ta") '
        'VALUES ($1::text, $2::text::"mood", $3::text[], $4::text::jsonb) '
        'RETURNING "id", "made"'
    )


def test_many_rows_are_inserted_from_one_array_a_column() -> None:
    assert sql_of(batch(Kind.INSERT, THING, THING_COLUMNS, things(2), "id", "mood")) == (
        'INSERT INTO "odd schema"."thing" ("text", "mood", "tags", "da""ta") '
        'SELECT u.c1, u.c2::"mood", u.c3::text[], u.c4::jsonb '
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) "
        "WITH ORDINALITY AS u(c1, c2, c3, c4, o) ORDER BY u.o "
        'RETURNING "id", "mood"::text'
    )


def test_the_text_does_not_depend_on_the_number_of_rows() -> None:
    one, other = (batch(Kind.INSERT, THING, ("text",), things(n), "id") for n in (2, 500))
    assert statement_for(one) is statement_for(other)


def test_rows_without_any_value_are_inserted_too() -> None:
    assert sql_of(batch(Kind.INSERT, BARE, (), [Bare()], "id")) == (
        'INSERT INTO "bare" DEFAULT VALUES RETURNING "id"'
    )
    assert sql_of(batch(Kind.INSERT, BARE, (), [Bare(), Bare()], "id")) == (
        'INSERT INTO "bare" SELECT FROM generate_series(1, $1::bigint) RETURNING "id"'
    )


def test_one_row_is_updated_by_its_key() -> None:
    assert sql_of(batch(Kind.UPDATE, THING, ("mood", "size"), things(1))) == (
        'UPDATE "odd schema"."thing" AS t SET "mood" = $1::text::"mood", "size" = $2::smallint '
        'WHERE t."id" = $3::bigint'
    )


def test_many_rows_are_updated_from_arrays() -> None:
    assert sql_of(batch(Kind.UPDATE, PAIR, ("key",), [Pair(mood=Mood.SAD, number=1)] * 2)) == (
        'UPDATE "pair" AS t SET "key" = u.c1 '
        "FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS u(c1, c2, c3) "
        'WHERE t."mood" = u.c2::"mood" AND t."number" = u.c3'
    )


def test_rows_that_come_back_from_an_update_say_whose_they_are() -> None:
    found = batch(Kind.UPDATE, THING, ("text",), things(2), "made", "mood")
    assert sql_of(found) == (
        'UPDATE "odd schema"."thing" AS t SET "text" = u.c1 '
        "FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS u(c1, c2, o) "
        'WHERE t."id" = u.c2 RETURNING u.o, t."made", t."mood"::text'
    )
    assert statement_for(found).numbered


def test_rows_whose_keys_change_say_whose_they_are() -> None:
    found = batch(Kind.UPDATE, THING, ("id",), things(2))
    assert sql_of(found).endswith('WHERE t."id" = u.c2 RETURNING u.o')
    assert not statement_for(found).results


def test_deletes_by_one_key_and_by_several() -> None:
    assert sql_of(batch(Kind.DELETE, THING, (), things(1))) == (
        'DELETE FROM "odd schema"."thing" AS t WHERE t."id" = $1::bigint'
    )
    assert sql_of(batch(Kind.DELETE, THING, (), things(2))) == (
        'DELETE FROM "odd schema"."thing" AS t WHERE t."id" = ANY($1::bigint[]) RETURNING t."id"'
    )
    pairs = [Pair(mood=Mood.SAD, number=n) for n in range(2)]
    assert sql_of(batch(Kind.DELETE, PAIR, (), pairs[:1])) == (
        'DELETE FROM "pair" AS t WHERE t."mood" = $1::text::"mood" AND t."number" = $2::bigint'
    )
    assert sql_of(batch(Kind.DELETE, PAIR, (), pairs)) == (
        'DELETE FROM "pair" AS t USING unnest($1::text[], $2::bigint[]) AS u(c1, c2) '
        'WHERE t."mood" = u.c1::"mood" AND t."number" = u.c2 RETURNING t."mood"::text, t."number"'
    )


COUNT = (
    "CASE WHEN count(*) = ${n}::bigint THEN count(*) "
    "ELSE ('asyncorm rows: ' || count(*))::bigint END"
)


def test_an_update_locks_its_rows_in_order_before_it_writes_them() -> None:
    assert (
        ' AND (SELECT count(*) FROM (SELECT FROM "odd schema"."thing" AS t '
        'WHERE t."id" = ANY($2::bigint[]) ORDER BY t."id" FOR NO KEY UPDATE OF t) AS locked) >= 0'
    ) in statement_for(batch(Kind.UPDATE, THING, ("text",), things(2))).sql
    for kind, number in ((Kind.UPDATE, 1), (Kind.DELETE, 1), (Kind.DELETE, 2)):
        columns = ("text",) if kind is Kind.UPDATE else ()
        assert "FOR" not in statement_for(batch(kind, THING, columns, things(number))).sql


def test_a_guarded_statement_fails_with_the_number_of_rows() -> None:
    update = batch(Kind.UPDATE, THING, ("text",), things(2))
    assert sql_of(update, guarded=True) == (
        f"WITH written AS ({sql_of(update)} RETURNING 1) SELECT {COUNT.format(n=3)} FROM written"
    )
    delete = batch(Kind.DELETE, THING, (), things(2))
    assert sql_of(delete, guarded=True) == (
        'WITH written AS (DELETE FROM "odd schema"."thing" AS t '
        f'WHERE t."id" = ANY($1::bigint[]) RETURNING 1) SELECT {COUNT.format(n=2)} FROM written'
    )


def test_a_guarded_statement_returns_what_the_plain_one_does() -> None:
    insert = batch(Kind.INSERT, THING, ("text",), things(2), "id", "made")
    assert sql_of(insert, guarded=True) == (
        f"WITH written(r1, r2) AS ({sql_of(insert)}) SELECT r1, r2 FROM written "
        f"WHERE (SELECT {COUNT.format(n=2)} FROM written) >= 0"
    )
    update = batch(Kind.UPDATE, THING, ("text",), things(2), "made")
    assert sql_of(update, guarded=True).startswith("WITH written(r1, r2) AS (UPDATE ")
    rows = batch(Kind.INSERT, BARE, (), [Bare(), Bare()], "id")
    assert COUNT.format(n=2) in sql_of(rows, guarded=True)


def test_a_guarded_statement_for_a_single_row_counts_it_too() -> None:
    found = batch(Kind.DELETE, THING, (), things(1))
    statement = statement_for(found, guarded=True)
    count = COUNT.format(n=0).replace("$0::bigint", "1")
    assert statement.sql == (
        f"WITH written AS ({statement_for(found).sql} RETURNING 1) SELECT {count} FROM written"
    )
    assert len(arguments_for(statement, found, [(1,)])) == 1


def test_the_existing_keys_are_asked_for_in_one_statement() -> None:
    statement = existing_keys(PAIR)
    assert statement.sql == (
        'SELECT t."mood"::text, t."number" FROM "pair" AS t '
        "JOIN unnest($1::text[], $2::bigint[]) AS u(c1, c2) "
        'ON t."mood" = u.c1::"mood" AND t."number" = u.c2'
    )
    pglast.parse_sql(statement.sql)


def test_values_travel_as_their_types_say() -> None:
    rows = things(2)
    rows[1].mood = None
    one = batch(Kind.INSERT, THING, THING_COLUMNS, rows[:1])
    assert arguments_for(statement_for(one), one, []) == ["0", "sad", ["a", None], '{"n":0}']
    many = batch(Kind.INSERT, THING, THING_COLUMNS, rows)
    assert arguments_for(statement_for(many), many, []) == [
        ["0", "1"],
        ["sad", None],
        ['{"a",NULL}', '{"a",NULL}'],
        ['{"n":0}', '{"n":1}'],
    ]


def test_keys_follow_the_values_of_an_update() -> None:
    rows = [Pair(mood=Mood.SAD, number=1), Pair(mood=Mood.SAD, number=2)]
    many = batch(Kind.UPDATE, PAIR, ("number",), rows)
    keys = [(Mood.HAPPY, 7), (Mood.SAD, 8)]
    assert arguments_for(statement_for(many), many, keys) == [[1, 2], ["happy", "sad"], [7, 8]]


# ----------------------------------------------------------------------------------- versions

DOCUMENT, BARE_VERSION = Document.__mapper__, VersionedBare.__mapper__


def versioned_arguments(found: Batch, versions: list[Any]) -> list[Any]:
    keys = list(range(1, len(found.instances) + 1))
    return arguments_for(statement_for(found), found, keys, versions)


def test_an_update_finds_the_loaded_version_only() -> None:
    one = Document(title="a")
    one.version = 2
    found = batch(Kind.UPDATE, DOCUMENT, ("title", "version"), [one])
    assert unlocked(statement_for(found)) == (
        'UPDATE "document" AS t SET "title" = $1::text, "version" = $2::bigint '
        'WHERE t."id" = $3::bigint AND t."version" = $4::bigint'
    )
    assert versioned_arguments(found, [1]) == ["a", 2, 1, 1]


def test_an_update_of_many_rows_says_which_it_has_found() -> None:
    rows = [Document(title="a"), Document(title="b")]
    for number, row in enumerate(rows):
        row.version = number + 5
    found = batch(Kind.UPDATE, DOCUMENT, ("title", "version"), rows)
    assert unlocked(statement_for(found)) == (
        'UPDATE "document" AS t SET "title" = u.c1, "version" = u.c2 '
        "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) "
        "WITH ORDINALITY AS u(c1, c2, c3, c4, o) "
        'WHERE t."id" = u.c3 AND t."version" = u.c4 RETURNING u.o'
    )
    assert versioned_arguments(found, [4, 5]) == [["a", "b"], [5, 6], [1, 2], [4, 5]]


def test_a_delete_finds_the_loaded_version_only() -> None:
    rows = [Document(title="a"), Document(title="b")]
    one, many = (batch(Kind.DELETE, DOCUMENT, (), rows[:count]) for count in (1, 2))
    assert statement_for(one).sql == (
        'DELETE FROM "document" AS t WHERE t."id" = $1::bigint AND t."version" = $2::bigint'
    )
    assert versioned_arguments(one, [7]) == [1, 7]
    assert unlocked(statement_for(many)) == (
        'DELETE FROM "document" AS t USING unnest($1::bigint[], $2::bigint[]) AS u(c1, c2) '
        'WHERE t."id" = u.c1 AND t."version" = u.c2 RETURNING t."id"'
    )
    assert versioned_arguments(many, [7, 8]) == [[1, 2], [7, 8]]


def test_a_guarded_update_of_versioned_rows_counts_its_arguments() -> None:
    rows = [Document(title="a"), Document(title="b")]
    found = batch(Kind.UPDATE, DOCUMENT, ("title", "version"), rows)
    guarded = statement_for(found, guarded=True)
    assert "count(*) = $5::bigint" in guarded.sql
    assert arguments_for(guarded, found, [1, 2], [1, 1])[-1] == 2


def test_a_version_that_the_server_makes_comes_back() -> None:
    found = batch(Kind.UPDATE, BARE_VERSION, ("title",), [VersionedBare(id=1)], "xmin")
    assert unlocked(statement_for(found)) == (
        'UPDATE "bare_version" AS t SET "title" = $1::text '
        'WHERE t."id" = $2::bigint AND t."xmin" = $3::xid RETURNING t."xmin"'
    )


# --------------------------------------------------------------------------------------- COPY


def numbers(count: int) -> Batch:
    row = Pair(mood=Mood.SAD, number=1)
    return batch(Kind.INSERT, PAIR, ("number", "key"), [row] * count)


def test_copy_takes_over_from_some_thousand_rows_on() -> None:
    assert not uses_copy(numbers(COPY_MINIMUM - 1))
    assert uses_copy(numbers(COPY_MINIMUM))


@pytest.mark.parametrize(
    "found",
    [
        batch(Kind.INSERT, PAIR, ("number",), [None] * COPY_MINIMUM, "key"),
        batch(Kind.UPDATE, PAIR, ("number",), [None] * COPY_MINIMUM),
        batch(Kind.DELETE, PAIR, (), [None] * COPY_MINIMUM),
        Batch(Kind.INSERT, PAIR, ("number",), [None] * COPY_MINIMUM, (), [], True),
    ],
    ids=["returning", "update", "delete", "expressions"],
)
def test_copy_is_not_for(found: Batch) -> None:
    assert not uses_copy(found)


@pytest.mark.parametrize(("table", "column"), [(PAIR, "mood"), (THING, "data"), (THING, "price")])
def test_copy_is_for_types_that_travel_as_text_as_well(table: Table, column: str) -> None:
    assert uses_copy(batch(Kind.INSERT, table, (column,), [None] * COPY_MINIMUM))


def test_copied_records_are_tuples_of_the_columns() -> None:
    found = batch(Kind.INSERT, THING, ("size", "tags"), things(2))
    assert copy_records(found) == [(1, ["a", None]), (1, ["a", None])]


def test_a_plan_of_one_statement_is_atomic_unless_it_copies() -> None:
    assert is_atomic(FlushPlan((batch(Kind.DELETE, THING, (), things(2)),)))
    assert not is_atomic(FlushPlan((numbers(COPY_MINIMUM),)))
    assert not is_atomic(FlushPlan((numbers(1), numbers(2))))
    assert not is_atomic(FlushPlan(()))
