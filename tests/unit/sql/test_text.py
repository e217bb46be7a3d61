from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.statements.raw import ident, sql
from asyncorm.sql.statements.select import select
from tests.support.language import BOOK_COLUMNS, Book, Mood, User, compiled


def test_values_are_bound_in_their_places() -> None:
    statement = sql("select * from users where id = {} and email = {}", 5, "x")
    assert compiled(statement) == (
        "select * from users where id = $1::integer and email = $2",
        [5, "x"],
    )


@pytest.mark.parametrize(
    ("value", "text", "bound"),
    [
        (5, "$1::integer", 5),
        (1 << 40, "$1::bigint", 1 << 40),
        ("x", "$1", "x"),
        (None, "$1", None),
        (True, "$1::boolean", True),
        (Decimal(1), "$1::numeric", Decimal(1)),
        (date(2026, 1, 1), "$1::date", date(2026, 1, 1)),
        ([1, 2], "$1::bigint[]", [1, 2]),
        ({"a": 1}, "$1::text::jsonb", '{"a":1}'),
        (Mood.SAD, "$1", "sad"),
        (ident("users"), '"users"', ...),
        (ident("a", 'b"c'), '"a"."b""c"', ...),
        (User.email, '"users"."email"', ...),
        (Book, BOOK_COLUMNS, ...),
        (select(User.id), '(SELECT "users"."id" FROM "users")', ...),
    ],
)
def test_what_may_stand_for_a_place(value: Any, text: str, bound: object) -> None:
    statement = sql("select {}", value)
    arguments = [] if bound is ... else [bound]
    assert str(statement) == f"select {text}"
    from asyncorm.compiler.compiler import compile_statement

    assert compile_statement(statement).arguments(statement) == arguments


def test_double_braces_are_braces() -> None:
    assert str(sql("select '{{}}'::jsonb, {}", 1)) == "select '{}'::jsonb, $1::integer"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("select {}",), "has 1 places {} and was given 0 values"),
        (("select 1", 5), "has 0 places {} and was given 1 values"),
        (("select {name}", 5), "single '{'"),
        (("select {0}", 5), "single '{'"),
        (("select }",), "single '}'"),
        ((5,), "takes the text of a statement, not a int"),
    ],
)
def test_a_wrong_text_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        sql(*arguments)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, 5, None])
def test_a_wrong_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidRequestError, match="name"):
        ident(name)


def test_a_value_without_a_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no PostgreSQL type is known"):
        sql("select {}", object())


def test_into_does_not_change_the_statement_it_is_called_on() -> None:
    first = sql("select 1")
    assert first.into(dict)._shape is dict
    assert first._shape is None
