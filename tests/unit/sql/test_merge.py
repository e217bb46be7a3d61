from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from asyncorm.sql.nodes import Option
from asyncorm.sql.sources import aliased
from asyncorm.sql.statements.assignments import default
from asyncorm.sql.statements.delete import delete
from asyncorm.sql.statements.insert import insert
from asyncorm.sql.statements.merge import merge, merge_action
from asyncorm.sql.statements.row_versions import new, old
from asyncorm.sql.statements.select import select
from asyncorm.sql.statements.update import update
from tests.support.language import Book, User, compiled


class Row(NamedTuple):
    id: int


class Other(NamedTuple):
    id: int


BEGUN = merge(User).using(Book, Book.author_id == User.id)


def test_merge() -> None:
    statement = (
        BEGUN.when_matched(User.age < 5, User.active)
        .delete()
        .when_matched()
        .update(age=User.age + 1, mood=default())
        .when_not_matched(Book.author_id > 7)
        .insert(email=Book.title, age=3)
        .when_not_matched_by_source()
        .do_nothing()
        .returning(merge_action(), old(User.age), new(User.age), Book.id)
    )
    assert compiled(statement) == (
        (
            'MERGE INTO "users" USING "library"."book"'
            ' ON "library"."book"."author_id" = "users"."id"'
            ' WHEN MATCHED AND "users"."age" < $1::integer AND "users"."is_active" THEN DELETE'
            ' WHEN MATCHED THEN UPDATE SET "age" = "users"."age" + $2::integer, "mood" = DEFAULT'
            ' WHEN NOT MATCHED AND "library"."book"."author_id" > $3::bigint'
            ' THEN INSERT ("email", "age") VALUES ("library"."book"."title", $4::integer)'
            " WHEN NOT MATCHED BY SOURCE THEN DO NOTHING"
            ' RETURNING merge_action(), "old"."age", "new"."age", "library"."book"."id"'
        ),
        [5, 1, 7, 3],
    )


def test_an_action_that_inserts_defaults_only() -> None:
    sql, _ = compiled(BEGUN.when_not_matched().insert())
    assert sql.endswith("WHEN NOT MATCHED THEN INSERT DEFAULT VALUES")


def test_every_method_gives_a_new_statement() -> None:
    branch = BEGUN.when_matched()
    first, second = branch.delete(), branch.do_nothing()
    assert str(first) != str(second)
    assert len(first._branches) == len(second._branches) == 1
    assert BEGUN._branches == ()


class Load(Option):
    def __init__(self, name: str) -> None:
        self._key = name
        self._parameters = ()


def keys(*statements: Any) -> list[Any]:
    return [statement._key for statement in statements]


UPDATE = update(User).values(age=1)
INSERT = insert(User).values(email="a")
GONE = delete(Book).where(Book.author_id == 1).cte("gone")
HIGH = select(Book.id, Book.title).where(Book.author_id > 5)


@pytest.mark.parametrize(
    "different",
    [
        keys(UPDATE, UPDATE.only(), UPDATE.from_(Book), UPDATE.from_(aliased(Book, "b"))),
        keys(UPDATE.from_(Book), UPDATE.from_(Book).join(Book, Book.author_id == 1)),
        keys(
            UPDATE.from_(Book).join(aliased(User, "u"), Book.author_id == 1),
            UPDATE.from_(Book).outerjoin(aliased(User, "u"), Book.author_id == 1),
        ),
        keys(UPDATE, UPDATE.add_cte(GONE), UPDATE.options(Load("a")), UPDATE.options(Load("b"))),
        keys(
            UPDATE.returning(User.id),
            UPDATE.returning(User.id).into(Row),
            UPDATE.returning(User.id).into(Other),
            UPDATE.returning(old(User.id)),
            UPDATE.returning(new(User.id)),
        ),
        keys(
            update(aliased(User, "a")).values(age=1),
            update(aliased(User, "b")).values(age=1),
            UPDATE,
        ),
        keys(
            update(User).values({("age", "email"): HIGH}),
            update(User).values({("email", "age"): HIGH}),
        ),
        keys(INSERT, INSERT.overriding_system_value(), INSERT.overriding_user_value()),
        keys(INSERT, insert(User).values(email=default())),
        keys(
            insert(User).from_select(["id", "email"], HIGH),
            insert(User).from_select(["age", "email"], HIGH),
            insert(User).from_select(["id", "email"], HIGH.limit(1)),
        ),
        keys(
            *(
                insert(User).values(email="a").on_conflict_do_nothing(**options)
                for options in (
                    {},
                    {"constraint": "a"},
                    {"constraint": "b"},
                    {"index_elements": ["email"]},
                    {"index_elements": ["email"], "index_where": User.active},
                )
            )
        ),
        keys(
            BEGUN.when_not_matched().insert(email="a"),
            BEGUN.when_not_matched().insert(age=1),
            BEGUN.when_not_matched().insert_overriding_system_value(email="a"),
            BEGUN.when_not_matched().insert(),
            BEGUN.when_not_matched().do_nothing(),
            BEGUN.when_not_matched(Book.author_id == 1).do_nothing(),
            BEGUN.when_matched().do_nothing(),
            BEGUN.when_matched().do_nothing().only(),
            BEGUN.when_not_matched_by_source().do_nothing(),
            BEGUN.when_matched().update(age=1),
            BEGUN.when_matched().update(email="a"),
            BEGUN.when_matched().update(email="a").when_matched().delete(),
        ),
    ],
)
def test_what_changes_the_text_is_in_the_key(different: list[Any]) -> None:
    assert len(set(different)) == len(different)


@pytest.mark.parametrize(
    "build",
    [
        lambda n: UPDATE.add_cte(delete(Book).where(Book.author_id == n).cte("gone")),
        lambda n: UPDATE.from_(HIGH.limit(n).subquery()),
        lambda n: update(User).values({("age", "email"): HIGH.limit(n)}),
        lambda n: UPDATE.from_(Book).join(aliased(User), Book.author_id == n),
        lambda n: update(aliased(User)).values(age=n),
        lambda n: insert(User).from_select(["id", "email"], HIGH.limit(n)),
        lambda n: (
            BEGUN.when_matched(Book.author_id == n)
            .update(age=n + 1)
            .when_not_matched()
            .insert(age=n)
        ),
        lambda n: UPDATE.returning(old(User.age) + n),
    ],
)
def test_statements_that_differ_in_values_share_their_text(build: Any) -> None:
    one, other = build(1), build(2)
    assert one._key == other._key
    (text, first), (same_text, second) = compiled(one), compiled(other)
    assert text == same_text
    assert first != second
