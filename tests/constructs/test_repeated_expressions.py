"""An expression with values that is written twice is one expression to GROUP BY and DISTINCT."""

from __future__ import annotations

import pytest

from asyncorm import ProgrammingError, case, func, select
from asyncorm.compiler.cache import StatementCache
from asyncorm.engine.engine import Engine
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale


async def test_a_group_is_named_by_writing_its_expression_again(same: Same) -> None:
    for key in ("weight", "pages"):
        await same(
            select(Product.details[key].astext.label("v"), func.count())
            .group_by(Product.details[key].astext)
            .order_by(Product.details[key].astext.desc()),
            "select details ->> $1::text, count(*) from product group by 1 order by 1 desc",
            key,
        )


async def test_an_order_is_found_among_the_groups(same: Same) -> None:
    await same(
        select(func.count())
        .group_by(func.date_trunc("week", Sale.sold_at, "UTC"))
        .order_by(func.date_trunc("week", Sale.sold_at, "UTC")),
        "select n from (select date_trunc('week', sold_at, 'UTC') w, count(*) n from sale "
        "group by 1) x order by w",
    )


async def test_distinct_rows_are_ordered_by_an_expression_written_again(same: Same) -> None:
    def size() -> object:
        return case((Product.stock > 5, "many"), else_="few")

    await same(
        select(size()).distinct().order_by(size()),  # type: ignore[call-overload]
        "select distinct case when stock > 5 then 'many' else 'few' end c from product order by c",
    )


async def test_a_rollup_finds_its_levels_in_the_select_list(same: Same) -> None:
    await same(
        select(Product.stock % 3, func.count()).group_by(func.rollup(Product.stock % 3)),
        "select m, count(*) from (select stock % 3 m from product) x group by rollup (m)",
    )


async def test_other_values_are_another_expression(engine: Engine, shop: None) -> None:
    statement = select(Product.details["weight"].astext, func.count())
    async with engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="must appear in the GROUP BY"):
            await connection.execute(statement.group_by(Product.details["pages"].astext))


def test_statements_with_equal_and_other_values_are_kept_apart() -> None:
    cache = StatementCache()
    statement = select(Product.details["a"].astext)
    same = statement.group_by(Product.details["a"].astext)
    other = statement.group_by(Product.details["b"].astext)
    assert cache.get(same).arguments(same) == ["a"]
    assert cache.get(other).arguments(other) == ["a", "b"]
