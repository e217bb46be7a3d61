"""Arguments of the wrong kind, as a request brings them: errors that say what is due."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from asyncorm import ArgumentError, InvalidRequestError, extract, func, insert, select, values
from asyncorm import tablesample as some_of
from tests.support.shop import Category, Product, Sale

WRONG: tuple[Any, ...] = ("name", 5, 1.5, True, None, b"x", {"a": 1}, ["x"], object(), Product)
#: functions that need to know the type of their argument
TYPED = (
    "sum", "avg", "min", "max", "array_agg", "bit_and", "stddev", "abs", "ceil", "exp", "mod",
    "isempty", "lower_inc", "cardinality", "array_append", "array_cat", "coalesce", "nullif",
    "greatest", "first_value", "last_value", "set_bit", "set_masklen", "power",
)  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_a_function_that_needs_an_expression_says_so(name: str) -> None:
    function = getattr(func, name)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    further = [1 for parameter in parameters if parameter.default is parameter.empty]
    for wrong in WRONG:
        with pytest.raises(ArgumentError, match="column or an expression"):
            function(wrong, *further)


@pytest.mark.parametrize(
    "build",
    [
        lambda wrong: extract(wrong, Sale.sold_at),
        lambda wrong: extract("year", wrong),
        lambda wrong: func.date_trunc("day", wrong),
        lambda wrong: select(Product.id).cte(materialized=wrong),
        lambda wrong: func.jsonb_path_exists(Product.details, "$", wrong),
        lambda wrong: insert(Category).values([wrong]),
        lambda wrong: values(wrong, [(1,)]),
        lambda wrong: some_of(Product, wrong),
    ],
)
def test_what_has_one_kind_of_argument_refuses_others(build: Callable[[Any], Any]) -> None:
    for wrong in ("name", object(), ["x"], Product):
        with pytest.raises((ArgumentError, InvalidRequestError)):
            build(wrong)
