"""Columns as arguments of functions that take a narrower type than a column of int has."""

from __future__ import annotations

import pytest

from asyncorm import BitString, func, literal, select
from tests.constructs.conftest import Same
from tests.support.shop import Product

pytestmark = pytest.mark.anyio


async def test_whole_numbers(same: Same) -> None:
    bits = literal(BitString("01010101"))
    statement = select(func.int4range(0, Product.stock), func.get_bit(bits, Product.id - 1))
    await same(
        statement,
        "select int4range(0, stock::int), get_bit(B'01010101'::varbit, (id - 1)::int) from product",
    )


async def test_the_configuration_of_a_search(same: Same) -> None:
    config = func.concat("eng", "lish")
    statement = select(func.to_tsvector(config, Product.name))
    await same(statement, "select to_tsvector('english', name) from product")
