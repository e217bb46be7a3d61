"""VALUES as a source."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from asyncorm import ArgumentError, InvalidRequestError, Text, func, select, values
from tests.constructs.conftest import Same
from tests.support.shop import Product


async def test_as_the_only_source(same: Same) -> None:
    for rows in ([(1, "a")], [(1, "a"), (2, None), (3, "c")]):
        given = values({"id": int, "name": str}, rows, name="given")
        hand = ", ".join(f"({number}, '{text or 'NULL'}')" for number, text in rows)
        await same(
            select(given.c.id, given.c.name).order_by(given.c.id),
            f"""select id, nullif(name, 'NULL')
            from (values {hand}) as given (id, name) order by id""",
        )


async def test_joined_to_a_table(same: Same) -> None:
    prices = values(
        {"id": Product.id, "price": Product.price},
        [{"price": Decimal("9.99"), "id": 1}, {"id": 3, "price": Decimal(20)}],
    )
    await same(
        select(Product.name, prices.c.price - Product.price).join(
            prices, prices.c.id == Product.id
        ),
        """select p.name, v.price - p.price from product p
        join (values (1, 9.99), (3, 20)) v (id, price) on v.id = p.id""",
    )


async def test_as_common_table_expression(same: Same) -> None:
    wanted = values({"id": int}, [(2,), (4,)]).cte("wanted")
    await same(
        select(Product.name).where(Product.id.in_(select(wanted.c.id))),
        "select name from product where id in (2, 4)",
    )


async def test_with_expressions(same: Same) -> None:
    rows = values({"n": int, "day": date}, [(1, func.current_date()), (2, date(2025, 1, 1))])
    await same(
        select(rows.c.n, rows.c.day),
        "select * from (values (1, current_date), (2, date '2025-01-01')) v (n, day)",
    )


async def test_with_arrays_and_no_rows(same: Same) -> None:
    tags = values({"id": int, "tags": list[str]}, [(1, ["a", 'b"']), (2, [])])
    await same(
        select(tags.c.id, tags.c.tags),
        """select * from (values (1, array['a', 'b"']), (2, array[]::text[])) v (id, tags)""",
    )
    none = values({"id": int, "note": Text}, [])
    await same(select(none.c.id), "select 1 where false", rows=0)


def test_any_number_of_rows_is_one_statement() -> None:
    def of(*rows: tuple[int, str]) -> object:
        given = values({"id": int, "name": str}, rows)
        return select(given.c.id).where(given.c.name == "x")._key

    assert of() == of((1, "a")) == of((1, "b"), (2, "c"))


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="does not have the columns id, name"):
        values({"id": int, "name": str}, [(1,)])
    with pytest.raises(InvalidRequestError, match="does not have the columns id, name"):
        values({"id": int, "name": str}, [{"id": 1, "nam": "x"}])
    with pytest.raises(ArgumentError, match="takes int, not str"):
        values({"id": int}, [("1",)])
    with pytest.raises(InvalidRequestError, match="no columns"):
        values({}, [])
