"""Functions over windows, their frames, and aggregates over them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from asyncorm import InvalidRequestError, func, select, window
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale


async def test_every_window_function(same: Same) -> None:
    by = window(partition_by=Product.category_id, order_by=[Product.price.desc(), Product.id])
    await same(
        select(
            Product.id,
            func.row_number().over(by),
            func.rank().over(by),
            func.dense_rank().over(by),
            func.percent_rank().over(by),
            func.cume_dist().over(by),
            func.ntile(2).over(by),
        ),
        """select id,
        row_number() over w, rank() over w, dense_rank() over w, percent_rank() over w,
        cume_dist() over w, ntile(2) over w
        from product window w as (partition by category_id order by price desc, id)""",
    )


async def test_values_of_other_rows(same: Same) -> None:
    by = window(order_by=Product.id)
    await same(
        select(
            func.lag(Product.name).over(by),
            func.lag(Product.name, 2, default="none").over(by),
            func.lead(Product.stock, default=0).over(by),
            func.first_value(Product.name).over(by),
            func.last_value(Product.name).over(by),
            func.nth_value(Product.name, 3).over(by),
        ).order_by(Product.id),
        """select lag(name) over w, lag(name, 2, 'none') over w, lead(stock, 1, 0) over w,
        first_value(name) over w, last_value(name) over w, nth_value(name, 3) over w
        from product window w as (order by id) order by id""",
    )


@pytest.mark.parametrize(
    ("rows", "frame"),
    [
        ((None, 0), "unbounded preceding and current row"),
        ((-2, 1), "2 preceding and 1 following"),
        ((-2, -1), "2 preceding and 1 preceding"),
        ((1, None), "1 following and unbounded following"),
        ((None, None), "unbounded preceding and unbounded following"),
    ],
)
async def test_a_frame_of_rows(same: Same, rows: tuple[int | None, int | None], frame: str) -> None:
    await same(
        select(Sale.id, func.sum(Sale.quantity).over(order_by=Sale.id, rows=rows)),
        f"select id, sum(quantity) over (order by id rows between {frame}) from sale",
    )


async def test_two_frames_of_one_shape_keep_their_bounds(same: Same) -> None:
    for before in (1, 2, 5):
        await same(
            select(Sale.id, func.sum(Sale.quantity).over(order_by=Sale.id, rows=(-before, 0))),
            f"""select id, sum(quantity) over (order by id rows between {before} preceding
            and current row) from sale""",
        )


async def test_a_frame_of_groups(same: Same) -> None:
    await same(
        select(Sale.id, func.count().over(order_by=Sale.quantity, groups=(-1, 1))),
        """select id, count(*) over (order by quantity groups between 1 preceding and 1 following)
        from sale""",
    )


async def test_a_frame_of_a_range_of_numbers(same: Same) -> None:
    await same(
        select(Product.id, func.count().over(order_by=Product.price, range_=(-5, 5))),
        """select id, count(*) over (order by price range between 5 preceding and 5 following)
        from product""",
    )


async def test_a_frame_of_a_range_of_time(same: Same) -> None:
    week = timedelta(days=7)
    await same(
        select(Sale.id, func.sum(Sale.quantity).over(order_by=Sale.sold_at, range_=(-week, 0))),
        """select id, sum(quantity) over (order by sold_at range between '7 days' preceding
        and current row) from sale""",
    )


@pytest.mark.parametrize("exclude", ["CURRENT ROW", "GROUP", "TIES", "NO OTHERS"])
async def test_a_frame_with_rows_left_out(same: Same, exclude: str) -> None:
    over = func.sum(Sale.quantity).over(
        order_by=Sale.quantity,
        rows=(-3, 3),
        exclude=exclude,  # type: ignore[arg-type]
    )
    await same(
        select(Sale.id, over),
        f"""select id, sum(quantity) over (order by quantity rows between 3 preceding and
        3 following exclude {exclude}) from sale""",
    )


async def test_an_aggregate_of_some_rows_over_a_window(same: Same) -> None:
    await same(
        select(
            Sale.id,
            func.count().filter(Sale.quantity > 2).over(partition_by=Sale.customer_id),
        ),
        """select id, count(*) filter (where quantity > 2) over (partition by customer_id)
        from sale""",
    )


async def test_rows_chosen_by_a_window_in_a_subquery(same: Same) -> None:
    place = func.row_number().over(partition_by=Product.category_id, order_by=Product.price.desc())
    ranked = select(Product.name, place.label("place")).subquery()
    await same(
        select(ranked.c.name).where(ranked.c.place == 1),
        """select name from (select name, row_number() over
        (partition by category_id order by price desc) as place from product) r where place = 1""",
    )


def test_frames_that_the_server_would_refuse_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="ends before it begins"):
        window(order_by=Sale.id, rows=(1, -1))
    with pytest.raises(InvalidRequestError, match="needs an order"):
        window(groups=(-1, 1))
    with pytest.raises(InvalidRequestError, match="exactly one ORDER BY column"):
        window(order_by=[Sale.id, Sale.quantity], range_=(-1, 1))
    with pytest.raises(InvalidRequestError, match="is timedelta, not int"):
        window(order_by=Sale.sold_at, range_=(-1, 1))
    with pytest.raises(InvalidRequestError, match="one frame"):
        window(order_by=Sale.id, rows=(0, 1), groups=(0, 1))
    with pytest.raises(InvalidRequestError, match="not known"):
        window(rows=(0, 1), exclude="TIES)")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match=r"func.row_number\(\).over"):
        select(func.row_number())  # type: ignore[call-overload]
