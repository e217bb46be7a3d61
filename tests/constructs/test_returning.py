"""RETURNING of rows as they were and as they are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    aliased,
    column,
    delete,
    func,
    insert,
    new,
    old,
    select,
    update,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.constructs.conftest import Same
from tests.support.shop import Customer, Product, Sale


async def test_an_update_tells_both(same: Same) -> None:
    await same(
        update(Product)
        .values(price=Product.price * 2)
        .where(Product.id < 4)
        .returning(
            Product.id,
            old(Product.price),
            new(Product.price),
            (new(Product.price) - old(Product.price)).label("more"),
        ),
        "update product set price = price * 2 where id < 4"
        " returning id, old.price, new.price, new.price - old.price",
        rows=3,
    )


async def test_a_delete_has_nothing_new(same: Same) -> None:
    await same(
        delete(Sale).where(Sale.id < 3).returning(old(Sale.quantity), new(Sale.quantity)),
        "delete from sale where id < 3 returning old.quantity, new.quantity",
        rows=2,
    )


async def test_an_upsert_tells_what_was_there(same: Same) -> None:
    statement = insert(Customer).values(
        [
            {"id": 50, "name": "G.", "email": "grace@example.org"},
            {"id": 51, "name": "Alan", "email": "alan@example.org"},
        ]
    )
    found = await same(
        statement.on_conflict_do_update(
            index_elements=[Customer.email], set_={"name": statement.excluded.name}
        ).returning(old(Customer.id).is_(None), old(Customer.name), new(Customer.name)),
        "insert into customer (id, name, email) values (50, 'G.', 'grace@example.org'),"
        " (51, 'Alan', 'alan@example.org') on conflict (email) do update set name = excluded.name"
        " returning old.id is null, old.name, new.name",
        rows=2,
    )
    assert found == [(False, "Grace", "G."), (True, None, "Alan")]


async def test_all_columns_of_the_row(same: Same) -> None:
    await same(
        update(Customer).values(city="Paris").returning(*old(Customer), *new(Customer)),
        "update customer set city = 'Paris' returning old.*, new.*",
        rows=4,
    )


async def test_in_an_expression_and_a_subquery(same: Same) -> None:
    before = old(Product)
    sold = select(func.count()).where(Sale.product_id == before.id, Sale.quantity > 1)
    await same(
        update(Product)
        .values(stock=0)
        .returning(func.coalesce(before.discount, 0) + before["stock"], sold.scalar_subquery()),
        "update product set stock = 0 returning coalesce(old.discount, 0) + old.stock,"
        " (select count(*) from sale where product_id = old.id and quantity > 1)",
        rows=8,
    )


async def test_of_an_alias(same: Same) -> None:
    product = aliased(Product)
    await same(
        update(product).values(stock=1).where(product.id == 2).returning(old(product.stock)),
        "update product set stock = 1 where id = 2 returning old.stock",
        rows=1,
    )


async def test_in_a_common_table_expression(same: Same) -> None:
    changed = (
        update(Product)
        .values(price=Product.price + 1)
        .returning(Product.id, old(Product.price).label("before"))
        .cte("changed")
    )
    await same(
        select(func.sum(changed.c.before)).where(changed.c.id < 4),
        "with c as (update product set price = price + 1 returning id, old.price as before)"
        " select sum(before) from c where id < 4",
    )


class Own(Model):
    metadata = MetaData()


class Old(Own, table="old"):
    id: Mapped[int] = column(primary_key=True)
    size: Mapped[int]


class New(Own, table="new"):
    id: Mapped[int] = column(primary_key=True)
    size: Mapped[int]


async def test_beside_tables_of_these_names(engine: Engine, tables: CreateTables) -> None:
    await tables(Old, New)
    async with engine.connect() as connection:
        await connection.execute(insert(Old).values(id=1, size=5))
        await connection.execute(insert(New).values(id=1, size=50))
        statement = (
            update(Old)
            .values(size=New.size)
            .where(New.id == Old.id)
            .returning(old(Old.size), new(Old.size), Old.size, New.size)
        )
        assert (await connection.execute(statement)).one() == (5, 50, 50, 50)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: str(select(old(Product.price))), r"old\(product\) is used outside of returning"),
        (
            lambda: str(update(Product).values(stock=1).where(new(Product.price) > 1)),
            r"new\(product\) is used outside of returning",
        ),
        (lambda: str(update(Product).values(stock=old(Product.stock))), "outside of returning"),
        (lambda: update(Product).returning(old(Product)), r"write returning\(\*old\(Product\)\)"),
        (lambda: old(Product.price * 2), "takes a column or a mapped class"),
        (lambda: old(Product).prize, "has no column 'prize'"),
        (
            lambda: str(update(Product).values(stock=1).returning(old(Sale.id))),
            "which the statement is not about",
        ),
    ],
)
def test_what_the_server_would_refuse_is_refused_before(
    build: Callable[[], object], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        build()


async def test_a_decimal_of_before_is_one(engine: Engine, shop: None) -> None:
    async with engine.connect() as connection, await connection.begin():
        statement = update(Product).values(price=Decimal(9)).where(Product.id == 1)
        found = await connection.scalar(statement.returning(old(Product.price)))
        assert found == Decimal("12.50")
