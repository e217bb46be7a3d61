"""Subqueries: as values, correlated, with ANY and ALL, and as entities."""

from __future__ import annotations

from asyncorm import aliased, all_, any_, exists, func, literal, select
from asyncorm.engine.engine import Engine
from asyncorm.session.session import Session
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale


async def test_a_correlated_value(same: Same) -> None:
    count = select(func.count()).where(Sale.product_id == Product.id).scalar_subquery()
    await same(
        select(Product.name, count.label("sales")).where(count > 2).order_by(count, Product.name),
        """select name, (select count(*) from sale where product_id = product.id) as sales
        from product where (select count(*) from sale where product_id = product.id) > 2
        order by 2, 1""",
    )


async def test_exists_and_not_exists(same: Same) -> None:
    big = select(Sale).where(Sale.product_id == Product.id, Sale.quantity > 3)
    await same(
        select(Product.name).where(exists(big)),
        """select name from product where exists
        (select from sale where product_id = product.id and quantity > 3)""",
    )
    await same(
        select(Product.name).where(~big.exists()),
        """select name from product where not exists
        (select from sale where product_id = product.id and quantity > 3)""",
    )


async def test_in_and_not_in(same: Same) -> None:
    sold = select(Sale.product_id).where(Sale.quantity > 2)
    await same(
        select(Product.id).where(Product.id.in_(sold)),
        "select id from product where id in (select product_id from sale where quantity > 2)",
    )
    await same(
        select(Product.id).where(Product.id.not_in(sold)),
        "select id from product where id not in (select product_id from sale where quantity > 2)",
    )


async def test_any_and_all(same: Same) -> None:
    prices = select(Product.price).where(Product.category_id == 4)
    await same(
        select(Product.name).where(Product.price > any_(prices)),
        """select name from product
        where price > any (select price from product where category_id = 4)""",
    )
    await same(
        select(Product.name).where(Product.price >= all_(prices)),
        """select name from product
        where price >= all (select price from product where category_id = 4)""",
    )


async def test_any_and_all_of_arrays_with_patterns(same: Same) -> None:
    patterns = literal(["h%", "%n"])
    await same(
        select(Product.name).where(Product.name.like(any_(patterns))),
        "select name from product where name like any (array['h%', '%n'])",
    )
    await same(
        select(Product.name).where(Product.name.not_like(all_(patterns))),
        "select name from product where name not like all (array['h%', '%n'])",
    )
    await same(
        select(Product.name).where(literal("wood") == any_(Product.tags)),
        "select name from product where 'wood' = any (tags)",
    )


async def test_objects_of_a_subquery(engine: Engine, shop: None) -> None:
    cheap = aliased(Product, select(Product).order_by(Product.price).limit(3).subquery())
    async with Session(engine) as session:
        found = await session.all(
            select(cheap).join(Category, Category.id == cheap.category_id).order_by(cheap.id)
        )
    assert [one.id for one in found] == [1, 5, 6]


async def test_a_subquery_of_a_subquery(same: Same) -> None:
    inner = select(Sale.customer_id, Sale.quantity).where(Sale.quantity > 1).subquery()
    sums = (
        select(inner.c.customer_id, func.sum(inner.c.quantity).label("total"))
        .group_by(inner.c.customer_id)
        .subquery()
    )
    await same(
        select(Customer.name, sums.c.total).join(sums, sums.c.customer_id == Customer.id),
        """select name, total from customer join (select customer_id, sum(quantity) as total
        from (select customer_id, quantity from sale where quantity > 1) i
        group by customer_id) s on s.customer_id = customer.id""",
    )
