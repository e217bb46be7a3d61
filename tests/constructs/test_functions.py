"""Functions of text, numbers and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asyncorm import ArgumentError, Float, cast, func, literal, select
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale

NAME, PRICE, AT = Product.name, Product.price, Sale.sold_at
WEIGHT = cast(Product.stock, Float) / 3


@pytest.mark.parametrize(
    ("expression", "by_hand"),
    [
        (func.lower(NAME), "lower(name)"),
        (func.upper("é"), "upper('é')"),
        (func.initcap(NAME), "initcap(name)"),
        (func.trim(NAME), "trim(name)"),
        (func.ltrim(NAME, "hrg"), "ltrim(name, 'hrg')"),
        (func.rtrim(NAME, "e"), "rtrim(name, 'e')"),
        (func.length(NAME), "length(name)"),
        (func.strpos(NAME, "a"), "position('a' in name)"),
        (func.concat(NAME, Product.stock, 1), "concat(name, stock, 1)"),
        (func.concat_ws("-", NAME, Product.discount), "concat_ws('-', name, discount)"),
        (func.format("%s: %s", NAME, Product.stock), "format('%s: %s', name, stock)"),
        (func.substring(NAME, 2, 3), "substring(name from 2 for 3)"),
        (func.substring(NAME, 4), "substring(name from 4)"),
        (func.left(NAME, 3), "left(name, 3)"),
        (func.right(NAME, -2), "right(name, -2)"),
        (func.lpad(NAME, 12, "."), "lpad(name, 12, '.')"),
        (func.rpad(NAME, Product.stock), "rpad(name, stock::int)"),
        (func.repeat(NAME, 2), "repeat(name, 2)"),
        (func.reverse(NAME), "reverse(name)"),
        (func.replace(NAME, "e", "E"), "replace(name, 'e', 'E')"),
        (func.translate(NAME, "ae", "AE"), "translate(name, 'ae', 'AE')"),
        (func.split_part(NAME, " ", -1), "split_part(name, ' ', -1)"),
        (
            func.regexp_replace(NAME, "[aeiou]", "_", "g"),
            "regexp_replace(name, '[aeiou]', '_', 'g')",
        ),
        (func.regexp_match(NAME, r"(\d+) (m)"), r"regexp_match(name, '(\d+) (m)')"),
        (func.string_to_array(NAME, " "), "string_to_array(name, ' ')"),
        (func.md5(NAME), "md5(name)"),
        (func.to_char(PRICE, "FM0000.00"), "to_char(price, 'FM0000.00')"),
        (func.to_char(Product.added_on, "DD.MM.YYYY"), "to_char(added_on, 'DD.MM.YYYY')"),
        (func.to_number(func.left(literal("12.5x"), 4), "99.9"), "to_number('12.5', '99.9')"),
    ],
)
async def test_of_text(same: Same, expression: Any, by_hand: str) -> None:
    await same(select(expression).select_from(Product), f"select {by_hand} from product")


@pytest.mark.parametrize(
    ("expression", "by_hand"),
    [
        (func.abs(-Product.stock), "abs(-stock)"),
        (func.round(PRICE), "round(price)"),
        (func.round(PRICE / 3, 1), "round(price / 3, 1)"),
        (func.round(WEIGHT), "round(stock::float / 3)"),
        (func.trunc(PRICE / 7, 2), "trunc(price / 7, 2)"),
        (func.trunc(WEIGHT), "trunc(stock::float / 3)"),
        (func.ceil(PRICE), "ceil(price)"),
        (func.floor(WEIGHT), "floor(stock::float / 3)"),
        (func.sign(PRICE - 20), "sign(price - 20)"),
        (func.sqrt(PRICE), "sqrt(price)"),
        (func.exp(WEIGHT), "exp(stock::float / 3)"),
        (func.ln(PRICE), "ln(price)"),
        (func.power(PRICE, 2), "power(price, 2)"),
        (func.power(WEIGHT, 0.5), "power(stock::float / 3, 0.5)"),
        (func.mod(Product.stock, 3), "mod(stock, 3)"),
        (func.div(PRICE, 4), "div(price, 4)"),
    ],
)
async def test_of_numbers(same: Same, expression: Any, by_hand: str) -> None:
    await same(select(expression), f"select {by_hand} from product")


@pytest.mark.parametrize(
    ("expression", "by_hand"),
    [
        (func.date_trunc("week", AT), "date_trunc('week', sold_at)"),
        (func.date_trunc("day", AT, "Asia/Tokyo"), "date_trunc('day', sold_at, 'Asia/Tokyo')"),
        (func.date_trunc("day", AT - datetime(2026, 1, 1, tzinfo=UTC)),
         "date_trunc('day', sold_at - timestamptz '2026-01-01 00:00+00')"),
        (func.date_bin(timedelta(hours=6), AT, datetime(2026, 1, 1, tzinfo=UTC)),
         "date_bin('6 hours', sold_at, timestamptz '2026-01-01 00:00+00')"),
        (func.date_part("epoch", AT), "date_part('epoch', sold_at)"),
        (func.age(AT, datetime(2025, 12, 30, tzinfo=UTC)),
         "age(sold_at, timestamptz '2025-12-30 00:00+00')"),
        (AT + func.make_interval(months=1, hours=2), "sold_at + '1 month 2 hours'::interval"),
        (func.make_date(2026, 2, Sale.quantity), "make_date(2026, 2, quantity::int)"),
        (func.make_time(8, Sale.quantity, 1.5), "make_time(8, quantity::int, 1.5)"),
        (func.make_timestamptz(2026, 1, 2, 3, 4, 5.5, "Europe/Berlin"),
         "make_timestamptz(2026, 1, 2, 3, 4, 5.5, 'Europe/Berlin')"),
        (func.to_timestamp(1_700_000_000), "to_timestamp(1700000000)"),
        (func.to_timestamp("05 Dec 2026", "DD Mon YYYY"),
         "to_timestamp('05 Dec 2026', 'DD Mon YYYY')"),
        (func.to_date("05.12.2026", "DD.MM.YYYY"), "to_date('05.12.2026', 'DD.MM.YYYY')"),
        (func.current_date(), "current_date"),
        (func.now() < AT, "sold_at > now()"),
        (func.current_timestamp() < AT, "sold_at > current_timestamp"),
        (AT.at_time_zone("UTC") > func.localtimestamp(),
         "sold_at at time zone 'UTC' > localtimestamp"),
        (func.clock_timestamp() >= func.statement_timestamp(), "true"),
    ],
)  # fmt: skip
async def test_of_time(same: Same, expression: Any, by_hand: str) -> None:
    await same(select(expression).select_from(Sale), f"select {by_hand} from sale")


def test_arguments_of_another_type_are_refused() -> None:
    with pytest.raises(ArgumentError, match="is int, not str"):
        func.left(NAME, "3")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="is str, not int"):
        func.replace(NAME, 1, "x")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="is float, not function"):
        func.to_timestamp(literal)  # type: ignore[call-overload]
