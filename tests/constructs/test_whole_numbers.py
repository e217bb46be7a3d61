"""Whole numbers are int wherever they come from: bigint columns, numeric sums, parts of times."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Array,
    Integer,
    Numeric,
    all_,
    case,
    cast,
    extract,
    func,
    null,
    select,
    union_all,
)
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale

YEAR = extract("year", Product.added_on)
YEAR_BY_HAND = 'extract(year from "added_on")'


@pytest.mark.parametrize(
    ("expression", "by_hand"),
    [
        (Product.stock + YEAR, f"stock + {YEAR_BY_HAND}"),
        (YEAR + Product.stock, f"{YEAR_BY_HAND} + stock"),
        (func.coalesce(Product.discount, YEAR), f"coalesce(discount, {YEAR_BY_HAND})"),
        (func.greatest(Product.stock, YEAR), f"greatest(stock, {YEAR_BY_HAND})"),
        (func.nullif(Product.stock, YEAR), f"nullif(stock, {YEAR_BY_HAND})"),
        (func.mod(Product.stock + 1, YEAR), f"mod(stock + 1, {YEAR_BY_HAND})"),
        (
            case((Product.stock > 5, Product.stock), else_=YEAR),
            f"case when stock > 5 then stock else {YEAR_BY_HAND} end",
        ),
        (
            func.lag(Product.stock, default=YEAR).over(order_by=Product.id),
            f"lag(stock, 1, {YEAR_BY_HAND}) over (order by id)",
        ),
        (YEAR // 10, f"div({YEAR_BY_HAND}, 10)"),
        (YEAR.bitwise_and(7), f"{YEAR_BY_HAND}::bigint & 7"),
        (YEAR.bitwise_not(), f"~ {YEAR_BY_HAND}::bigint"),
    ],
)
async def test_whole_numbers_of_two_kinds_make_an_int(
    same: Same, expression: Any, by_hand: str
) -> None:
    rows = await same(
        select(Product.id, expression.label("n")).order_by(Product.id),
        f"select id, {by_hand} from product order by id",
    )
    assert {type(value) for _, value in rows} == {int}


async def test_a_union_of_a_column_and_a_sum_gives_ints(same: Same) -> None:
    rows = await same(
        union_all(select(Sale.quantity), select(func.sum(Sale.quantity))),
        "select quantity from sale union all select sum(quantity) from sale",
    )
    assert {type(value) for (value,) in rows} == {int}


async def test_the_bits_of_a_number_of_any_size_are_those_of_a_bigint(same: Same) -> None:
    await same(
        select(func.bit_xor(YEAR + Product.id).label("bits")),
        "select bit_xor((extract(year from added_on) + id)::bigint) from product",
    )


async def test_a_day_moves_by_a_column_of_whole_numbers(same: Same) -> None:
    await same(
        select(Product.added_on + Product.stock, Product.added_on - YEAR),
        f"select added_on + stock::integer, added_on - {YEAR_BY_HAND}::integer from product",
    )


async def test_truth_is_cast_to_numbers_and_numbers_to_truth(same: Same) -> None:
    await same(
        select(
            func.sum(cast(Product.stock > 5, int)),
            func.sum(cast(Product.stock > 5, Numeric(5, 2))),
            func.bool_and(cast(Product.stock, bool)),
        ),
        "select count(*) filter (where stock > 5), sum((stock > 5)::integer), bool_and(stock <> 0) "
        "from product",
    )


async def test_arrays_of_whole_numbers_of_two_sizes_are_compared(same: Same) -> None:
    ids = func.array_positions(Product.tags, "steel")
    await same(
        select(Product.id).where(ids == [1]).where(ids.overlap(cast(ids, Array(Integer)))),
        "select id from product where array_positions(tags, 'steel') = array[1]",
    )


async def test_an_array_from_a_subquery_is_no_row_for_any_and_all(same: Same) -> None:
    tags = select(Product.tags).where(Product.id == 2).scalar_subquery()
    await same(
        select(Product.id).where(tags.any("steel"), Product.name < all_(tags)),
        "select id from product where name < 'steel'",
    )


async def test_case_has_the_type_of_its_first_branch_that_is_not_null(same: Same) -> None:
    price = case((Product.stock == 0, null()), else_=Product.price)
    await same(
        select(price.label("price"), (price * 2).label("twice")).order_by(Product.id),
        "select p, p * 2 from (select id, case when stock <> 0 then price end p from product) x "
        "order by id",
    )


@pytest.mark.parametrize("choose", [func.min, func.max])
@pytest.mark.parametrize("expression", [Product.stock > 1, Product.details, func.gen_random_uuid()])
def test_what_has_no_smallest_value_is_refused_with_advice(choose: Any, expression: Any) -> None:
    with pytest.raises(ArgumentError, match=r"hint: (use|order|compare)"):
        choose(expression)
