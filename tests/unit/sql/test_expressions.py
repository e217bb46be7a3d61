from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.conditions import and_, not_, or_
from asyncorm.sql.constructs import (
    all_,
    any_,
    case,
    cast,
    extract,
    false,
    literal,
    null,
    true,
)
from asyncorm.sql.expressions import Parameter
from asyncorm.sql.statements.select import exists, select
from asyncorm.types.scalars import Numeric
from tests.support.language import Book, Mood, User, text_of


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (User.id == 5, '"users"."id" = $1::bigint'),
        (User.id != 5, '"users"."id" <> $1::bigint'),
        (User.id < 5, '"users"."id" < $1::bigint'),
        (User.id <= 5, '"users"."id" <= $1::bigint'),
        (User.id > 5, '"users"."id" > $1::bigint'),
        (User.id >= 5, '"users"."id" >= $1::bigint'),
        (User.age == None, '"users"."age" IS NULL'),
        (User.age != None, '"users"."age" IS NOT NULL'),
        (User.id == Book.author_id, '"users"."id" = "library"."book"."author_id"'),
        (User.active == True, '"users"."is_active" = $1::boolean'),
        (User.email == "x", '"users"."email" = $1::text'),
        (User.mood == Mood.SAD, '"users"."mood" = $1::text::"mood"'),
        (User.id.between(1, 9), '"users"."id" BETWEEN $1::bigint AND $2::bigint'),
        (User.active.is_(True), '"users"."is_active" IS TRUE'),
        (User.active.is_not(False), '"users"."is_active" IS NOT FALSE'),
        (User.age.is_(None), '"users"."age" IS NULL'),
        (User.age.is_(User.id), '"users"."age" IS NOT DISTINCT FROM "users"."id"'),
        (User.age.is_distinct_from(3), '"users"."age" IS DISTINCT FROM $1::integer'),
        (User.age.is_not_distinct_from(None), '"users"."age" IS NOT DISTINCT FROM $1::integer'),
        (User.id.in_([1, 2]), '"users"."id" = ANY ($1::bigint[])'),
        (User.id.not_in({1, 2}), '"users"."id" <> ALL ($1::bigint[])'),
        (User.mood.in_([Mood.SAD]), '"users"."mood" = ANY ($1::text[]::"mood"[])'),
        (
            User.id.in_(select(Book.author_id)),
            '"users"."id" IN (SELECT "library"."book"."author_id" FROM "library"."book")',
        ),
        (
            User.id.not_in(select(Book.author_id)),
            '"users"."id" NOT IN (SELECT "library"."book"."author_id" FROM "library"."book")',
        ),
    ],
)
def test_comparisons(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (and_(User.active, User.age > 1), '"users"."is_active" AND "users"."age" > $1::integer'),
        (
            or_(User.active, ~User.active.is_(True)),
            '"users"."is_active" OR NOT "users"."is_active" IS TRUE',
        ),
        (
            ((User.id == 1) | (User.id == 2)) & (User.id == 3),
            (
                '("users"."id" = $1::bigint OR "users"."id" = $2::bigint) '
                'AND "users"."id" = $3::bigint'
            ),
        ),
        (
            (User.id == 1) & (User.id == 2) & (User.id == 3),
            '"users"."id" = $1::bigint AND "users"."id" = $2::bigint AND "users"."id" = $3::bigint',
        ),
        (not_(User.active), 'NOT "users"."is_active"'),
        (
            ~((User.id == 1) | User.active),
            'NOT ("users"."id" = $1::bigint OR "users"."is_active")',
        ),
        (
            (User.id == 1) == (User.id == 2),
            '("users"."id" = $1::bigint) = ("users"."id" = $2::bigint)',
        ),
    ],
)
def test_boolean_operators_keep_their_grouping(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (User.id + 1, '"users"."id" + $1::bigint'),
        (1 + User.id, '$1::bigint + "users"."id"'),
        (5 - User.id, '$1::bigint - "users"."id"'),
        ((User.id + 1) * 2, '("users"."id" + $1::bigint) * $2::bigint'),
        (User.id - (User.id - 1), '"users"."id" - ("users"."id" - $1::bigint)'),
        (User.id - 1 - 2, '"users"."id" - $1::bigint - $2::bigint'),
        (User.id * 2 + 1, '"users"."id" * $1::bigint + $2::bigint'),
        (3 * User.id, '$1::bigint * "users"."id"'),
        (User.id / 2, 'CAST("users"."id" AS numeric) / $1::bigint'),
        (User.id // 2, '"users"."id" / $1::bigint'),
        (User.id % 2, '"users"."id" % $1::bigint'),
        (-User.id, '-"users"."id"'),
        (-(User.id + 1), '-("users"."id" + $1::bigint)'),
        (User.id + Decimal("1.5"), '"users"."id" + $1::numeric'),
        (User.created_at - timedelta(days=1), '"users"."created_at" - $1::interval'),
        (User.email + "!", '"users"."email" || $1::text'),
        ("a" + User.email, '$1::text || "users"."email"'),
        (User.email.concat("!"), '"users"."email" || $1::text'),
    ],
)
def test_arithmetic(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    ("expression", "sql", "value"),
    [
        (User.email.like("a%"), '"users"."email" LIKE $1::text', "a%"),
        (User.email.not_like("a%"), '"users"."email" NOT LIKE $1::text', "a%"),
        (User.email.ilike("a_"), '"users"."email" ILIKE $1::text', "a_"),
        (User.email.not_ilike("a_"), '"users"."email" NOT ILIKE $1::text', "a_"),
        (User.email.startswith("1%_\\"), '"users"."email" LIKE $1::text', "1\\%\\_\\\\%"),
        (User.email.endswith("%"), '"users"."email" LIKE $1::text', "%\\%"),
        (User.email.contains("%"), '"users"."email" LIKE $1::text', "%\\%%"),
        (User.email.icontains("_"), '"users"."email" ILIKE $1::text', "%\\_%"),
        (User.email.regexp("^a"), '"users"."email" ~ $1::text', "^a"),
        (User.email.regexp("^a", ignore_case=True), '"users"."email" ~* $1::text', "^a"),
    ],
)
def test_patterns_are_bound_and_escaped(expression: Any, sql: str, value: str) -> None:
    assert text_of(expression) == sql
    assert [parameter.value for parameter in expression._parameters] == [value]


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (
            User.email.startswith(Book.title),
            'starts_with("users"."email", "library"."book"."title")',
        ),
        (User.email.contains(Book.title), 'strpos("users"."email", "library"."book"."title") > 0'),
        (
            User.email.endswith(Book.title),
            'right("users"."email", length("library"."book"."title")) = "library"."book"."title"',
        ),
    ],
)
def test_parts_of_text_may_be_expressions(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (User.tags.contains(["a"]), '"users"."tags" @> $1::text[]'),
        (User.tags.contains({"a"}), '"users"."tags" @> $1::text[]'),
        (User.tags.overlap(["a"]), '"users"."tags" && $1::text[]'),
        (User.tags.any("a"), '$1::text = ANY ("users"."tags")'),
        (User.email == any_(User.tags), '"users"."email" = ANY ("users"."tags")'),
        (any_(User.tags) == "a", '$1::text = ANY ("users"."tags")'),
        (all_(User.tags) < "a", '$1::text > ALL ("users"."tags")'),
        (
            User.id >= all_(select(Book.author_id)),
            '"users"."id" >= ALL (SELECT "library"."book"."author_id" FROM "library"."book")',
        ),
        (User.settings["a"], '"users"."settings" -> $1::text'),
        (User.settings[0], '"users"."settings" -> $1::integer'),
        (User.settings["a"]["b"].astext, '"users"."settings" -> $1::text ->> $2::text'),
        (User.settings["a"].astext == "x", '"users"."settings" ->> $1::text = $2::text'),
        (User.settings.contains({"a": 1}), '"users"."settings" @> $1::text::jsonb'),
        (User.settings.has_key("a"), '"users"."settings" ? $1::text'),
    ],
)
def test_arrays_and_json(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (
            case((User.age < 18, "child"), (User.age < 65, "adult")),
            (
                'CASE WHEN "users"."age" < $1::integer THEN $2::text '
                'WHEN "users"."age" < $3::integer THEN $4::text END'
            ),
        ),
        (
            case((User.active, User.id), else_=0),
            'CASE WHEN "users"."is_active" THEN "users"."id" ELSE $1::bigint END',
        ),
        (cast(User.id, str), 'CAST("users"."id" AS text)'),
        (cast(User.id, Numeric(10, 2)), 'CAST("users"."id" AS numeric(10,2))'),
        (extract("year", User.created_at), 'EXTRACT(year FROM "users"."created_at")'),
        (literal(5), "$1::bigint"),
        (null(), "NULL"),
        (and_(true(), false()), "TRUE AND FALSE"),
        (
            exists(select(Book.id).where(Book.author_id == 1)),
            (
                'EXISTS (SELECT "library"."book"."id" FROM "library"."book" '
                'WHERE "library"."book"."author_id" = $1::bigint)'
            ),
        ),
        (
            User.id == select(Book.author_id).limit(1),
            (
                '"users"."id" = (SELECT "library"."book"."author_id" FROM "library"."book" '
                "LIMIT $1::bigint)"
            ),
        ),
    ],
)
def test_constructs(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    "build",
    [
        lambda: User.id == 1 and User.id == 2,
        lambda: bool(User.id == 1),
        lambda: not User.id,
        lambda: 5 in User.id,
        lambda: User.id in [Book.author_id],
    ],
)
def test_an_expression_has_no_truth_value(build: Any) -> None:
    with pytest.raises(TypeError, match=r"use & \| ~ instead of and/or/not"):
        build()


