"""DELETE: by conditions on the row, on further tables, and on other rows of the same table."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, aliased, delete, func, select
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale

SALES = "select id from sale order by id"


async def test_a_condition(same: Same) -> None:
    await same(
        delete(Sale).where(Sale.quantity > 2).returning(Sale.id, Sale.quantity * 2),
        "delete from sale where quantity > 2 returning id, quantity * 2",
        then=SALES,
    )


async def test_all_rows(same: Same) -> None:
    await same(delete(Sale), "delete from sale", then=SALES)


async def test_a_subquery_about_the_row(same: Same) -> None:
    later = aliased(Sale)
    await same(
        delete(Sale).where(
            select(later.id)
            .where(later.customer_id == Sale.customer_id, later.id > Sale.id)
            .exists()
        ),
        "delete from sale s where exists"
        " (select 1 from sale l where l.customer_id = s.customer_id and l.id > s.id)",
        then=SALES,
    )


async def test_other_tables_that_a_condition_names(same: Same) -> None:
    await same(
        delete(Sale)
        .where(
            Sale.customer_id == Customer.id,
            Customer.city == "London",
            Sale.product_id == Product.id,
            Product.price > 15,
        )
        .returning(Sale.id, Customer.name, Product.name),
        "delete from sale s using customer c, product p where s.customer_id = c.id"
        " and c.city = 'London' and s.product_id = p.id and p.price > 15"
        " returning s.id, c.name, p.name",
        then=SALES,
    )


async def test_further_tables_with_joins(same: Same) -> None:
    await same(
        delete(Sale)
        .using(Product)
        .join(Product.category)
        .where(Sale.product_id == Product.id, Category.name == "hoses"),
        "delete from sale using product p join category c on c.id = p.category_id"
        " where product_id = p.id and c.name = 'hoses'",
        then=SALES,
    )


async def test_a_subquery_and_a_common_table_expression(same: Same) -> None:
    newest = (
        select(Sale.customer_id, func.max(Sale.id).label("last"))
        .group_by(Sale.customer_id)
        .cte("newest")
    )
    cheap = select(Product.id).where(Product.price < 20).subquery("cheap")
    await same(
        delete(Sale).where(
            newest.c.customer_id == Sale.customer_id,
            Sale.id != newest.c.last,
            cheap.c.id == Sale.product_id,
        ),
        "with newest as (select customer_id, max(id) as last from sale group by 1)"
        " delete from sale s using newest n, (select id from product where price < 20) cheap"
        " where n.customer_id = s.customer_id and s.id <> n.last and cheap.id = s.product_id",
        then=SALES,
    )


async def test_rows_beside_others_of_the_table(same: Same) -> None:
    older = aliased(Sale)
    await same(
        delete(older)
        .where(older.customer_id == Sale.customer_id, older.id < Sale.id, Sale.id == 17)
        .returning(older),
        "delete from sale o using sale s where o.customer_id = s.customer_id and o.id < s.id"
        " and s.id = 17 returning o.*",
        then=SALES,
    )


async def test_only_rows_of_the_table_itself(same: Same) -> None:
    statement = delete(Sale).where(Sale.id == 1).only()
    await same(statement, "delete from only sale where id = 1", then=SALES)
    assert str(statement).startswith("DELETE FROM ONLY")


def test_what_the_server_would_refuse_is_refused_before() -> None:
    with pytest.raises(InvalidRequestError, match=r"using\(\) names Sale, whose rows are changed"):
        delete(Sale).using(Sale)
    with pytest.raises(InvalidRequestError, match=r"nothing to join to\nhint: .*using"):
        str(delete(Sale).join(Product, Product.id == 1))
