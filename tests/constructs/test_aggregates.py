"""Aggregates: of some rows, in an order, over ordered sets, and of statistics."""

from __future__ import annotations

import pytest

from asyncorm import ProgrammingError, func, select
from asyncorm.engine.engine import Engine
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale


async def test_with_filter_order_and_distinct(same: Same) -> None:
    await same(
        select(
            func.string_agg(Product.name, ", ").order_by(Product.name.desc()),
            func.array_agg(Product.category_id).distinct(),
            func.count().filter(Product.stock > 5, Product.discount.is_(None)),
            func.array_agg(Product.name).filter(Product.stock > 5).order_by(Product.id),
        ),
        """select string_agg(name, ', ' order by name desc), array_agg(distinct category_id),
        count(*) filter (where stock > 5 and discount is null),
        array_agg(name order by id) filter (where stock > 5) from product""",
    )


async def test_ordered_sets(same: Same) -> None:
    await same(
        select(
            func.percentile_cont(0.5).within_group(Sale.quantity),
            func.percentile_cont([0.25, 0.75]).within_group(Sale.quantity.desc()),
            func.percentile_disc(0.9).within_group(Sale.quantity),
            func.mode().within_group(Sale.product_id).filter(Sale.quantity > 1),
        ),
        """select percentile_cont(0.5) within group (order by quantity),
        percentile_cont(array[0.25, 0.75]) within group (order by quantity desc),
        percentile_disc(0.9) within group (order by quantity),
        mode() within group (order by product_id) filter (where quantity > 1) from sale""",
    )


async def test_the_rank_that_a_value_would_have(same: Same) -> None:
    await same(
        select(
            func.rank(5).within_group(Product.stock),
            func.dense_rank(5).within_group(Product.stock.desc()),
            func.percent_rank(5).within_group(Product.stock),
            func.cume_dist(5, "x").within_group(Product.stock, Product.name),
        ),
        """select rank(5) within group (order by stock),
        dense_rank(5) within group (order by stock desc),
        percent_rank(5) within group (order by stock),
        cume_dist(5, 'x') within group (order by stock, name) from product""",
    )


async def test_statistics(same: Same) -> None:
    x, y = Product.stock, Product.price
    await same(
        select(
            func.stddev(x),
            func.stddev_pop(x),
            func.variance(y),
            func.var_pop(y),
            func.corr(y, x),
            func.covar_pop(y, x),
            func.covar_samp(y, x),
        ),
        """select stddev(stock), stddev_pop(stock), variance(price), var_pop(price),
        corr(price, stock), covar_pop(price, stock), covar_samp(price, stock) from product""",
    )


async def test_regression(same: Same) -> None:
    x, y = Product.stock, Product.price
    await same(
        select(
            func.regr_slope(y, x),
            func.regr_intercept(y, x),
            func.regr_r2(y, x),
            func.regr_avgx(y, x),
            func.regr_avgy(y, x),
            func.regr_count(y, x),
        ),
        """select regr_slope(price, stock), regr_intercept(price, stock), regr_r2(price, stock),
        regr_avgx(price, stock), regr_avgy(price, stock), regr_count(price, stock)
        from product""",
    )


async def test_of_bits_and_conditions(same: Same) -> None:
    await same(
        select(
            func.bit_and(Product.stock),
            func.bit_or(Product.stock),
            func.bit_xor(Product.stock),
            func.every(Product.stock >= 0),
            func.bool_or(Product.discount.is_(None)),
        ),
        """select bit_and(stock), bit_or(stock), bit_xor(stock), every(stock >= 0),
        bool_or(discount is null) from product""",
    )


async def test_objects_of_json(same: Same) -> None:
    members = func.jsonb_object_agg(Product.name, Product.stock)
    await same(
        select(members["rake"].astext, members["spade"].astext),
        """select jsonb_object_agg(name, stock) ->> 'rake',
        jsonb_object_agg(name, stock) ->> 'spade'
        from product""",
    )


async def test_an_aggregate_in_where_is_refused_with_the_advice_to_use_having(
    engine: Engine, shop: None
) -> None:
    statement = select(Product.id).where(func.count() > 1)
    async with engine.connect() as connection:
        with pytest.raises(ProgrammingError, match=r"having\(\)"):
            await connection.execute(statement)
