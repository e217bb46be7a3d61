"""Functions in FROM."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from asyncorm import InvalidRequestError, exists, func, literal, select, true
from asyncorm.types.json import JSONB
from tests.constructs.conftest import Same
from tests.support.shop import Product, Sale


async def test_generate_series_of_each_kind(same: Same) -> None:
    numbers = func.generate_series(1, 9, 4).table_valued("n", name="numbers")
    await same(
        select(numbers.c.n * 2).order_by(numbers.c.n),
        "select n * 2 from generate_series(1, 9, 4) as numbers (n) order by n",
    )
    fractions = func.generate_series(Decimal("0.5"), Decimal(2)).column_valued("x")
    await same(select(fractions), "select x from generate_series(0.5, 2.0) as x")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    days = func.generate_series(begin, begin + timedelta(days=3), timedelta(days=1))
    await same(
        select(days.column_valued("day")),
        "select day from generate_series($1::timestamptz, $2::timestamptz, '1 day') as day",
        begin,
        begin + timedelta(days=3),
    )


async def test_days_without_a_row_through_an_outer_join(same: Same) -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
    day = func.generate_series(begin, end, timedelta(days=1)).column_valued("day")
    await same(
        select(day, func.count(Sale.id))
        .outerjoin(Sale, func.date_trunc("day", Sale.sold_at, "UTC") == day)
        .group_by(day)
        .order_by(day),
        """select day, count(sale.id)
        from generate_series($1::timestamptz, $2::timestamptz, '1 day')
        as day left join sale on date_trunc('day', sold_at, 'UTC') = day
        group by day order by day""",
        begin,
        end,
    )


async def test_unnest_of_a_column_beside_its_table(same: Same) -> None:
    tag = func.unnest(Product.tags).column_valued("tag")
    by_hand = "select name, tag from product, unnest(tags) as tag"
    await same(select(Product.name, tag), by_hand)
    # whichever is named first
    await same(select(tag, Product.name), "select tag, name from product, unnest(tags) as tag")
    await same(
        select(tag, func.count()).group_by(tag),
        "select tag, count(*) from product, unnest(tags) as tag group by tag",
    )


async def test_unnest_in_a_correlated_subquery(same: Same) -> None:
    tag = func.unnest(Product.tags).column_valued("tag")
    await same(
        select(Product.name).where(exists(select(tag).where(tag.like("w%")))),
        """select name from product
        where exists (select from unnest(tags) as tag where tag like 'w%')""",
    )


async def test_several_arrays_with_ordinality(same: Same) -> None:
    pairs = func.unnest([3, 1], ["a", "b"]).table_valued("n", "t", with_ordinality="place")
    await same(
        select(pairs.c.place, pairs.c.n, pairs.c.t).order_by(pairs.c.place.desc()),
        """select place, n, t from unnest(array[3, 1], array['a', 'b']) with ordinality
        as p (n, t, place) order by place desc""",
    )
    assert str(select(pairs.c.n + 1)).startswith('SELECT "unnest_1"."n" + $1::bigint FROM')


async def test_records_of_json_with_types(same: Same) -> None:
    given = literal([{"id": 1, "name": "rake"}, {"id": 9, "name": "x"}], JSONB())
    rows = func.jsonb_to_recordset(given).table_valued({"id": int, "name": str})
    await same(
        select(rows.c.id, rows.c.name, Product.id).outerjoin(Product, Product.name == rows.c.name),
        """select r.id, r.name, p.id
        from jsonb_to_recordset('[{"id": 1, "name": "rake"}, {"id": 9, "name": "x"}]')
        as r (id bigint, name text) left join product p on p.name = r.name""",
    )


async def test_records_with_types_and_ordinality(same: Same) -> None:
    given = literal([{"id": 7}, {"id": 8}], JSONB())
    rows = func.jsonb_to_recordset(given).table_valued({"id": int}, with_ordinality="n")
    await same(
        select(rows.c.id, rows.c.n),
        """select id, n from rows from (jsonb_to_recordset('[{"id": 7}, {"id": 8}]')
        as (id bigint)) with ordinality as r (id, n)""",
    )


async def test_a_function_of_a_function_beside_a_table(same: Same) -> None:
    pair = func.jsonb_each(Product.details).table_valued({"key": str, "value": JSONB})
    member = func.jsonb_typeof(pair.c.value)
    await same(
        select(pair.c.key, member).where(Product.id == 1),
        """select key, jsonb_typeof(value) from product, jsonb_each(details) as d (key, value)
        where id = 1""",
    )
    letters = func.string_to_table(pair.c.key, "e").table_valued({"part": str})
    await same(
        select(letters.c.part, pair.c.key).where(Product.id == 1),
        """select part, key from product, jsonb_each(details) as d (key, value),
        string_to_table(key, 'e') as part where id = 1""",
    )


async def test_joined_with_a_condition(same: Same) -> None:
    n = func.generate_series(1, Product.stock).table_valued("n")
    await same(
        select(Product.name, n.c.n).outerjoin(n, n.c.n > 20),
        """select name, n from product left join lateral generate_series(1, stock) as g (n)
        on n > 20""",
    )
    await same(
        select(Product.name, n.c.n).join(n, true()).where(n.c.n < 3),
        "select name, n from product, generate_series(1, stock) as g (n) where n < 3",
    )


def test_columns_need_names_and_records_need_types() -> None:
    with pytest.raises(InvalidRequestError, match="needs names for its columns"):
        func.unnest(Product.tags).table_valued()
    with pytest.raises(InvalidRequestError, match="needs the types"):
        func.jsonb_to_recordset(Product.details).table_valued("id")
    with pytest.raises(InvalidRequestError, match="non-empty str"):
        func.unnest(Product.tags).table_valued("")
    quoted = func.unnest(Product.tags).column_valued('a" b')
    assert 'AS "a"" b" ("a"" b")' in str(select(quoted))
