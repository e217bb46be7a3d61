"""Cache keys: the same structure gives the same key and text, and no value is in either."""

from __future__ import annotations

from typing import Any

import pglast
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncorm.compiler.compiler import compile_statement
from asyncorm.sql import constructs
from asyncorm.sql.conditions import not_
from asyncorm.sql.functions.func import func
from asyncorm.sql.sources import aliased
from asyncorm.sql.statements.delete import delete
from asyncorm.sql.statements.insert import insert
from asyncorm.sql.statements.query import union_all
from asyncorm.sql.statements.select import exists, select
from asyncorm.sql.statements.update import update
from tests.support.language import Book, User

CANARY = "⟦canary'\";--⟧"

# a shape is a nested tuple: what to build, without the values
CONDITIONS = st.recursive(
    st.sampled_from([("id",), ("email",), ("null",), ("in",), ("like",), ("json",), ("tags",)]),
    lambda inner: st.one_of(
        st.tuples(st.just("or"), inner, inner),
        st.tuples(st.just("and"), inner, inner),
        st.tuples(st.just("not"), inner),
        st.tuples(st.just("exists"), inner),
        st.tuples(st.just("subquery"), inner),
    ),
    max_leaves=6,
)
SHAPES = st.tuples(
    st.sampled_from(
        [
            "select",
            "columns",
            "count",
            "alias",
            "union",
            "cte",
            "update",
            "delete",
            "insert",
            "bulk",
        ]
    ),
    st.lists(CONDITIONS, max_size=3).map(tuple),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["none", "update", "skip"]),
)


def condition(shape: Any, value: int) -> Any:
    kind, *inner = shape
    text = f"{CANARY}{value}"
    match kind:
        case "id":
            return User.id == value
        case "email":
            return User.email != text
        case "null":
            return User.age == None
        case "in":
            return User.id.in_([value] * (value % 3))
        case "like":
            return User.email.startswith(text)
        case "json":
            return User.settings[text].astext == text
        case "tags":
            return User.tags.overlap([text])
        case "or":
            return condition(inner[0], value) | condition(inner[1], value + 1)
        case "and":
            return condition(inner[0], value) & condition(inner[1], value + 1)
        case "not":
            return not_(condition(inner[0], value))
        case "exists":
            where = (Book.author_id == User.id, condition(inner[0], value))
            return exists(select(Book.id).where(*where))
        case _:
            other = select(Book.author_id).where(Book.title == text).subquery()
            return User.id.in_(select(other.c.author_id).where(condition(inner[0], value)))


def statement(shape: Any, value: int) -> Any:
    kind, conditions, ordered, limited, lock = shape
    where = [condition(one, value + position) for position, one in enumerate(conditions)]
    match kind:
        case "update":
            found: Any = update(User).values(email=f"{CANARY}{value}").where(*where)
            return found.returning(User) if ordered else found
        case "delete":
            return delete(User).where(*where)
        case "insert":
            return insert(User).values(email=f"{CANARY}{value}", age=value)
        case "bulk":
            return insert(User).values([{"email": f"{CANARY}{value}"}] * (value % 4 + 2))
        case "union":
            branch = select(User.id).where(*where)
            found = union_all(branch, select(constructs.literal(value)))
        case "alias":
            first, second = aliased(User), aliased(User)
            found = select(first.id, second.id).where(first.id < second.id, second.age > value)
        case "cte":
            rows = select(User.id.label("n")).where(*where).cte("rows")
            found = select(rows.c.n)
        case "count":
            found = select(func.count().filter(User.id > value).label("n")).where(*where)
        case "columns":
            label = constructs.case((User.id > value, CANARY), else_="x")
            found = select(User.id, label).where(*where)
        case _:
            found = select(User).where(*where)
    if kind in ("select", "columns") and lock != "none":
        found = found.with_for_update(skip_locked=lock == "skip")
    if ordered and kind in ("select", "columns"):
        found = found.order_by(User.id.desc())
    return found.limit(value) if limited else found


def normal(shape: Any) -> Any:
    """The parts of a shape that its statement makes use of."""
    kind, conditions, ordered, limited, lock = shape
    if kind in ("insert", "bulk"):
        return (kind,)
    if kind == "update":
        return kind, conditions, ordered
    if kind == "delete":
        return kind, conditions
    if kind == "alias":
        return kind, limited
    if kind in ("select", "columns"):
        return kind, conditions, ordered, limited, lock
    return kind, conditions, limited


@settings(max_examples=300)
@given(SHAPES, st.integers(1, 10**6), st.integers(1, 10**6))
def test_other_values_give_the_same_key_and_text(shape: Any, one: int, other: int) -> None:
    first, second = statement(shape, one), statement(shape, other)
    assert first._key == second._key
    assert hash(first._key) == hash(second._key)
    sql = compile_statement(first).sql
    assert sql == compile_statement(second).sql
    assert CANARY not in sql
    assert len(pglast.parse_sql(sql)) == 1


@settings(max_examples=300)
@given(SHAPES, SHAPES)
def test_keys_are_equal_exactly_for_equal_shapes(one: Any, other: Any) -> None:
    first, second = statement(one, 3), statement(other, 3)
    is_same = normal(one) == normal(other)
    assert (first._key == second._key) is is_same
    if compile_statement(first).sql != compile_statement(second).sql:
        assert not is_same


@settings(max_examples=300)
@given(SHAPES, st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_compiled_statement_serves_others_of_its_shape(shape: Any, one: int, other: int) -> None:
    compiled = compile_statement(statement(shape, one))
    second = statement(shape, other)
    assert compiled.arguments(second) == compile_statement(second).arguments(second)
