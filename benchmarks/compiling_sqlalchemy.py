"""The statements of the benchmark of compiling in SQLAlchemy 2; imported where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Integer, String, Table, func, select, update
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.orm import registry
from sqlalchemy.util import LRUCache

from benchmarks.compiling_cases import Case

LONG = list(range(1_000))


mappers = registry()
users = Table(
    "compiled_user",
    mappers.metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String),
    Column("age", Integer),
    Column("city", String),
)
orders = Table(
    "compiled_order",
    mappers.metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer),
    Column("total", Integer),
)


class User:
    """Whose statements are compiled."""

    id: Any
    email: Any
    age: Any
    city: Any


class Order:
    """Joined to users."""

    user_id: Any
    total: Any


mappers.map_imperatively(User, users)
mappers.map_imperatively(Order, orders)


def statements() -> dict[str, Callable[[], Any]]:
    """The same as in ``compiling.py``."""
    return {
        "one where": lambda: select(User).where(User.id == 5),
        "3 wheres, order, limit": lambda: (
            select(User)
            .where(User.email == "a@b.c", User.age > 18, User.city != "Rome")
            .order_by(User.id)
            .limit(10)
        ),
        "IN of 1,000": lambda: select(User).where(User.id.in_(LONG)),
        "join, group, aggregate": lambda: (
            select(User.city, func.sum(Order.total))
            .join(Order, Order.user_id == User.id)
            .where(Order.total > 10)
            .group_by(User.city)
        ),
        "update one": lambda: update(User).where(User.id == 5).values(age=6),
    }


def sqlalchemy_case() -> Case:
    """The statements of SQLAlchemy, with what its engine does before a cursor gets the text."""
    dialect = asyncpg.dialect()
    cache: LRUCache[Any, Any] = LRUCache(500)

    def look_up(statement: Any) -> object:
        compiled, extracted, *_ = statement._compile_w_cache(
            dialect, compiled_cache=cache, column_keys=[], for_executemany=False
        )
        parameters = compiled.construct_params(extracted_parameters=extracted)
        if compiled.literal_execute_params or compiled.post_compile_params:
            expanded = compiled._process_parameters_for_postcompile(parameters)
            return expanded.statement, parameters
        return str(compiled), parameters

    return Case("SQLAlchemy", statements(), look_up, lambda built: built.compile(dialect=dialect))
