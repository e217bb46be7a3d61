"""What a statement costs before it is sent: building it, finding its SQL again, compiling it.

``python -m benchmarks.compiling [rounds]``, without a server. Beside SQLAlchemy's ORM statements
where that is installed; both look up in the cache that their engine would use.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import Any

from asyncorm import Mapped, Model, Statement, column, func, select, update
from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.compiler import compile_statement
from benchmarks.compiling_cases import Built, Case

CALLS = 2_000
LONG = list(range(1_000))


class User(Model, table="compiled_user"):
    """Whose statements are compiled."""

    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None]
    city: Mapped[str]


class Order(Model, table="compiled_order"):
    """Joined to users."""

    id: Mapped[int] = column(primary_key=True, init=False)
    user_id: Mapped[int]
    total: Mapped[int]


def statements() -> dict[str, Callable[[], Statement[Any]]]:
    """What is measured; every call builds the statement anew, as a web request does."""
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


def asyncorm_case() -> Case:
    """The statements of asyncorm, its cache and its compiler."""
    cache = StatementCache()

    def look_up(statement: Statement[Any]) -> object:
        compiled = cache.get(statement)
        return compiled.sql, compiled.arguments(statement)

    return Case("asyncorm", statements(), look_up, compile_statement)


def per_call(function: Callable[[], object], calls: int) -> float:
    """Microseconds of one call."""
    start = perf_counter()
    for _ in range(calls):
        function()
    return (perf_counter() - start) / calls * 1e6


def figures(case: Case, build: Callable[[], Built], rounds: int) -> tuple[float, float, float]:
    """Medians in microseconds: build; build and look up; compile."""
    case.look_up(build())
    built = build()
    samples = [
        (
            per_call(build, CALLS),
            per_call(lambda: case.look_up(build()), CALLS),
            per_call(lambda: case.compile(built), CALLS // 20),
        )
        for _ in range(rounds)
    ]
    first, second, third = (median(values) for values in zip(*samples, strict=True))
    return first, second, third


def run(rounds: int) -> None:
    """Print the figures of every statement, side by side."""
    cases = [asyncorm_case()]
    if find_spec("sqlalchemy") is not None:
        from benchmarks.compiling_sqlalchemy import sqlalchemy_case

        cases.append(sqlalchemy_case())
    gc.disable()
    print(f"microseconds per statement{'build':>16}{'+ look-up':>12}{'compile':>12}")
    for name in cases[0].statements:
        for case in cases:
            built, found, compiled = figures(case, case.statements[name], rounds)
            print(f"{name:<26}{case.name:<12}{built:8.2f}{found:12.2f}{compiled:12.1f}")
            gc.collect()


if __name__ == "__main__":
    run(int(sys.argv[1]) if sys.argv[1:] else 25)
