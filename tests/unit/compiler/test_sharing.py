"""One value object used twice is one parameter; two are two, even if the structure is the same."""

from __future__ import annotations

from asyncorm.compiler.cache import StatementCache
from asyncorm.sql.constructs import literal
from asyncorm.sql.functions.func import func
from asyncorm.sql.sources import aliased
from asyncorm.sql.statements.select import select
from tests.support.language import Book, User, compiled


def test_an_expression_used_twice_binds_its_value_once() -> None:
    day = func.date_trunc("day", User.created_at)
    sql, arguments = compiled(select(day, func.count()).group_by(day))
    assert sql == (
        'SELECT date_trunc($1::text, "users"."created_at"), count(*) FROM "users" '
        'GROUP BY date_trunc($1::text, "users"."created_at")'
    )
    assert arguments == ["day"]


def test_statements_that_share_differently_have_different_keys() -> None:
    cache = StatementCache()
    shared = literal(1)
    same = select(User.id).where(User.id > shared, User.id < shared)
    other = select(User.id).where(User.id > literal(1), User.id < literal(2))
    assert cache.get(same).arguments(same) == [1]
    assert cache.get(other).arguments(other) == [1, 2]


def test_an_alias_compared_with_itself_is_not_two_aliases() -> None:
    cache = StatementCache()
    one, two = aliased(User), aliased(User)
    assert cache.get(select(one.id).where(one.id == one.age)).sql.count("users_1") == 4
    assert "users_2" in cache.get(select(one.id).where(one.id == two.age)).sql


def test_aliases_made_for_each_call_share_one_entry() -> None:
    cache = StatementCache()
    for value in range(5):
        alias = aliased(User)
        statement = select(alias).join(User, User.age == alias.id).where(alias.id == value)
        assert cache.get(statement).arguments(statement) == [value]
    assert len(cache) == 1


def test_subqueries_made_for_each_call_share_one_entry() -> None:
    cache = StatementCache()
    for value in range(5):
        inner = select(Book.author_id).where(Book.title == str(value)).subquery()
        statement = select(User.id).join(inner, inner.c.author_id == User.id).where(User.id > value)
        assert cache.get(statement).arguments(statement) == [str(value), value]
    assert len(cache) == 1


def test_values_are_found_whatever_the_order_of_methods() -> None:
    statement = select(User.id).limit(1).where(User.id == 2).having(func.count() > 3)
    statement = statement.group_by(User.id).offset(4)
    assert compiled(statement)[1] == [2, 3, 1, 4]
