from __future__ import annotations

from typing import Any

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.functions.func import func
from asyncorm.sql.sources import aliased
from asyncorm.sql.statements.delete import delete
from asyncorm.sql.statements.insert import insert
from asyncorm.sql.statements.select import exists, select
from asyncorm.sql.statements.update import update
from asyncorm.sql.table import Table
from tests.support.language import USER_COLUMNS, Book, Mood, User, compiled


@pytest.mark.parametrize(
    ("statement", "sql", "values"),
    [
        (insert(User), 'INSERT INTO "users" DEFAULT VALUES', []),
        (
            insert(User).values(email="x", active=True),
            'INSERT INTO "users" ("email", "is_active") VALUES ($1::text, $2::boolean)',
            ["x", True],
        ),
        (
            insert(User).values({User.email: "x", "settings": {"a": 1}}),
            'INSERT INTO "users" ("email", "settings") VALUES ($1::text, $2::text::jsonb)',
            ["x", '{"a":1}'],
        ),
        (
            insert(User.__table__).values({"email": func.lower("X")}),
            'INSERT INTO "users" ("email") VALUES (lower($1::text))',
            ["X"],
        ),
        (
            insert(User).values([{"email": "a"}, {"email": "b", "age": 3}]),
            (
                'INSERT INTO "users" ("email", "age") '
                "VALUES ($1::text, DEFAULT), ($2::text, $3::integer)"
            ),
            ["a", "b", 3],
        ),
        (
            insert(User).values([{"email": "a"}, {"email": func.lower("B")}]),
            'INSERT INTO "users" ("email") VALUES ($1::text), (lower($2::text))',
            ["a", "B"],
        ),
        (
            insert(User).values([{"email": "a", "mood": Mood.SAD}, {"email": "b", "mood": None}]),
            (
                'INSERT INTO "users" ("email", "mood") '
                'SELECT "rows"."c1", "rows"."c2"::"mood" FROM unnest($1::text[], $2::text[]) '
                'WITH ORDINALITY AS "rows" ("c1", "c2", "position") ORDER BY "rows"."position"'
            ),
            [["a", "b"], ["sad", None]],
        ),
        (
            insert(User).from_select(["email", User.age], select(Book.title, func.count())),
            (
                'INSERT INTO "users" ("email", "age") '
                'SELECT "library"."book"."title", count(*) FROM "library"."book"'
            ),
            [],
        ),
        (
            insert(User).values(email="x").on_conflict_do_nothing(),
            'INSERT INTO "users" ("email") VALUES ($1::text) ON CONFLICT DO NOTHING',
            ["x"],
        ),
        (
            insert(User).values(email="x").on_conflict_do_nothing(index_elements=["email"]),
            'INSERT INTO "users" ("email") VALUES ($1::text) ON CONFLICT ("email") DO NOTHING',
            ["x"],
        ),
        (
            insert(User)
            .values(email="x")
            .on_conflict_do_update(constraint="uq_users_email", set_=[User.age.set(5)]),
            (
                'INSERT INTO "users" ("email") VALUES ($1::text) '
                'ON CONFLICT ON CONSTRAINT "uq_users_email" DO UPDATE SET "age" = $2::integer'
            ),
            ["x", 5],
        ),
    ],
)
def test_insert(statement: Any, sql: str, values: list[object]) -> None:
    assert compiled(statement) == (sql, values)


def test_on_conflict_do_update_knows_the_proposed_row() -> None:
    statement = insert(User).values(email="x", age=1)
    statement = statement.on_conflict_do_update(
        index_elements=[func.lower(User.email)],
        index_where=User.active,
        set_={"age": statement.excluded.age + User.age, "active": True},
        where=User.age < 100,
    ).returning(User)
    assert compiled(statement) == (
        (
            'INSERT INTO "users" ("email", "age") VALUES ($1::text, $2::integer) '
            'ON CONFLICT (lower("email")) WHERE "is_active" '
            'DO UPDATE SET "age" = "excluded"."age" + "users"."age", "is_active" = $3::boolean '
            f'WHERE "users"."age" < $4::integer RETURNING {USER_COLUMNS}'
        ),
        ["x", 1, True, 100],
    )


def test_many_rows_have_one_shape_whatever_their_number() -> None:
    few = insert(User).values([{"email": "a"}, {"email": "b"}])
    many = insert(User).values([{"email": str(number)} for number in range(1000)])
    assert few._key == many._key


