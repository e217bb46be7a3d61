"""GROUP BY with several groupings at once."""

from __future__ import annotations

from asyncorm import func, select
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale

COUNT = func.count()


async def test_grouping_sets(same: Same) -> None:
    sets = func.grouping_sets([Sale.customer_id, Sale.product_id], [Sale.customer_id], [])
    await same(
        select(Sale.customer_id, Sale.product_id, COUNT).group_by(sets),
        """select customer_id, product_id, count(*) from sale
        group by grouping sets ((customer_id, product_id), (customer_id), ())""",
    )


async def test_rollup_with_what_each_row_is_grouped_by(same: Same) -> None:
    level = func.grouping(Sale.customer_id, Sale.product_id)
    await same(
        select(Sale.customer_id, Sale.product_id, level, func.sum(Sale.quantity))
        .group_by(func.rollup(Sale.customer_id, Sale.product_id))
        .order_by(level, Sale.customer_id, Sale.product_id),
        """select customer_id, product_id, grouping(customer_id, product_id), sum(quantity)
        from sale group by rollup (customer_id, product_id)
        order by grouping(customer_id, product_id), customer_id, product_id""",
    )


async def test_cube_with_columns_that_go_together(same: Same) -> None:
    await same(
        select(Product.category_id, Product.stock, Product.discount, COUNT).group_by(
            func.cube(Product.category_id, (Product.stock, Product.discount))
        ),
        """select category_id, stock, discount, count(*) from product
        group by cube (category_id, (stock, discount))""",
    )


async def test_groupings_beside_columns_and_within_each_other(same: Same) -> None:
    await same(
        select(Sale.customer_id, Sale.product_id, Sale.quantity, COUNT).group_by(
            Sale.customer_id,
            func.grouping_sets(func.rollup(Sale.product_id), [Sale.quantity]),
        ),
        """select customer_id, product_id, quantity, count(*) from sale
        group by customer_id, grouping sets (rollup (product_id), (quantity))""",
    )


async def test_by_a_label(same: Same) -> None:
    for divisor in (10, 20):
        tens = func.round(Product.price / divisor).label("tens")
        await same(
            select(tens, COUNT).group_by(tens).having(COUNT > 1).order_by(tens),
            f"""select round(price / {divisor}) as tens, count(*) from product
            group by round(price / {divisor}) having count(*) > 1 order by tens""",
        )


async def test_what_is_grouped_is_selected_from(same: Same) -> None:
    await same(
        select(COUNT).group_by(Product.category_id).having(func.max(Product.price) > 20),
        "select count(*) from product group by category_id having max(price) > 20",
    )
