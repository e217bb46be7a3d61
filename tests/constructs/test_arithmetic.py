"""Arithmetic: the types that come back are those that the type checker has promised."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from asyncorm import ArgumentError, Float, cast, func, literal, select
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale

STOCK, PRICE, NAME = Product.stock, Product.price, Product.name
DAY, AT = Product.added_on, Sale.sold_at
WEIGHT = cast(Product.stock, Float)
AGE = func.make_interval(days=Product.stock)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "by_hand", "kind"),
    [
        (STOCK + 1, "stock + 1", int),
        (1 - STOCK, "1 - stock", int),
        (STOCK * PRICE, "stock * price", Decimal),
        (PRICE * STOCK, "price * stock", Decimal),
        (2 * PRICE, "2 * price", Decimal),
        (STOCK * 1.5, "stock * 1.5::float", float),
        (STOCK + Decimal("0.5"), "stock + 0.5", Decimal),
        (STOCK / 4, "stock / 4.0", Decimal),
        (STOCK // 4, "stock / 4", int),
        (STOCK % 4, "stock % 4", int),
        (PRICE % 7, "price % 7", Decimal),
        (-PRICE, "-price", Decimal),
        (-(STOCK + 1), "-(stock + 1)", int),
        (WEIGHT + 1, "stock::float + 1", float),
        (WEIGHT / 3, "stock::float / 3", float),
        (DAY + 3, "added_on + 3", date),
        (3 + DAY, "3 + added_on", date),
        (DAY - 3, "added_on - 3", date),
        (DAY - date(2025, 1, 1), "added_on - date '2025-01-01'", int),
        (DAY - DAY, "added_on - added_on", int),
        (DAY + timedelta(hours=36), "added_on + interval '36 hours'", datetime),
        (DAY - timedelta(days=1), "added_on - interval '1 day'", datetime),
        (AGE * 2, "make_interval(days => stock::int) * 2", timedelta),
        (AGE * 0.5, "make_interval(days => stock::int) * 0.5", timedelta),
        (AGE / 4, "make_interval(days => stock::int) / 4", timedelta),
        (AGE + timedelta(hours=1), "make_interval(days => stock::int) + '1 hour'", timedelta),
        (-AGE, "-make_interval(days => stock::int)", timedelta),
        (NAME + "!", "name || '!'", str),
        ("no. " + NAME, "'no. ' || name", str),
        (NAME.concat(NAME), "name || name", str),
    ],
)
async def test_of_products(same: Same, expression: Any, by_hand: str, kind: type[Any]) -> None:
    found = await same(select(expression), f"select {by_hand} from product")
    assert {type(value) for (value,) in found} == {kind}


@pytest.mark.parametrize(
    ("expression", "by_hand", "kind"),
    [
        (AT + timedelta(hours=2), "sold_at + interval '2 hours'", datetime),
        (timedelta(hours=2) + AT, "interval '2 hours' + sold_at", datetime),
        (AT - timedelta(hours=2), "sold_at - interval '2 hours'", datetime),
        (AT - BEGIN, "sold_at - timestamptz '2026-01-01 00:00+00'", timedelta),
        (BEGIN - AT, "timestamptz '2026-01-01 00:00+00' - sold_at", timedelta),
        (AT - AT, "sold_at - sold_at", timedelta),
    ],
)
async def test_of_sales(same: Same, expression: Any, by_hand: str, kind: type[Any]) -> None:
    found = await same(select(expression), f"select {by_hand} from sale")
    assert {type(value) for (value,) in found} == {kind}


async def test_of_bits(same: Same) -> None:
    await same(
        select(
            STOCK.bitwise_and(6),
            STOCK.bitwise_or(1),
            STOCK.bitwise_xor(STOCK + 1),
            STOCK.bitwise_not(),
            STOCK.bitwise_lshift(2),
            STOCK.bitwise_rshift(1).bitwise_and(1) + 1,
        ),
        """select stock & 6, stock | 1, stock # (stock + 1), ~stock, stock << 2,
        ((stock >> 1) & 1) + 1 from product""",
    )


async def test_parentheses_are_where_they_change_something(same: Same) -> None:
    await same(
        select((STOCK + 1) * 2, STOCK - (STOCK - 1), STOCK - STOCK - 1, -(-STOCK)),  # noqa: B002
        "select (stock + 1) * 2, stock - (stock - 1), stock - stock - 1, -(-stock) from product",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: NAME * 2,
        lambda: NAME - "x",
        lambda: NAME + 1,
        lambda: literal(True) + True,
        lambda: DAY + DAY,
        lambda: AT + AT,
        lambda: AT + 1,
        lambda: WEIGHT % 2,
        lambda: AGE + 1,
        lambda: AGE * AGE,
        lambda: -NAME,
        lambda: STOCK + AT,
        lambda: STOCK.bitwise_and(1.5),
    ],
)
def test_what_the_server_has_no_operator_for_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError):
        wrong()
