"""A query becomes a subquery, and its items and order are found again around it."""

from __future__ import annotations

from typing import Any

from asyncorm import func, select, union
from asyncorm.compiler.compiler import compile_statement
from asyncorm.compiler.results import result_of
from asyncorm.sql.nesting import nest
from asyncorm.sql.statements.select import Select
from tests.support.publishing import Book, Publisher, Tag, User


def nested(statement: Any, **needed: Any) -> Any:
    items: Any = result_of(statement)[1]
    return nest(statement, [i.name for i in items], needed.get("needed", {}), [False] * len(items))


def around(statement: Any) -> str:
    found = nested(statement)
    outer: Select[Any] = Select(tuple(found.items))
    outer._order = found.order
    return compile_statement(outer, statement).sql


def test_columns_keep_their_names_and_equal_ones_are_told_apart() -> None:
    sql = around(select(Publisher, Tag).where(Publisher.id == Tag.id).limit(1))
    assert sql == (
        'SELECT "subquery_1"."id", "subquery_1"."name", "subquery_1"."owner_id", '
        '"subquery_1"."id_2", "subquery_1"."name_2" FROM '
        '(SELECT "publisher"."id", "publisher"."name", "publisher"."owner_id", '
        '"tag"."id" AS "id_2", "tag"."name" AS "name_2" FROM "publisher", "tag" '
        'WHERE "publisher"."id" = "tag"."id" LIMIT $1::bigint) AS "subquery_1"'
    )


def test_what_the_rows_are_ordered_by_comes_out_of_the_subquery() -> None:
    statement = select(Tag).order_by(func.lower(Tag.name).desc(), Tag.id.desc().nulls_last())
    sql = around(statement.offset(3))
    assert 'lower("tag"."name") AS "order"' in sql
    assert sql.endswith(
        'OFFSET $1::bigint) AS "subquery_1" '
        'ORDER BY "subquery_1"."order" DESC, "subquery_1"."id" DESC NULLS LAST'
    )


def test_a_query_without_a_limit_is_sorted_once() -> None:
    assert around(select(Tag).order_by(Tag.name).distinct()).count("ORDER BY") == 1
    assert around(select(Tag).order_by(Tag.name).distinct(Tag.name)).count("ORDER BY") == 2
    assert around(select(Tag).order_by(Tag.name).with_for_update()).count("ORDER BY") == 2


def test_values_get_names_and_expressions_stand_once() -> None:
    statement = select(User.email, func.count(Book.id), func.count(Book.id)).group_by(User.email)
    found = nested(statement)
    assert [item.name for item in found.items] == ["email", "count", "count"]
    assert [column.name for column in found.derived.c] == ["email", "count"]


def test_needed_attributes_come_along() -> None:
    statement = select(User)
    found = nested(statement, needed={0: ["email", "id"]})
    assert [column.name for column in found.derived.c] == ["id", "email", "publisher_id"]


def test_a_set_operation_is_nested_if_its_columns_have_names_of_their_own() -> None:
    one, other = select(User).where(User.id == 1), select(User).where(User.id == 2)
    assert nested(union(one, other).order_by(User.email)) is not None
    assert nested(union(select(User, Tag), select(User, Tag))) is None
    assert nested(union(one, other).order_by(func.lower(User.email))) is None
