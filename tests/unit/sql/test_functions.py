from __future__ import annotations

from typing import Any

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.functions.func import func
from asyncorm.sql.statements.select import select
from tests.support.language import User, compiled, text_of


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (func.count(), "count(*)"),
        (func.count(User.id), 'count("users"."id")'),
        (func.count(User.id).distinct(), 'count(DISTINCT "users"."id")'),
        (func.max(User.age), 'max("users"."age")'),
        (func.min(User.age), 'min("users"."age")'),
        (func.avg(User.age), 'avg("users"."age")'),
        (func.sum(User.age) > 5, 'sum("users"."age") > $1::numeric'),
        (
            func.sum(User.age).filter(User.active).filter(User.id > 1),
            'sum("users"."age") FILTER (WHERE "users"."is_active" AND "users"."id" > $1::bigint)',
        ),
        (
            func.string_agg(User.email, ", ").order_by(User.id.desc()),
            'string_agg("users"."email", $1::text ORDER BY "users"."id" DESC)',
        ),
        (func.array_agg(User.id), 'array_agg("users"."id")'),
        (func.json_agg(User.id), 'json_agg("users"."id")'),
        (func.lower(User.email) == "x", 'lower("users"."email") = $1::text'),
        (func.upper("abc"), "upper($1::text)"),
        (func.length(User.email), 'length("users"."email")'),
        (func.concat(User.email, "x", 5), 'concat("users"."email", $1::text, $2::bigint)'),
        (func.coalesce(User.age, 0), 'coalesce("users"."age", $1::integer)'),
        (func.nullif(User.age, 0), 'nullif("users"."age", $1::integer)'),
        (func.greatest(User.age, 0), 'greatest("users"."age", $1::integer)'),
        (func.least(User.age, 0), 'least("users"."age", $1::integer)'),
        (func.abs(User.age), 'abs("users"."age")'),
        (func.trim(User.email), 'btrim("users"."email")'),
        (func.now(), "now()"),
        (func.current_date(), "CURRENT_DATE"),
        (func.date_trunc("day", User.created_at), 'date_trunc($1::text, "users"."created_at")'),
        (func.my_function(User.id, "a"), 'my_function("users"."id", $1::text)'),
        (func.MY_function(type_=int) == 5, "my_function() = $1::bigint"),
        (func.unknown() == 5, "unknown() = $1::bigint"),
        (
            func.row_number().over(partition_by=User.age, order_by=User.id.desc()),
            'row_number() OVER (PARTITION BY "users"."age" ORDER BY "users"."id" DESC)',
        ),
        (
            func.rank().over(order_by=[User.age, User.id]),
            'rank() OVER (ORDER BY "users"."age", "users"."id")',
        ),
        (func.count().over(), "count(*) OVER ()"),
        (
            func.lag(User.age, 2).over(order_by=User.id),
            'lag("users"."age", $1::integer) OVER (ORDER BY "users"."id")',
        ),
    ],
)
def test_functions(expression: Any, sql: str) -> None:
    assert text_of(expression) == sql


@pytest.mark.parametrize(
    ("grouping", "sql"),
    [
        (func.rollup(User.age, User.email), 'ROLLUP ("users"."age", "users"."email")'),
        (func.cube(User.age, User.email), 'CUBE ("users"."age", "users"."email")'),
        (
            func.grouping_sets([User.age, User.email], [User.age], []),
            'GROUPING SETS (("users"."age", "users"."email"), ("users"."age"), ())',
        ),
    ],
)
def test_grouping_sets(grouping: Any, sql: str) -> None:
    statement = select(func.count()).select_from(User).group_by(grouping)
    assert compiled(statement)[0] == f'SELECT count(*) FROM "users" GROUP BY {sql}'


@pytest.mark.parametrize("name", ["a b", "a;drop", 'a"', "é", "", "a.b", "a(", "x" * 64, "1a"])
def test_a_function_name_must_be_an_identifier(name: str) -> None:
    with pytest.raises(AttributeError, match="no name of a function"):
        getattr(func, name)


def test_the_order_of_an_aggregate_can_not_be_text() -> None:
    with pytest.raises(InvalidRequestError, match="order_by\\(\\) takes columns"):
        func.array_agg(User.id).order_by("id; drop table users")  # type: ignore[arg-type]


def test_sums_of_integers_are_decoded_to_int() -> None:
    assert func.sum(User.age)._type.decode is int
