"""Common table expressions: recursive, walked in an order, nested, used twice."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, aliased, func, select, union
from asyncorm.engine.engine import Engine
from asyncorm.session.session import Session
from asyncorm.sql.sources import Derived
from tests.constructs.conftest import Same
from tests.support.shop import Category, Product, Sale

TREE_BY_HAND = """with recursive tree as (
    select id, name, parent_id from category where parent_id is null union all
    select c.id, c.name, c.parent_id from category c join tree on c.parent_id = tree.id)"""


def tree() -> Derived:
    roots = (
        select(Category.id, Category.name, Category.parent_id)
        .where(Category.parent_id.is_(None))
        .cte("tree", recursive=True)
    )
    child = aliased(Category)
    return roots.union_all(
        select(child.id, child.name, child.parent_id).join(roots, child.parent_id == roots.c.id)
    )


async def test_recursive(same: Same) -> None:
    found = tree()
    await same(select(found.c.id, found.c.name), f"{TREE_BY_HAND} select id, name from tree")


async def test_recursive_with_a_level(same: Same) -> None:
    roots = (
        select(Category.id, (Category.id * 0).label("level"))
        .where(Category.parent_id.is_(None))
        .cte("tree", recursive=True)
    )
    below = roots.union(
        select(Category.id, roots.c.level + 1).join(roots, Category.parent_id == roots.c.id)
    )
    await same(
        select(below.c.level, func.count()).group_by(below.c.level).order_by(below.c.level),
        """with recursive tree as (select id, id * 0 as level from category where parent_id is null
        union select c.id, level + 1 from category c join tree on c.parent_id = tree.id)
        select level, count(*) from tree group by level order by level""",
    )


async def test_depth_first(same: Same) -> None:
    found = tree().search_depth_first("name", set_="place")
    await same(
        select(found.c.name).order_by(found.c.place),
        f"{TREE_BY_HAND} search depth first by name set place select name from tree order by place",
    )


async def test_breadth_first(same: Same) -> None:
    walked = tree()
    found = walked.search_breadth_first(walked.c.name, walked.c.id)
    await same(
        select(found.c.name).order_by(found.c.search_order),
        f"""{TREE_BY_HAND} search breadth first by name, id set search_order
        select name from tree order by search_order""",
    )


async def test_a_circle_ends(same: Same) -> None:
    pairs = select(Sale.product_id.label("a"), Sale.customer_id.label("b")).cte("pairs")
    begin = select(pairs.c.a, pairs.c.b).where(pairs.c.a == 1).cte("walk", recursive=True)
    walk = begin.union_all(select(pairs.c.a, pairs.c.b).join(begin, pairs.c.a == begin.c.b)).cycle(
        "a", "b", set_="again", using="way"
    )
    await same(
        select(walk.c.a, walk.c.b, walk.c.again).distinct(),
        """with recursive pairs as (select product_id as a, customer_id as b from sale),
        walk as (select a, b from pairs where a = 1 union all
        select p.a, p.b from pairs p join walk on p.a = walk.b)
        cycle a, b set again using way select distinct a, b, again from walk""",
    )


async def test_materialized_or_not(same: Same) -> None:
    for materialized, keyword in ((True, "materialized"), (False, "not materialized"), (None, "")):
        cheap = select(Product.id).where(Product.price < 20).cte(materialized=materialized)
        statement = select(Product.name).where(Product.id.in_(select(cheap.c.id)))
        assert f"AS {keyword.upper()} (".replace("  ", " ") in str(statement)
        await same(statement, "select name from product where price < 20")


async def test_several_of_which_one_uses_another(same: Same) -> None:
    sold = (
        select(Sale.product_id, func.sum(Sale.quantity).label("total"))
        .group_by(Sale.product_id)
        .cte("sold")
    )
    most = select(func.max(sold.c.total).label("most")).cte("most")
    await same(
        select(Product.name, sold.c.total)
        .join(sold, sold.c.product_id == Product.id)
        .where(sold.c.total == select(most.c.most).scalar_subquery()),
        """with sold as (select product_id, sum(quantity) as total from sale group by product_id),
        most as (select max(total) as most from sold)
        select name, total from product join sold on product_id = product.id
        where total = (select most from most)""",
    )


async def test_used_twice(same: Same) -> None:
    sold = select(Sale.product_id, Sale.customer_id).where(Sale.quantity > 2).cte("sold")
    statement = union(select(sold.c.product_id), select(sold.c.customer_id))
    await same(
        statement,
        """with sold as (select product_id, customer_id from sale where quantity > 2)
        select product_id from sold union select customer_id from sold""",
    )
    assert str(statement).count("AS (SELECT") == 1


async def test_in_a_scalar_subquery(same: Same) -> None:
    big = select(Sale.id).where(Sale.quantity > 2).cte()
    count = select(func.count()).select_from(big).scalar_subquery()
    await same(
        select(Product.name, count).where(count > 3),
        """select name, (select count(*) from sale where quantity > 2) from product
        where (select count(*) from sale where quantity > 2) > 3""",
    )


async def test_objects_of_a_recursive_one(engine: Engine, shop: None) -> None:
    roots = select(Category).where(Category.name == "tools").cte("below", recursive=True)
    child = aliased(Category)
    below = roots.union_all(select(child).join(roots, child.parent_id == roots.c.id))
    some = aliased(Category, below)
    async with Session(engine) as session:
        found = await session.all(select(some).order_by(some.name))
    assert [(type(one), one.name) for one in found] == [
        (Category, name) for name in ("garden", "hoses", "tools", "workshop")
    ]


def test_only_recursive_ones_can_be_walked() -> None:
    plain = select(Category.id).cte()
    with pytest.raises(InvalidRequestError, match="for recursive common table expressions"):
        plain.search_depth_first("id")
    with pytest.raises(InvalidRequestError, match="has no column 'nope'"):
        tree().cycle("nope")
    with pytest.raises(InvalidRequestError, match="need columns"):
        tree().search_breadth_first()
