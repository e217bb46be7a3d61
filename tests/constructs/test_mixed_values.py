"""Values of several kinds in one list, beside a number, and days added to a date."""

from __future__ import annotations

from decimal import Decimal

import pytest

from asyncorm import func, select
from tests.constructs.conftest import Same
from tests.support.shop import Product

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "values", [[1, Decimal("12.50")], [Decimal("12.50"), 1], [1, 12.5], [Decimal(1), 12.5, 3]]
)
async def test_no_value_of_a_list_is_cut_to_the_kind_of_another(
    same: Same, values: list[Decimal | int]
) -> None:
    statement = select(Product.name).where(Product.price.in_(values))
    await same(statement, "select name from product where price in (1, 12.5)")


async def test_a_list_of_whole_and_other_numbers_beside_a_whole_one(same: Same) -> None:
    numbers: list[float] = [10, 9.5]
    statement = select(Product.name).where(Product.stock.in_(numbers))  # type: ignore[arg-type]
    await same(statement, "select name from product where stock in (10, 9.5)", rows=1)


async def test_a_column_as_a_number_of_days(same: Same) -> None:
    statement = select(
        Product.added_on + Product.stock,
        Product.stock + Product.added_on,
        Product.added_on - Product.discount,
    )
    await same(
        statement,
        "select added_on + stock::int, stock::int + added_on, added_on - discount::int"
        " from product",
    )


async def test_whole_numbers_beside_a_decimal(same: Same) -> None:
    statement = select(Product.name, func.coalesce(func.sum(Product.price), 0)).where(
        Product.price > 15, Product.price.between(1, 30), Product.price != 25
    )
    statement = statement.group_by(Product.name)
    await same(
        statement,
        "select name, coalesce(sum(price), 0) from product"
        " where price > 15 and price between 1 and 30 and price <> 25 group by name",
    )
