"""UPDATE: values from the row itself, from queries and from further tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from asyncorm import InvalidRequestError, aliased, case, default, func, insert, select, update
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale

PRODUCTS = "select id, name, price, stock, discount from product order by id"


async def test_values_and_a_condition(same: Same) -> None:
    await same(
        update(Product).values(stock=5, discount=None).where(Product.price < Decimal(20)),
        "update product set stock = $1, discount = null where price < $2",
        5,
        Decimal(20),
        then=PRODUCTS,
    )


async def test_typed_assignments_from_the_row(same: Same) -> None:
    await same(
        update(Product)
        .set(
            Product.price.set(Product.price * Decimal("1.1")),
            Product.stock.set(case((Product.stock > 5, 5), else_=Product.stock)),
        )
        .filter_by(category_id=3),
        "update product set price = price * 1.1, stock = case when stock > 5 then 5 else stock end"
        " where category_id = 3",
        then=PRODUCTS,
    )


async def test_the_default_of_the_server(same: Same) -> None:
    await same(
        update(Product).values(discount=default()).returning(Product.id, Product.discount),
        "update product set discount = default returning id, discount",
        rows=8,
    )


async def test_a_scalar_subquery_about_the_row(same: Same) -> None:
    sold = select(func.sum(Sale.quantity)).where(Sale.product_id == Product.id)
    await same(
        update(Product).values(stock=sold.scalar_subquery()).where(Product.id < 7),
        "update product set stock ="
        " (select sum(quantity) from sale where product_id = product.id) where id < 7",
        then=PRODUCTS,
    )


async def test_another_table_that_a_condition_names(same: Same) -> None:
    await same(
        update(Product)
        .values(name=Category.name + ": " + Product.name)
        .where(Category.id == Product.category_id, Category.parent_id == 1),
        "update product set name = c.name || ': ' || product.name from category c"
        " where c.id = category_id and c.parent_id = 1",
        then=PRODUCTS,
    )


async def test_further_tables_with_joins(same: Same) -> None:
    await same(
        update(Product)
        .values(discount=50)
        .from_(Sale)
        .join(Sale.customer)
        .outerjoin(Category, Category.id == Customer.id)
        .where(Sale.product_id == Product.id, Customer.city == "London", Category.id == 1)
        .returning(Product.id, Customer.name, Category.name),
        "update product set discount = 50 from sale s join customer c on c.id = s.customer_id"
        " left join category k on k.id = c.id"
        " where s.product_id = product.id and c.city = 'London' and k.id = 1"
        " returning product.id, c.name, k.name",
        then=PRODUCTS,
    )


async def test_a_subquery_and_a_common_table_expression(same: Same) -> None:
    sold = (
        select(Sale.product_id, func.sum(Sale.quantity).label("total"))
        .group_by(Sale.product_id)
        .subquery()
    )
    best = select(func.max(Product.price).label("top")).cte("best")
    await same(
        update(Product)
        .values(stock=sold.c.total, price=best.c.top)
        .where(sold.c.product_id == Product.id, sold.c.total > 10),
        "with best as (select max(price) as top from product) update product"
        " set stock = s.total, price = best.top from"
        " (select product_id, sum(quantity) as total from sale group by 1) s, best"
        " where s.product_id = product.id and s.total > 10",
        then=PRODUCTS,
    )


async def test_a_table_named_for_no_condition(same: Same) -> None:
    only = select(Category.name).where(Category.id == 5).subquery("one")
    await same(
        update(Product).values(name="x" + Product.name).from_(only).where(Product.id == 1),
        "update product set name = 'x' || product.name from"
        " (select name from category where id = 5) one where product.id = 1",
        then=PRODUCTS,
    )


async def test_several_columns_from_one_row(same: Same) -> None:
    other = aliased(Product)
    cheapest = (
        select(other.price, other.stock)
        .where(other.category_id == Product.category_id)
        .order_by(other.price)
        .limit(1)
    )
    await same(
        update(Product)
        .values({(Product.price, "stock"): cheapest, "discount": 1})
        .where(Product.id > 2),
        "update product p set (price, stock) = (select o.price, o.stock from product o"
        " where o.category_id = p.category_id order by o.price limit 1), discount = 1"
        " where id > 2",
        then=PRODUCTS,
    )


async def test_several_columns_from_values(same: Same) -> None:
    await same(
        update(Product).values({("stock", "discount"): (7, Product.stock)}).where(Product.id == 1),
        "update product set stock = 7, discount = stock where id = 1",
        then=PRODUCTS,
    )


async def test_a_later_value_replaces_a_row_that_has_its_column(same: Same) -> None:
    row = {("price", "stock"): select(Product.price, Product.stock).where(Product.id == 1)}
    await same(
        update(Product).values(row).values(price=Decimal(1)).where(Product.id == 2),
        "update product set price = 1 where id = 2",
        then=PRODUCTS,
    )


async def test_rows_by_an_alias_beside_others_of_the_table(same: Same) -> None:
    child = aliased(Category, "child")
    await same(
        update(child)
        .values(name=Category.name + "/" + child.name)
        .where(child.parent_id == Category.id)
        .returning(child.id, child.name, Category.name),
        "update category c set name = p.name || '/' || c.name from category p"
        " where c.parent_id = p.id returning c.id, c.name, p.name",
        rows=3,
        then="select * from category order by id",
    )


async def test_an_anonymous_alias_whose_rows_come_back(same: Same) -> None:
    product = aliased(Product)
    await same(
        update(product).set(product.stock.set(product.stock + 1)).returning(product),
        "update product set stock = stock + 1 returning *",
        rows=8,
    )


async def test_only_rows_of_the_table_itself(same: Same) -> None:
    statement = update(Product).values(stock=0).where(Product.id == 1).only()
    await same(statement, "update only product set stock = 0 where id = 1", then=PRODUCTS)
    assert str(statement).startswith("UPDATE ONLY")
    assert statement._key != update(Product).values(stock=0).where(Product.id == 1)._key


class Row(NamedTuple):
    id: int
    name: str


@dataclass
class Priced:
    id: int
    doubled: Decimal


class Read(BaseModel):
    id: int
    name: str
    tags: list[str]


async def test_returned_rows_as_another_class(engine: Any, shop: None) -> None:
    statement = update(Product).values(discount=3).where(Product.id == 1)
    async with engine.connect() as connection, await connection.begin():
        rows = (
            await connection.execute(statement.returning(Product.id, Product.name).into(Row))
        ).all()
        assert rows == [Row(1, "rake")]
        doubled = (Product.price * 2).label("doubled")
        found = await connection.execute(statement.returning(Product.id, doubled).into(Priced))
        assert found.all() == [Priced(1, Decimal("25.00"))]
        found = await connection.execute(statement.into(Read).returning(Product))
        assert found.all() == [Read(id=1, name="rake", tags=["wood", "steel"])]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: update(Product).values({("price", "stock"): select(Product.price)}),
            "takes 2 columns, and the query has 1",
        ),
        (lambda: update(Product).values({("price", "stock"): (1,)}), "take a select"),
        (lambda: update(Product).values(stock=1).from_(Product), "names Product, whose rows"),
        (
            lambda: str(update(Product).values(stock=1).join(Sale, Sale.id == 1)),
            r"nothing to join to\nhint: name the first table by update\(...\).from_",
        ),
        (
            lambda: str(update(Product).values(stock=1).returning(Sale.id)),
            r"returning\(\) of update\(Product\) names table sale",
        ),
        (
            lambda: str(update(Product).values(stock=1).returning(Sale)),
            r"returning\(\) of update\(Product\) names table sale",
        ),
        (
            lambda: str(update(Customer).values(name=insert(Customer).excluded.name)),
            "excluded of Customer is used outside of on_conflict_do_update",
        ),
        (lambda: update(Product).options("x"), "takes loader options, not a str"),
        (lambda: update(Product).into("x"), "takes a class, not a str"),
        (lambda: update(Product.category.to).values(name="x"), "can't change the rows of"),
    ],
)
def test_what_the_server_would_refuse_is_refused_before(
    build: Callable[[], object], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        build()
