"""UNION, INTERSECT and EXCEPT: nested, ordered, as source and of entities."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    InvalidRequestError,
    aliased,
    except_,
    except_all,
    func,
    intersect,
    intersect_all,
    select,
    union,
    union_all,
)
from tests.constructs.conftest import Same
from tests.support.shop import Category, Product, Sale

BIG = select(Sale.product_id).where(Sale.quantity > 2)
EARLY = select(Sale.product_id).where(Sale.id < 15)


@pytest.mark.parametrize(
    ("operation", "keyword"),
    [
        (union, "union"),
        (union_all, "union all"),
        (intersect, "intersect"),
        (intersect_all, "intersect all"),
        (except_, "except"),
        (except_all, "except all"),
    ],
)
async def test_each_operation_as_function_and_method(
    same: Same, operation: Any, keyword: str
) -> None:
    by_hand = f"""select product_id from sale where quantity > 2 {keyword}
        select product_id from sale where id < 15"""
    count = None if keyword != "except" else 0
    await same(operation(BIG, EARLY), by_hand, rows=count)
    await same(getattr(BIG, operation.__name__)(EARLY), by_hand, rows=count)


async def test_operations_within_each_other(same: Same) -> None:
    all_products = select(Product.id)
    await same(
        all_products.except_(BIG.intersect(EARLY.order_by(Sale.id).limit(3))),
        """select id from product except (select product_id from sale where quantity > 2 intersect
        (select product_id from sale where id < 15 order by id limit 3))""",
    )


async def test_order_by_a_column_a_label_and_an_expression(same: Same) -> None:
    names = select(Product.name, func.length(Product.name)).union(
        select(Category.name, func.length(Category.name))
    )
    await same(
        names.order_by(func.length(Product.name).desc(), Product.name).limit(4).offset(1),
        """select name, length(name) from product union select name, length(name) from category
        order by 2 desc, name limit 4 offset 1""",
    )
    size = func.length(Product.name).label("size")
    labelled = union_all(select(size), select(func.length(Category.name)))
    await same(
        labelled.order_by(size.desc()),
        """select length(name) as size from product union all select length(name) from category
        order by size desc""",
    )


async def test_order_by_one_of_two_columns_of_a_name(same: Same) -> None:
    both = select(Product.name, Category.name).join(Product.category)
    await same(
        both.union(both).order_by(Category.name.desc(), Product.name),
        """select p.name, c.name from product p join category c on c.id = p.category_id union
        select p.name, c.name from product p join category c on c.id = p.category_id
        order by 2 desc, 1""",
    )


async def test_as_subquery_and_common_table_expression(same: Same) -> None:
    names = union(select(Product.name), select(Category.name))
    for source in (names.subquery(), names.cte()):
        await same(
            select(func.count()).select_from(source).where(source.c.name.like("h%")),
            """select count(*) from (select name from product union select name from category) n
            where name like 'h%'""",
        )


async def test_of_entities(same: Same) -> None:
    cheap = select(Product).where(Product.price < 19)
    many = select(Product).where(Product.stock > 9)
    some = aliased(Product, cheap.union(many).subquery())
    await same(
        select(some.name).order_by(some.name),
        """select name from product where price < 19 or stock > 9 order by name""",
    )


def test_what_the_server_would_refuse_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="have 1 and 2 columns"):
        union(select(Product.id), select(Product.id, Product.name))  # type: ignore[arg-type]
    ordered = union(select(Product.name), select(Category.name)).order_by(func.lower(Product.name))
    with pytest.raises(InvalidRequestError, match="only be ordered by columns of its result"):
        str(ordered)
    by_other = union(select(Product.name), select(Category.name)).order_by(Product.price)
    with pytest.raises(InvalidRequestError, match="only be ordered by columns of its result"):
        str(by_other)
