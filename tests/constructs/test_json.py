"""JSON: operators, functions and paths against SQL by hand."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import JSON, ArgumentError, func, insert, literal, select, update
from asyncorm.engine.engine import Engine
from asyncorm.types.json import JSONB
from tests.constructs.conftest import Same
from tests.support.shop import Product

D = Product.details
DEEP = literal({"a": {"b": [1, {"c": "x"}]}, "n": 5, "t": "7", "z": None}, JSONB)
DEEP_SQL = '\'{"a": {"b": [1, {"c": "x"}]}, "n": 5, "t": "7", "z": null}\'::jsonb'
KEYS = ["a'b", 'a"b', "a->b", "$.x", "0", "", "?", "a.b", "{a,b}", "a\\b", "--"]


@pytest.mark.parametrize(
    ("expression", "by_hand"),
    [
        (DEEP["a"], "{d} -> 'a'"),
        (DEEP["a"]["b"][0], "{d} -> 'a' -> 'b' -> 0"),
        (DEEP["a"]["b"][-1]["c"].astext, "{d} -> 'a' -> 'b' -> -1 ->> 'c'"),
        (DEEP.path("a", "b", 1, "c"), "{d} #> '{{a,b,1,c}}'"),
        (DEEP.path("a", "b", 1, "c").astext, "{d} #>> '{{a,b,1,c}}'"),
        (DEEP["n"].as_integer() + 1, "({d} ->> 'n')::numeric::bigint + 1"),
        (DEEP["n"].as_float(), "({d} ->> 'n')::float8"),
        (DEEP["t"].as_numeric(10, 2), "({d} ->> 't')::numeric(10, 2)"),
        (DEEP["t"].as_string(), "{d} ->> 't'"),
        (DEEP["z"].as_boolean(), "({d} ->> 'z')::boolean"),
        (DEEP["z"].is_(None), "({d} -> 'z') is null"),
        (DEEP["z"] == JSON.NULL, "{d} -> 'z' = 'null'"),
        (DEEP["y"].is_(None), "({d} -> 'y') is null"),
        (DEEP.has_key("a"), "{d} ? 'a'"),
        (DEEP.has_any(["a", "q"]), "{d} ?| array['a', 'q']"),
        (DEEP.has_all(["a", "q"]), "{d} ?& array['a', 'q']"),
        (DEEP.contains({"n": 5}), "{d} @> '{{\"n\": 5}}'"),
        (DEEP["a"].contained_by({"b": [1, {"c": "x"}], "d": 1}),
         "({d} -> 'a') <@ '{{\"b\": [1, {{\"c\": \"x\"}}], \"d\": 1}}'"),
        (DEEP.delete_key("a"), "{d} - 'a'"),
        (DEEP["a"]["b"].delete_key(0), "({d} -> 'a' -> 'b') - 0"),
        (DEEP.delete_keys(["a", "n"]), "{d} - array['a', 'n']"),
        (DEEP.delete_path("a", "b", 0), "{d} #- '{{a,b,0}}'"),
        (DEEP.concat({"n": 6}), "{d} || '{{\"n\": 6}}'"),
        (DEEP.concat({"n": 6})["n"], "({d} || '{{\"n\": 6}}') -> 'n'"),
        (DEEP.path_exists("$.a.b[*] ? (@ == 1)"), "{d} @? '$.a.b[*] ? (@ == 1)'"),
        (DEEP.path_match("$.n > 4"), "{d} @@ '$.n > 4'"),
        (func.jsonb_set(DEEP, ["a", "b"], 5), "jsonb_set({d}, '{{a,b}}', '5', true)"),
        (func.jsonb_set(DEEP, ["q"], None, False), "jsonb_set({d}, '{{q}}', 'null', false)"),
        (func.jsonb_insert(DEEP, ["a", "b", 0], "x"), "jsonb_insert({d}, '{{a,b,0}}', '\"x\"')"),
        (func.jsonb_strip_nulls(DEEP), "jsonb_strip_nulls({d})"),
        (func.jsonb_array_length(DEEP["a"]["b"]), "jsonb_array_length({d} -> 'a' -> 'b')"),
        (func.jsonb_typeof(DEEP["a"]), "jsonb_typeof({d} -> 'a')"),
        (func.jsonb_pretty(DEEP), "jsonb_pretty({d})"),
        (func.jsonb_object_keys(DEEP), "jsonb_object_keys({d})"),
        (func.jsonb_array_elements(DEEP["a"]["b"]), "jsonb_array_elements({d} -> 'a' -> 'b')"),
        (func.jsonb_array_elements_text(DEEP["a"]["b"]),
         "jsonb_array_elements_text({d} -> 'a' -> 'b')"),
        (func.jsonb_build_object("k", 1, "l", [1, 2]),
         "jsonb_build_object('k', 1, 'l', array[1, 2])"),
        (func.jsonb_build_array(1, "x", DEEP["n"]), "jsonb_build_array(1, 'x', {d} -> 'n')"),
        (func.to_jsonb("x"), "to_jsonb('x'::text)"),
        (func.jsonb_path_query(DEEP, "$.a.b[*]"), "jsonb_path_query({d}, '$.a.b[*]')"),
        (func.jsonb_path_query_array(DEEP, "$.a.b[*] ? (@ == $x)", {"x": 1}),
         "jsonb_path_query_array({d}, '$.a.b[*] ? (@ == $x)', '{{\"x\": 1}}')"),
        (func.jsonb_path_query_first(DEEP, "$.a.b[*]"), "jsonb_path_query_first({d}, '$.a.b[*]')"),
        (func.jsonb_path_exists(DEEP, "$.q"), "jsonb_path_exists({d}, '$.q')"),
        (func.jsonb_path_match(DEEP, "$.n > $x", {"x": 1}),
         "jsonb_path_match({d}, '$.n > $x', '{{\"x\": 1}}')"),
    ],
)  # fmt: skip
async def test_an_expression(engine: Engine, expression: Any, by_hand: str) -> None:
    async with engine.connect() as connection:
        found = (await connection.execute(select(expression))).all()
        expected = await connection.fetch(f"select {by_hand.format(d=DEEP_SQL)}")
    assert found == [row[0] for row in expected]


async def test_conditions_on_columns(same: Same) -> None:
    await same(
        select(Product.name).where(D.contains({"a": 1}) | ~D.has_any(["x", "y"])),
        "select name from product where details @> '{\"a\": 1}' or not details ?| array['x', 'y']",
    )


async def test_aggregates(same: Same) -> None:
    await same(
        select(func.jsonb_object_agg(Product.name, Product.stock), func.jsonb_agg(Product.stock)),
        "select jsonb_object_agg(name, stock), jsonb_agg(stock) from product",
    )


async def test_an_update_of_a_part(same: Same) -> None:
    await same(
        update(Product).set(D.set(func.jsonb_set(D, ["a"], Product.stock))),
        "update product set details = jsonb_set(details, '{a}', to_jsonb(stock))",
        then="select details from product order by id",
    )


@pytest.mark.parametrize("key", KEYS)
async def test_a_key_is_one_key_whatever_it_holds(engine: Engine, key: str) -> None:
    asked = about(key)
    assert str(asked) == str(about("plain"))
    async with engine.connect() as connection:
        found = (await connection.execute(asked)).one()
    assert tuple(found) == (
        1, 1, True, True, True, {"b": 2}, {"b": 2}, {key: {}, "b": 2}, {key: {key: 5}, "b": 2},
        {key: 1},
    )  # fmt: skip


def about(key: str) -> Any:
    document = literal({key: {key: 1}, "b": 2}, JSONB)
    return select(
        document[key][key],
        document.path(key, key),
        document.has_key(key),
        document.has_any([key]),
        document.has_all([key]),
        document.delete_key(key),
        document.delete_keys([key]),
        document.delete_path(key, key),
        func.jsonb_set(document, [key, key], 5),
        func.jsonb_build_object(key, 1),
    )


async def test_null_of_json_and_of_sql(same: Same) -> None:
    both = insert(Product).values(
        id=1000,
        name="null",
        price=1,
        added_on=func.current_date(),
        category_id=1,
        details=JSON.NULL,
    )
    found = await same(
        both.returning(D, D.is_(None), func.jsonb_typeof(D)),
        "insert into product (id, name, price, added_on, category_id, details, stock, tags) "
        "values (1000, 'null', 1, current_date, 1, 'null', 0, '{}') "
        "returning null::text, details is null, jsonb_typeof(details)",
    )
    assert found == [(None, False, "null")]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Product.name.has_key("x"), "is text; has_key"),
        (lambda: Product.name.path("x"), "only JSON has paths"),
        (lambda: Product.stock.path_exists("$"), "is for jsonb"),
        (lambda: D.has_any("ab"), "takes a list of str"),
        (lambda: D.has_all([1]), "takes a list of str"),  # type: ignore[list-item]
        (lambda: D.has_key(["a"]), "not list"),  # type: ignore[arg-type]
        (lambda: D.has_key({"$gt": ""}), "not dict"),  # type: ignore[arg-type]
        (lambda: D.path("a", {"b": 1}), "made of str and int"),  # type: ignore[arg-type]
        (lambda: D.delete_key(True), "not bool"),
        (lambda: func.jsonb_build_object("a"), "without a value"),
        (lambda: func.jsonb_array_length(Product.name), "was given text and takes jsonb"),
        (lambda: func.jsonb_path_exists(Product.stock, "$"), "was given bigint and takes jsonb"),
        (lambda: func.jsonb_set(Product.tags, ["a"], 1), r"was given text\[\] and takes jsonb"),
        (lambda: func.jsonb_set(D, ["a", 1.5], 1), "made of str and int"),  # type: ignore[list-item]
    ],
)
def test_what_the_server_would_refuse_is_refused_before(wrong: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        wrong()
