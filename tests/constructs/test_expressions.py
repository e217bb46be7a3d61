"""Expressions that stand nowhere else: CASE, COLLATE, casts, functions of schemas, and the like."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asyncorm import (
    InvalidRequestError,
    Numeric,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    select,
    type_coerce,
)
from tests.constructs.conftest import Same
from tests.support.shop import Customer, Product, Sale


async def test_case_with_conditions_and_with_values(same: Same) -> None:
    await same(
        select(
            Product.name,
            case((Product.stock == 0, "none"), (Product.stock < 5, "few"), else_="many"),
            case({2: "garden", 5: "books"}, value=Product.category_id, else_=Product.name),
            case({"rake": 1}, value=Product.name),
        ),
        """select name, case when stock = 0 then 'none' when stock < 5 then 'few' else 'many' end,
        case category_id when 2 then 'garden' when 5 then 'books' else name end,
        case name when 'rake' then 1 end from product""",
    )


async def test_collate(same: Same) -> None:
    await same(
        select(Product.name)
        .where((Product.name + "x").collate("C") > "a")
        .order_by(Product.name.collate("C").desc()),
        """select name from product where (name || 'x') collate "C" > 'a'
        order by name collate "C" desc""",
    )
    assert 'COLLATE "x"" y"' in str(Product.name.collate('x" y'))


async def test_between_symmetric(same: Same) -> None:
    await same(
        select(Product.id).where(Product.stock.between(10, 3, symmetric=True)),
        "select id from product where stock between symmetric 10 and 3",
    )


async def test_choices_among_values(same: Same) -> None:
    await same(
        select(
            func.coalesce(Product.discount, 0),
            func.nullif(Product.stock, 0),
            func.greatest(Product.stock, 5),
            func.least(Product.stock, Product.category_id),
        ),
        """select coalesce(discount, 0), nullif(stock, 0), greatest(stock, 5),
        least(stock, category_id) from product""",
    )


async def test_null_and_truth(same: Same) -> None:
    few = Product.stock < 5
    await same(
        select(Product.id, few.is_(True), (Product.discount > 5).is_not(True), null().label("n")),
        """select id, (stock < 5) is true, (discount > 5) is not true, null from product""",
    )
    await same(
        select(Customer.id).where(Customer.city.is_distinct_from("London")),
        "select id from customer where city is distinct from 'London'",
    )


async def test_casts(same: Same) -> None:
    await same(
        select(
            cast(Product.price, int), cast(Product.stock, str), cast(Product.price, Numeric(8, 1))
        ),
        "select price::bigint, stock::text, price::numeric(8, 1) from product",
    )


async def test_reading_as_another_type_without_a_cast(same: Same) -> None:
    await same(
        select(type_coerce(func.md5(Product.name), str) + "!"),
        "select md5(name) || '!' from product",
    )
    assert "CAST" not in str(type_coerce(Product.name, str))


async def test_every_field_that_can_be_extracted(same: Same) -> None:
    fields = ("century", "day", "decade", "dow", "doy", "epoch", "hour", "isodow", "isoyear",
              "julian", "microseconds", "millennium", "milliseconds", "minute", "month", "quarter",
              "second", "timezone", "timezone_hour", "timezone_minute", "week", "year")  # fmt: skip
    for field in fields:
        await same(
            select(extract(field, Sale.sold_at)),  # type: ignore[call-overload]
            f"select extract({field} from sold_at) from sale",
        )


async def test_at_time_zone(same: Same) -> None:
    for zone in ("Europe/Berlin", "America/New_York"):
        await same(
            select(
                Sale.sold_at.at_time_zone(zone), extract("hour", Sale.sold_at.at_time_zone(zone))
            ),
            f"""select sold_at at time zone '{zone}',
            extract(hour from sold_at at time zone '{zone}') from sale""",
        )
    there_and_back = Sale.sold_at.at_time_zone("UTC").at_time_zone("UTC")
    found = await same(
        select(there_and_back),
        "select sold_at at time zone 'UTC' at time zone 'UTC' from sale",
    )
    assert all(value.tzinfo is not None for (value,) in found)
    await same(
        select(func.timezone("UTC", literal(datetime(2026, 1, 1, tzinfo=UTC)))),
        "select timestamp '2026-01-01'",
    )


async def test_functions_of_a_schema(same: Same) -> None:
    await same(
        select(func.pg_catalog.upper(Product.name, type_=str) + "!"),
        "select pg_catalog.upper(name) || '!' from product",
    )
    assert str(func.Own.Name(1)).startswith('"Own"."Name"(')


@pytest.mark.parametrize("name", ["a b", 'a"', "a;b", "a(", ""])
def test_a_name_of_a_function_that_is_none_is_refused(name: str) -> None:
    for owner in (func, func.some_schema):
        with pytest.raises(AttributeError, match="no name of a function"):
            getattr(owner, name)
    with pytest.raises(AttributeError, match="by itself or by its schema"):
        _ = func.a.b.c


def test_a_collation_needs_a_name() -> None:
    with pytest.raises(InvalidRequestError, match="non-empty str"):
        Product.name.collate("")
