"""DISTINCT ON, LIMIT and OFFSET of expressions, and FETCH FIRST ... WITH TIES."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, func, literal, select
from tests.constructs.conftest import Same
from tests.support.shop import Category, Product, Sale


async def test_the_first_of_each(same: Same) -> None:
    await same(
        select(Sale.customer_id, Sale.id)
        .distinct(Sale.customer_id)
        .order_by(Sale.customer_id, Sale.quantity.desc(), Sale.id),
        """select distinct on (customer_id) customer_id, id from sale
        order by customer_id, quantity desc, id""",
    )


async def test_with_ties(same: Same) -> None:
    for count in (1, 3):
        await same(
            select(Sale.id, Sale.quantity)
            .order_by(Sale.quantity.desc())
            .fetch(count, with_ties=True)
            .offset(1),
            f"""select id, quantity from sale order by quantity desc
            offset 1 fetch first {count} rows with ties""",
        )


async def test_fetch_without_ties_is_a_limit(same: Same) -> None:
    await same(
        select(Sale.id).order_by(Sale.id).fetch(2), "select id from sale order by id limit 2"
    )


async def test_limit_and_offset_that_are_computed(same: Same) -> None:
    half = select(func.count() / 2).select_from(Category).scalar_subquery()
    await same(
        select(Product.id).order_by(Product.id).limit(half).offset(literal(1) + 1),
        """select id from product order by id
        limit (select count(*) / 2.0 from category) offset 2""",
    )


def test_ties_need_an_order() -> None:
    with pytest.raises(InvalidRequestError, match="needs an order"):
        str(select(Sale.id).fetch(2, with_ties=True))
    with pytest.raises(InvalidRequestError, match=r"fetch\(\) takes a whole number"):
        select(Sale.id).fetch("2; drop")  # type: ignore[arg-type]
