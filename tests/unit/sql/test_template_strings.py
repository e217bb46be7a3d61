"""sql() of t-strings: values are bound, models and names stand for themselves."""

from __future__ import annotations

import string
import sys
from typing import Any

import pytest

from asyncorm import InvalidRequestError, ident, select, sql
from asyncorm.compiler.compiler import compile_statement
from tests.support.shop import Category, Product
from tests.support.templates import Interpolation, Template, template


def compiled(statement: Any) -> tuple[str, list[object]]:
    found = compile_statement(statement)
    return found.sql, found.arguments(statement)


HOSTILE = "1; drop table product --"


def test_values_of_a_template_are_bound() -> None:
    text = template("select {Category} from category where name = {name}",
                    Category=Category, name=HOSTILE)  # fmt: skip
    assert compiled(sql(text)) == (
        (
            'select "category"."id", "category"."name", "category"."parent_id" from category '
            "where name = $1"
        ),
        [HOSTILE],
    )


def test_names_expressions_and_queries_of_a_template() -> None:
    text = template(
        "select {column} from {table} where {condition} and id = any({ids}) and id in {query}",
        column=Product.name,
        table=ident("product"),
        condition=Product.stock > 5,
        ids=[1, 2],
        query=select(Product.id),
    )
    found, arguments = compiled(sql(text))
    assert found == (
        'select "product"."name" from "product" where "product"."stock" > $1::bigint and '
        'id = any($2::bigint[]) and id in (SELECT "product"."id" FROM "product")'
    )
    assert arguments == [5, [1, 2]]


def test_templates_are_parts_of_templates_and_texts() -> None:
    condition = template("stock > {least}", least=5)
    whole = template("select 1 from product where {condition} and price < {price}",
                     condition=condition, price=9)  # fmt: skip
    assert compiled(sql(whole)) == (
        "select 1 from product where stock > $1::integer and price < $2::integer",
        [5, 9],
    )
    assert compiled(sql("select {}", condition))[1] == [5]
    inner = sql("stock > {}", 7)
    assert compiled(sql(template("select {inner}", inner=inner)))[1] == [7]


def test_braces_in_a_template_are_plain() -> None:
    assert str(sql(Template(("select '{}'::jsonb, ", ""), (Interpolation(5, "n"),)))) == (
        "select '{}'::jsonb, $1::integer"
    )


@pytest.mark.parametrize("written", ["{name!r}", "{name!s}", "{name:>10}", "{name!a:5}"])
def test_what_asks_for_text_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequestError, match="asks for text") as caught:
        sql(template(f"select {written}", name=HOSTILE))
    assert "write {name}" in str(caught.value)
    assert HOSTILE not in str(caught.value)


def test_a_template_takes_no_values_beside_it() -> None:
    with pytest.raises(InvalidRequestError, match="no values beside it"):
        sql(template("select 1"), 5)  # type: ignore[call-overload]


def test_a_template_of_the_old_kind_is_none() -> None:
    with pytest.raises(InvalidRequestError, match="not a Template"):
        sql(string.Template("select $x"))  # type: ignore[call-overload]


def test_the_checks_of_texts_hold_for_templates() -> None:
    with pytest.raises(InvalidRequestError, match="inside quotes"):
        sql(template("select '{name}'", name="x"))
    with pytest.raises(InvalidRequestError, match="several statements"):
        sql(template("select {name}; select 2", name="x"))


@pytest.mark.skipif(sys.version_info < (3, 14), reason="t-strings came with Python 3.14")
def test_real_template_strings() -> None:
    # compiled here, since older Pythons can't read it
    names: dict[str, Any] = {"sql": sql, "Product": Product, "name": HOSTILE, "ident": ident}
    code = """sql(t"select {Product.id} from {ident('product')} where name = {name} "
             t"and {t'stock > {5}'}")"""
    assert compiled(eval(code, names)) == (
        'select "product"."id" from "product" where name = $1 and stock > $2::integer',
        [HOSTILE, 5],
    )
    with pytest.raises(InvalidRequestError, match="asks for text"):
        eval('sql(t"select {name!r}")', names)