@pytest.mark.parametrize(
    ("statement", "sql", "values"),
    [
        (update(User).values(age=1), 'UPDATE "users" SET "age" = $1::integer', [1]),
        (
            update(User).values({User.age: None}).where(User.id == 1).returning(User.id, User.mood),
            (
                'UPDATE "users" SET "age" = $1::integer WHERE "users"."id" = $2::bigint '
                'RETURNING "users"."id", "users"."mood"::text'
            ),
            [None, 1],
        ),
        (
            update(User).set(User.age.set(User.age + 1)).filter_by(active=True),
            (
                'UPDATE "users" SET "age" = "users"."age" + $1::integer '
                'WHERE "users"."is_active" = $2::boolean'
            ),
            [1, True],
        ),
        (
            update(User).values(age=1, email="a").values(age=2),
            'UPDATE "users" SET "email" = $1::text, "age" = $2::integer',
            ["a", 2],
        ),
        (
            update(User).values(email=Book.title).where(Book.author_id == User.id),
            (
                'UPDATE "users" SET "email" = "library"."book"."title" FROM "library"."book" '
                'WHERE "library"."book"."author_id" = "users"."id"'
            ),
            [],
        ),
        (
            update(User).values(age=select(func.count()).where(Book.author_id == User.id)),
            (
                'UPDATE "users" SET "age" = (SELECT count(*) FROM "library"."book" '
                'WHERE "library"."book"."author_id" = "users"."id")'
            ),
            [],
        ),
        (delete(User), 'DELETE FROM "users"', []),
        (
            delete(Book).where(Book.title == "x").returning(Book.id),
            (
                'DELETE FROM "library"."book" WHERE "library"."book"."title" = $1::text '
                'RETURNING "library"."book"."id"'
            ),
            ["x"],
        ),
        (
            delete(Book).where(Book.author_id == User.id, User.email == "x"),
            (
                'DELETE FROM "library"."book" USING "users" '
                'WHERE "library"."book"."author_id" = "users"."id" AND "users"."email" = $1::text'
            ),
            ["x"],
        ),
        (
            delete(User).where(~exists(select(Book.id).where(Book.author_id == User.id))),
            (
                'DELETE FROM "users" WHERE NOT EXISTS (SELECT "library"."book"."id" '
                'FROM "library"."book" WHERE "library"."book"."author_id" = "users"."id")'
            ),
            [],
        ),
    ],
)
def test_update_and_delete(statement: Any, sql: str, values: list[object]) -> None:
    assert compiled(statement) == (sql, values)


def test_a_data_modifying_common_table_expression() -> None:
    gone = delete(Book).where(Book.title == "x").returning(Book.author_id).cte("gone")
    assert compiled(select(func.count()).select_from(gone)) == (
        (
            'WITH "gone" AS (DELETE FROM "library"."book" '
            'WHERE "library"."book"."title" = $1::text RETURNING "library"."book"."author_id") '
            'SELECT count(*) FROM "gone"'
        ),
        ["x"],
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: insert(User).values(emial="x"), "no column 'emial'\nhint: did you mean 'email'"),
        (lambda: insert(User).values({1: "x"}), "User has no column of type int"),
        (lambda: insert(User).values({Book.title: "x"}), "book.title does not belong to User"),
        (lambda: insert(User).values([]), "was given no rows"),
        (lambda: insert(User).values([{}, {}]), "the rows for User are empty"),
        (lambda: insert(User).values(age=1).values(age=2), "has values already"),
        (lambda: insert(User).values([{"age": 1}], age=2), "not both"),
        (lambda: insert(aliased(User)), "rows can't be inserted through an alias"),
        (lambda: insert(int), "int has no table"),
        (
            lambda: (
                insert(User).values(age=1).on_conflict_do_update(index_elements=["email"], set_={})
            ),
            "needs set_",
        ),
        (
            lambda: insert(User).values(age=1).on_conflict_do_update(set_={"age": 1}),
            "needs index_elements or constraint",
        ),
        (
            lambda: (
                insert(User)
                .values(age=1)
                .on_conflict_do_update(index_elements=["emial"], set_={"age": 1})
            ),
            "did you mean 'email'",
        ),
        (
            lambda: (
                insert(User)
                .values(age=1)
                .on_conflict_do_update(index_elements=["email"], set_={"aeg": 1})
            ),
            "did you mean 'age'",
        ),
        (
            lambda: insert(User).on_conflict_do_nothing(index_elements=["age"], constraint="c"),
            "not both",
        ),
        (lambda: insert(User).excluded.nope, "User has no column 'nope'"),
        (lambda: update(User).values(nope=1), "User has no column 'nope'"),
        (lambda: update(User).values("age = 1"), "must be a dict, not a str"),
        (lambda: update(User).set("age = 1"), "set\\(\\) takes assignments"),
        (lambda: update(User).set(Book.title.set("x")), "does not belong to User"),
        (lambda: str(update(User).where(User.id == 1)), "update\\(User\\) changes nothing"),
        (lambda: update(User).values(age=1).where(True), "a condition must be"),
        (lambda: delete(User).filter_by(emial="x"), "did you mean 'email'"),
        (lambda: delete(User).returning("id"), "can't select a str"),
        (lambda: delete(User).cte("x").c.id, "has no columns without RETURNING"),
    ],
)
def test_a_wrong_request_is_refused(build: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: insert(User).values(email=5),
        lambda: insert(User).values(email={"$gt": ""}),
        lambda: insert(User).values([{"email": "a"}, {"email": ["b"]}]),
        lambda: update(User).values(age="5"),
        lambda: update(User).values(age=True),
    ],
)
def test_a_value_of_the_wrong_kind_names_the_column(build: Any) -> None:
    with pytest.raises(TypeError, match=r"users\.(email|age) is"):
        build()


def test_column_names_may_be_those_of_our_own_arguments() -> None:
    from asyncorm.sql.table import Column
    from asyncorm.types.scalars import TEXT

    table = Table("odd", [Column("self", TEXT), Column("values", TEXT)])
    sql = 'INSERT INTO "odd" ("self", "values") VALUES ($1::text, $2::text)'
    assert compiled(insert(table).values(**{"self": "a", "values": "b"})) == (sql, ["a", "b"])
