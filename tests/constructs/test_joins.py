"""Joins: of every kind, and to every kind of source."""

from __future__ import annotations

from asyncorm import aliased, and_, func, select, true
from asyncorm.engine.engine import Engine
from asyncorm.session.session import Session
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale


async def test_a_full_join(same: Same) -> None:
    condition = and_(Category.id == Product.category_id, Product.stock > 5)
    by_hand = """select c.name, p.name from category c full join product p
        on c.id = p.category_id and p.stock > 5"""
    # a condition that can be merged by
    await same(select(Category.name, Product.name).join(Product, condition, full=True), by_hand)
    await same(
        select(Category.name, Product.name).outerjoin(Product, condition, full=True), by_hand
    )


async def test_a_full_join_of_entities_gives_none_on_either_side(
    engine: Engine, shop: None
) -> None:
    condition = and_(Category.id == Product.category_id, Product.stock > 5)
    async with Session(engine) as session:
        rows = (
            await session.execute(select(Category, Product).join(Product, condition, full=True))
        ).all()
    assert any(category is None for category, _ in rows)
    assert any(product is None for _, product in rows)
    assert any(category is not None and product is not None for category, product in rows)


async def test_left_by_isouter(same: Same) -> None:
    await same(
        select(Category.name, Product.name).join(Category.products, isouter=True),
        "select c.name, p.name from category c left join product p on p.category_id = c.id",
    )


async def test_a_cross_join(same: Same) -> None:
    await same(
        select(Category.name, Customer.name).join(Customer, true()),
        "select c.name, u.name from category c cross join customer u",
    )


async def test_to_itself(same: Same) -> None:
    parent = aliased(Category)
    await same(
        select(Category.name, parent.name).outerjoin(parent, parent.id == Category.parent_id),
        "select c.name, p.name from category c left join category p on p.id = c.parent_id",
    )


async def test_to_a_subquery(same: Same) -> None:
    sold = (
        select(Sale.product_id, func.sum(Sale.quantity).label("total"))
        .group_by(Sale.product_id)
        .subquery()
    )
    await same(
        select(Product.name, sold.c.total).outerjoin(sold, sold.c.product_id == Product.id),
        """select name, total from product left join (select product_id, sum(quantity) as total
        from sale group by product_id) s on s.product_id = product.id""",
    )


async def test_to_a_common_table_expression(same: Same) -> None:
    big = select(Sale.product_id).where(Sale.quantity > 3).cte("big")
    await same(
        select(Product.name).join(big, big.c.product_id == Product.id),
        """with big as (select product_id from sale where quantity > 3)
        select name from product join big on big.product_id = product.id""",
    )


async def test_lateral(same: Same) -> None:
    last = (
        select(Sale.sold_at, Sale.quantity)
        .where(Sale.product_id == Product.id)
        .order_by(Sale.sold_at.desc())
        .limit(2)
        .lateral("last")
    )
    body = """select s.sold_at, s.quantity from sale s where s.product_id = p.id
        order by s.sold_at desc limit 2"""
    await same(
        select(Product.name, last.c.quantity).join(last, true()),
        f"select p.name, l.quantity from product p cross join lateral ({body}) l",
    )
    await same(
        select(Product.name, last.c.quantity).outerjoin(last, true()),
        f"select p.name, l.quantity from product p left join lateral ({body}) l on true",
    )
    # without a join, and named before what it refers to
    await same(
        select(last.c.quantity, Product.name),
        f"select l.quantity, p.name from product p, lateral ({body}) l",
    )


async def test_lateral_to_one_of_several_tables(same: Same) -> None:
    bigger = (
        select(func.count().label("n"))
        .select_from(Sale)
        .where(Sale.customer_id == Customer.id, Sale.product_id == Product.id)
        .lateral()
    )
    await same(
        select(Product.name, Customer.name, bigger.c.n).where(bigger.c.n > 1),
        """select p.name, u.name, b.n from product p, customer u, lateral (select count(*) as n
        from sale s where s.customer_id = u.id and s.product_id = p.id) b where b.n > 1""",
    )
