"""Random statements: what is built without complaint runs, and gives rows of the types it says."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pglast
import pytest
from hypothesis import HealthCheck, given, seed, settings

from asyncorm import DatabaseError
from asyncorm.compiler.compiler import compile_statement
from tests.support.exhibits import Museum, TypedValues, exhibits
from tests.support.random_statements import CONSTRUCTS, Drawn

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

#: statements in all; ASYNCORM_RANDOM_STEPS=48000 for as many as were tried once
STEPS = int(os.environ.get("ASYNCORM_RANDOM_STEPS", "300"))
SHAPES = -(-STEPS // len(CONSTRUCTS))
SEED = int(os.environ.get("ASYNCORM_RANDOM_SEED", "0"))
CHECKS = list(HealthCheck)
#: classes of errors that are about the statement, and not about its values
FAULTS = ("0A", "42", "XX")


@pytest.fixture(scope="module")
async def museum(engine: Engine, shop: None) -> AsyncIterator[None]:
    from asyncorm import Session

    await engine.create_all(Museum)
    async with Session(engine) as session:
        session.add_all(exhibits())
        await session.commit()
    yield
    await engine.drop_all(Museum)


def checked(drawn: Drawn) -> Any:
    """A statement, of which two makings with other values have one text."""
    first, second = drawn.recipe(TypedValues(1)), drawn.recipe(TypedValues(2))
    assert first._key == second._key
    compiled = compile_statement(first)
    again = compile_statement(second)
    assert again.sql == compiled.sql
    assert len(pglast.parse_sql(compiled.sql)) == 1
    assert compiled.arguments(second) == again.arguments(second)
    return second


@pytest.mark.parametrize("name", CONSTRUCTS)
async def test_what_is_built_without_complaint_runs(
    name: str, engine: Engine, museum: None, report: Callable[[str], None]
) -> None:
    drawn: list[Drawn] = []

    @seed(SEED)
    @settings(max_examples=SHAPES, suppress_health_check=CHECKS)
    @given(CONSTRUCTS[name]())
    def draw(found: Drawn) -> None:
        checked(found)
        drawn.append(found)

    draw()
    outcomes: Counter[str] = Counter()
    async with engine.connect() as connection:
        for number, one in enumerate(drawn):
            statement = one.recipe(TypedValues(number))
            transaction = await connection.begin()
            try:
                async with asyncio.timeout(10):
                    rows = (await connection.execute(statement)).all()
                one.check(rows)
                outcomes["ran"] += 1
            except DatabaseError as error:
                outcomes[error.sqlstate or "?"] += 1
                if (error.sqlstate or "0A").startswith(FAULTS):
                    pytest.fail(f"{error}\n{statement}")
            except AssertionError as error:
                pytest.fail(f"{error}\n{statement}")
            finally:
                await transaction.rollback()
    report(f"random statements: {name}: {dict(outcomes)}")
    assert outcomes["ran"] > len(drawn) / 4
