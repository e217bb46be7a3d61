"""D2: the text of a statement is one statement, and does not depend on the values."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pglast
import pytest
from hypothesis import HealthCheck, assume, given, settings
from pglast import parser

from asyncorm import ProgrammingError
from asyncorm.compiler.compiler import compile_statement
from asyncorm.sql.nodes import sharing
from tests.support.statements import CONSTRUCTS, Recipe, Values

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

#: statements in all, of which some are run as well; ASYNCORM_RANDOM_STEPS for more
STEPS = int(os.environ.get("ASYNCORM_RANDOM_STEPS", "2000"))
SHAPES = -(-STEPS // len(CONSTRUCTS))
ON_THE_SERVER = -(-SHAPES // 10)
CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def numbers(sql: str) -> set[int]:
    return {
        int(sql[token.start + 1 : token.end + 1])
        for token in parser.scan(sql)
        if token.name == "PARAM"
    }


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_shape_has_one_text_whatever_the_values(name: str, report: Callable[[str], None]) -> None:
    tried = 0

    @settings(max_examples=SHAPES, suppress_health_check=CHECKS)
    @given(CONSTRUCTS[name]())
    def check(recipe: Recipe) -> None:
        nonlocal tried
        tried += 1
        first, second = recipe(Values(1)), recipe(Values(2))
        # a term of ORDER BY that is an item again has its parameters; whether it is one may hang
        # on values that are equal by chance in one set only
        assume(sharing(first._parameters) == sharing(second._parameters))
        assert first._key == second._key
        compiled = compile_statement(first)
        assert compile_statement(second).sql == compiled.sql
        assert len(pglast.parse_sql(compiled.sql)) == 1
        assert pglast.fingerprint(compiled.sql) == pglast.fingerprint(compile_statement(second).sql)
        # one text serves both, with as many arguments as it has numbers
        for statement in (first, second):
            arguments = compiled.arguments(statement)
            assert numbers(compiled.sql) == set(range(1, len(arguments) + 1))
        assert compiled.arguments(second) == compile_statement(second).arguments(second)

    check()
    report(f"fingerprint: {tried} shapes of {name}, two sets of values each")


@pytest.mark.parametrize("name", CONSTRUCTS)
async def test_what_can_be_built_can_be_run(
    name: str, engine: Engine, shop: None, report: Callable[[str], None]
) -> None:
    recipes: list[Recipe] = []

    @settings(max_examples=ON_THE_SERVER, suppress_health_check=CHECKS)
    @given(CONSTRUCTS[name]())
    def draw(recipe: Recipe) -> None:
        recipes.append(recipe)

    draw()
    outcomes: Counter[str] = Counter()
    for number, recipe in enumerate(recipes):
        statement: Any = recipe(Values(number))
        async with engine.connect() as connection, asyncio.timeout(10):
            transaction = await connection.begin()
            try:
                await connection.execute(statement)
                outcomes["ran"] += 1
            except ProgrammingError as error:
                # two rows of one INSERT with the same key: what the values are, nobody knows before
                if error.sqlstate == "21000":
                    outcomes["21000"] += 1
                    continue
                raise AssertionError(f"{error}\n{statement}") from error
            except Exception as error:
                outcomes[type(error).__name__] += 1
            finally:
                await transaction.rollback()
    report(f"on the server: {name}: {dict(outcomes)}")
    assert outcomes["ran"] > len(recipes) / 4