def test_an_expression_can_not_be_iterated() -> None:
    with pytest.raises(TypeError):
        list(User.settings)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: User.id == "5", "users.id is bigint and takes int, not str"),
        (lambda: User.id == True, "users.id is bigint and takes int, not bool"),
        (lambda: User.email == {"ne": ""}, r"users.email is varchar\(50\) and takes str"),
        (lambda: User.email == ["a"], "not list"),
        (lambda: User.email == ..., "not ellipsis"),
        (lambda: User.active == 1, "users.is_active is boolean"),
        (lambda: User.id < None, "users.id is compared with None"),
        (lambda: User.id.in_("abc"), r"in_\(\) of users.id takes a list"),
        (lambda: User.id.in_({"a": 1}), "not dict"),
        (lambda: User.id.in_(["a"]), "users.id is bigint"),
        (lambda: User.id.in_(5), "not int"),
        (lambda: User.email.like(5), "users.email is matched with str"),
        (lambda: User.tags == 5, "users.tags is text"),
        (lambda: User.email["a"], "only JSON and arrays have elements"),
        (lambda: User.settings[True], "a JSON element is named by"),
        (
            lambda: User.email.any("a"),
            r"users.email is varchar\(50\); only arrays have any\(\) and all\(\)",
        ),
        (lambda: User.age.is_(5), r"is_\(\) takes None, True, False"),
        (lambda: literal(User.id), "takes a plain value"),
        (lambda: any_(User.id), r"any_\(\) takes an array"),
        (lambda: User.mood == "glad", "takes Mood, not str"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(build: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        build()


@pytest.mark.parametrize(
    ("build", "hint"),
    [
        (lambda: and_(), "give at least one"),
        (lambda: or_(User.active, True), "compare columns"),
        (lambda: (User.id == 1) & True, "compare columns"),
        (lambda: case(), "write case"),
        (lambda: extract("year from now()) --", User.created_at), "use one of century"),
        (lambda: User.id.label(""), "give a plain name"),
        (lambda: User.id.label("a\0b"), "give a plain name"),
        (lambda: User.id.label("ä" * 32), "choose a shorter name"),
    ],
)
def test_a_wrong_request_ends_in_a_hint(build: Any, hint: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"hint: .*{hint}"):
        build()


def test_a_value_takes_the_type_of_the_column_beside_it() -> None:
    (parameter,) = (User.age == 5)._parameters
    assert isinstance(parameter, Parameter)
    assert (parameter.type.ddl, parameter.value) == ("integer", 5)


def test_a_datetime_is_not_cut_to_a_date() -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    (parameter,) = (cast(User.created_at, date) == moment)._parameters
    assert parameter.type.ddl == "timestamp with time zone" or "timestamptz" in parameter.type.ddl


def test_a_label_with_quotes_stays_a_name() -> None:
    statement = select(User.id.label('a"; drop table users; --'))
    assert str(statement) == 'SELECT "users"."id" AS "a""; drop table users; --" FROM "users"'


def test_expressions_hash_by_identity() -> None:
    assert len({User.id, User.id, User.email}) == 2
