"""SELECT by itself: conditions, order and limits."""

from __future__ import annotations

from decimal import Decimal

from asyncorm import func, select
from tests.constructs.conftest import Same
from tests.support.shop import Product


async def test_where_with_several_conditions(same: Same) -> None:
    await same(
        select(Product.name).where(Product.price < Decimal(20), Product.stock > 5),
        "select name from product where price < $1 and stock > $2",
        Decimal(20),
        5,
    )


async def test_order_with_nulls_last_and_a_limit(same: Same) -> None:
    await same(
        select(Product.name, Product.discount)
        .order_by(Product.discount.desc().nulls_last(), Product.id)
        .limit(5)
        .offset(1),
        "select name, discount from product order by discount desc nulls last, id limit 5 offset 1",
    )


async def test_group_by_with_having(same: Same) -> None:
    await same(
        select(Product.category_id, func.sum(Product.stock))
        .group_by(Product.category_id)
        .having(func.count() > 1),
        "select category_id, sum(stock) from product group by category_id having count(*) > 1",
    )
