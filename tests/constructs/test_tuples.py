"""Rows of values: compared, and looked for among others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asyncorm import ArgumentError, InvalidRequestError, func, select, tuple_
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale

KEYS = tuple_(Sale.customer_id, Sale.product_id)


async def test_among_any_number_of_rows(same: Same) -> None:
    for pairs in ([(2, 3)], [(1, 2), (2, 3), (4, 4)], [(9, 9), (3, 1), (3, 2), (1, 2)]):
        hand = ", ".join(map(str, pairs))
        await same(
            select(Sale.customer_id, Sale.product_id, func.count())
            .where(KEYS.in_(pairs) | (Sale.id == 1))
            .group_by(Sale.customer_id, Sale.product_id),
            f"""select customer_id, product_id, count(*) from sale
            where (customer_id, product_id) in ({hand}) or id = 1
            group by customer_id, product_id""",
        )
        await same(
            select(Sale.id).where(KEYS.not_in(pairs)),
            f"select id from sale where (customer_id, product_id) not in ({hand})",
        )


def test_any_number_of_rows_is_one_statement() -> None:
    one, two = select(Sale).where(KEYS.in_([(1, 1)])), select(Sale).where(KEYS.in_([]))
    assert one._key == two._key


async def test_among_those_of_a_query(same: Same) -> None:
    big = select(Sale.customer_id, Sale.product_id).where(Sale.quantity > 3)
    await same(
        select(Sale.id).where(KEYS.in_(big)),
        """select id from sale where (customer_id, product_id) in
        (select customer_id, product_id from sale where quantity > 3)""",
    )


async def test_the_next_page_by_key(same: Same) -> None:
    for after in (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC)):
        await same(
            select(Sale.id)
            .where(tuple_(Sale.sold_at, Sale.id) > (after, 3))
            .order_by(Sale.sold_at, Sale.id)
            .limit(3),
            "select id from sale where (sold_at, id) > ($1, 3) order by sold_at, id limit 3",
            after,
        )


@pytest.mark.parametrize("operator", ["=", "<>", "<", "<=", ">="])
async def test_compared_with_columns(same: Same, operator: str) -> None:
    left, right = tuple_(Product.category_id, Product.id), tuple_(Product.id, Product.category_id)
    condition = {
        "=": left == right,
        "<>": left != right,
        "<": left < right,
        "<=": left <= right,
        ">=": left >= right,
    }[operator]
    await same(
        select(Product.id).where(condition),
        f"select id from product where (category_id, id) {operator} (id, category_id)",
    )


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="of 2 values is compared with 1"):
        KEYS.in_([(1,)])  # type: ignore[list-item]
    with pytest.raises(InvalidRequestError, match="of 2 values is compared with 3"):
        _ = KEYS < (1, 2, 3)  # type: ignore[operator]
    with pytest.raises(InvalidRequestError, match="of 2 values is compared with 1"):
        KEYS.in_(select(Sale.id))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="takes int, not str"):
        KEYS.in_([(1, "2")])  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="compared with a int"):
        _ = KEYS == 1  # type: ignore[comparison-overlap]
