"""sql(): what its text and its values may be, and what is refused before anything is sent."""

from __future__ import annotations

import enum
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pglast
import pytest

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    aliased,
    and_,
    delete,
    ident,
    literal,
    select,
    sql,
)
from asyncorm.compiler.compiler import compile_statement
from tests.support.animals import Animal, Dog, Lion
from tests.support.shop import Category, Product


class Colour(enum.Enum):
    RED = "red"


def compiled(statement: Any) -> tuple[str, list[object]]:
    found = compile_statement(statement)
    return found.sql, found.arguments(statement)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text", "bound"),
    [
        ("a'b", "$1", "a'b"),
        (None, "$1", None),
        (5, "$1::integer", 5),
        (2**40, "$1::bigint", 2**40),
        (True, "$1::boolean", True),
        (Decimal("1.5"), "$1::numeric", Decimal("1.5")),
        (date(2026, 1, 1), "$1::date", date(2026, 1, 1)),
        (NOON, "$1::timestamptz", NOON),
        (b"x", "$1::bytea", b"x"),
        ([1, 2], "$1::bigint[]", [1, 2]),
        ({"a": 1}, "$1::text::jsonb", '{"a":1}'),
        (Colour.RED, "$1", "red"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_value_is_bound_with_the_type_it_has(value: Any, text: str, bound: Any) -> None:
    assert compiled(sql("select {}", value)) == (f"select {text}", [bound])


def test_names_come_quoted() -> None:
    text, arguments = compiled(
        sql(
            "select {}, {}, {} from {}, {}",
            Product.name,
            aliased(Product, "p").name,
            ident('a"b', "c"),
            Product.__table__,
            ident("category"),
        )
    )
    assert text == ('select "product"."name", "p"."name", "a""b"."c" from "product", "category"')
    assert arguments == []


def test_an_entity_stands_for_its_columns() -> None:
    assert str(sql("select {} from category", Category)) == (
        'select "category"."id", "category"."name", "category"."parent_id" from category'
    )
    assert str(sql("select {} from category c", aliased(Category, "c"))) == (
        'select "c"."id", "c"."name", "c"."parent_id" from category c'
    )
    assert '"animal"."name"' in str(sql("select {}", Dog))
    assert '"lion"."mane"' in str(sql("select {}", Lion))
    assert '"animal"."lives"' in str(sql("select {}", Animal))


def test_expressions_and_queries_are_parts() -> None:
    cheap = and_(Product.price < 10, Product.stock > 0)
    text, arguments = compiled(
        sql("select * from product where {} and id in {}", cheap, select(Product.id))
    )
    assert arguments == [10, 0]
    assert text.endswith('and id in (SELECT "product"."id" FROM "product")')
    assert len(pglast.parse_sql(text)) == 1


def test_texts_are_parts_of_texts() -> None:
    condition = sql("stock > {} -- enough", 5)
    whole = sql("select {} from product where {} and price < {}", Product.id, condition, 9)
    text, arguments = compiled(whole)
    assert text == (
        'select "product"."id" from product where stock > $1::integer -- enough\n and price < '
        "$2::integer"
    )
    assert arguments == [5, 9]
    deeper = sql("{} union {}", sql("select {}", 1), sql("{}", sql("select {}", 2)))
    assert compiled(deeper)[1] == [1, 2]
    with pytest.raises(InvalidRequestError, match="belong to the whole"):
        sql("select * from ({})", sql("select 1").into(int))


def test_texts_of_one_shape_share_a_key_and_bind_their_own_values() -> None:
    first, second = sql("select {}", sql("{} + 1", 5)), sql("select {}", sql("{} + 1", 6))
    assert first._key == second._key
    assert compile_statement(first).arguments(second) == [6]
    shared = literal(5)
    assert sql("select {}, {}", shared, shared)._key != sql("select {}, {}", literal(5), 5)._key


@pytest.mark.parametrize(
    ("text", "values", "message", "hint"),
    [
        ("select {}", (), "1 places {} and was given 0", "{{ and }}"),
        ("select {0}", (1,), "single '{'", "positional"),
        ("select '{}'", ("a",), "a value inside quotes", "||"),
        ("select like '%{}%'", ("a",), "a value inside quotes", "in Python"),
        ('select "{}"', ("a",), "a value inside quotes", ""),
        ("select E'\\'{}'", ("a",), "a value inside quotes", ""),
        ("select $x${}$x$", ("a",), "inside a text in dollars", ""),
        ("select 1 -- {}", ("a",), "inside a comment", ""),
        ("select 1 /* /* */ {} */", ("a",), "inside a comment", ""),
        ("select $1", (), "has $1", "write {} for a value"),
        ("select {}, $1", (1,), "has $1", "write {} for a value"),
        ("select :name", (), "has :name", "write {} for a value"),
        ("select 1; drop table x", (), "several statements", "one by one"),
        ("select 1; {}", (1,), "several statements", "one by one"),
        ("select 'a", (), "does not close a quote", ""),
        ('select "a', (), "does not close a quote", ""),
        ("select /* a", (), "does not close a comment", ""),
        ("select $a$ b", (), "does not close $a$", ""),
        ("select '\0'", (), "NUL", ""),
        ("select 1 where 1 in {}", ([1],), "a list is one value", "= any({})"),
        ("select 1 where 1 IN ({})", ([1],), "a list is one value", "= any({})"),
        ("select 1 where 1 not  in {}", ((1, 2),), "a list is one value", "<> all({})"),
        ("{}", (delete(Product),), "changes rows", "returning"),
        ("{}", (select(Product).subquery(),), "a subquery or CTE", "select()"),
        (5, (), "not a int", "sql("),
    ],
    ids=str,
)
def test_what_is_refused_before_it_is_sent(
    text: Any, values: tuple[Any, ...], message: str, hint: str
) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(message)) as caught:
        sql(text, *values)
    assert hint in str(caught.value).rpartition("hint:")[2]


def test_an_object_is_no_value() -> None:
    with pytest.raises(ArgumentError, match="an object of Category is no value"):
        sql("select {}", Category(name="x"))


@pytest.mark.parametrize(
    "text",
    [
        "select 1;",
        "select 1 ; -- the end",
        "select '{{}}'::jsonb",
        "select 1::text, (array[1, 2])[1:2], date '2026-01-01'",
        "select 'it''s; $1 :name', \"a;b\", E'\\';', $$ ; $1 $$, $x$ ' $x$",
        "select '{{\"a\": 1}}'::jsonb ? 'a', 7 % 2",
        "select U&'d\\0061t'",
        "select a$1 from (select 1 as a$1) as t /* ; /* nested */ ' */",
        "create function f() returns int begin atomic select 1; select 2; end",
        "create rule r as on insert to t do also (select 1; select 2)",
        "select make_date(year := 2026, month := 1, day := 1)",
    ],
)
def test_what_is_plain_sql_passes_unchanged(text: str) -> None:
    assert str(sql(text)) == text.replace("{{", "{").replace("}}", "}")  # type: ignore[arg-type]
    assert len(pglast.parse_sql(str(sql(text)))) == 1  # type: ignore[arg-type]
