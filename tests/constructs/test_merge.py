"""MERGE: what becomes of matched rows, of rows that are not there, and of rows without a source."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from asyncorm import (
    Identity,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    aliased,
    column,
    default,
    func,
    generated,
    insert,
    literal,
    merge,
    merge_action,
    new,
    old,
    select,
    sql,
)
from asyncorm.compiler.compiled import Feature
from asyncorm.engine.engine import Engine
from asyncorm.engine.features import check_server
from tests.conftest import CreateTables
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale

PRODUCTS = "select id, name, price, stock, discount from product order by id"
CATEGORIES = "select id, name, parent_id from category order by id"

SOLD = (
    select(Sale.product_id, func.sum(Sale.quantity).label("total"))
    .group_by(Sale.product_id)
    .subquery("sold")
)
_SOLD = "(select product_id, sum(quantity) as total from sale group by 1) sold"


async def test_matched_rows_are_updated_or_deleted(same: Same) -> None:
    statement = (
        merge(Product)
        .using(SOLD, SOLD.c.product_id == Product.id)
        .when_matched(Product.stock == 0)
        .do_nothing()
        .when_matched(SOLD.c.total > 9)
        .update(stock=Product.stock + SOLD.c.total, discount=None)
        .when_matched()
        .set(Product.discount.set(1), Product.price.set(Product.price * 2))
    )
    await same(
        statement,
        f"merge into product p using {_SOLD} on sold.product_id = p.id"
        " when matched and p.stock = 0 then do nothing"
        " when matched and sold.total > 9"
        " then update set stock = p.stock + sold.total, discount = null"
        " when matched then update set discount = 1, price = p.price * 2",
        then=PRODUCTS,
    )


async def test_rows_that_are_not_there_are_inserted(same: Same) -> None:
    statement = (
        merge(Category)
        .using(Product, Product.id == Category.id, Product.price > 0)
        .when_not_matched(Product.stock > 5)
        .insert(id=Product.id + 50, name="was " + Product.name)
        .when_not_matched(Product.stock > 2)
        .insert({Category.id: Product.id, Category.name: "x", "parent_id": default()})
        .when_not_matched()
        .do_nothing()
    )
    await same(
        statement,
        "merge into category c using product p on p.id = c.id and p.price > 0"
        " when not matched and p.stock > 5 then"
        " insert (id, name) values (p.id + 50, 'was ' || p.name)"
        " when not matched and p.stock > 2 then"
        " insert (id, name, parent_id) values (p.id, 'x', default)"
        " when not matched then do nothing",
        then=CATEGORIES,
    )


async def test_inserted_rows_get_defaults_of_the_model(same: Same) -> None:
    statement = (
        merge(Product)
        .using(Customer, Customer.id == Product.id + 100)
        .when_not_matched()
        .insert(
            id=Customer.id + 100,
            name=Customer.name,
            price=Decimal(1),
            added_on=func.current_date(),
            category_id=1,
        )
    )
    await same(
        statement,
        "insert into product (id, name, price, added_on, category_id, stock, tags, details)"
        " select id + 100, name, 1, current_date, 1, 0, '{}', '{}' from customer",
        then="select id, name, stock, discount, tags, details::text from product order by id",
    )


async def test_rows_without_a_source(same: Same) -> None:
    few = select(Product.id).where(Product.id.in_([1, 2])).cte("few")
    statement = (
        merge(Product)
        .using(few, few.c.id == Product.id)
        .when_matched()
        .update({(Product.stock, Product.discount): select(Sale.id, Sale.id).where(Sale.id == 3)})
        .when_not_matched_by_source(Product.stock < 5)
        .update(stock=99)
        .when_not_matched_by_source()
        .do_nothing()
    )
    await same(
        statement,
        "with few as (select id from product where id in (1, 2))"
        " merge into product p using few on few.id = p.id"
        " when matched then update set (stock, discount) = (select 3, 3)"
        " when not matched by source and p.stock < 5 then update set stock = 99"
        " when not matched by source then do nothing",
        then=PRODUCTS,
    )


async def test_what_was_done_comes_back(same: Same) -> None:
    late = select(Sale.id, Sale.quantity).where(Sale.id > 28).subquery("late")
    statement = (
        merge(Sale)
        .using(late, late.c.id == Sale.id)
        .when_matched(late.c.quantity > 2)
        .delete()
        .when_matched()
        .update(quantity=9)
        .when_not_matched_by_source(Sale.id < 3)
        .delete()
        .returning(merge_action(), Sale.id, late.c.quantity, old(Sale.quantity), new(Sale.quantity))
    )
    await same(
        statement,
        "merge into sale s using (select id, quantity from sale where id > 28) late"
        " on late.id = s.id when matched and late.quantity > 2 then delete"
        " when matched then update set quantity = 9"
        " when not matched by source and s.id < 3 then delete"
        " returning merge_action(), s.id, late.quantity, old.quantity, new.quantity",
        rows=4,
        then="select id, quantity from sale order by id",
    )


async def test_an_alias_of_the_target_and_the_table_itself(same: Same) -> None:
    child = aliased(Category, "child")
    statement = (
        merge(child)
        .using(Category, Category.id == child.parent_id)
        .when_matched()
        .update(name=Category.name + "/" + child.name)
        .returning(child)
    )
    await same(
        statement,
        "merge into category c using category p on p.id = c.parent_id"
        " when matched then update set name = p.name || '/' || c.name returning c.*",
        rows=3,
        then=CATEGORIES,
    )


async def test_only_rows_of_the_table_itself(same: Same) -> None:
    some = select(Category.id).where(Category.id == 5).subquery("some")
    statement = (
        merge(Category).using(some, some.c.id == Category.id).when_matched().update(name="b").only()
    )
    await same(statement, "update category set name = 'b' where id = 5", then=CATEGORIES)
    assert str(statement).startswith("MERGE INTO ONLY")


async def test_a_merge_in_a_common_table_expression(same: Same) -> None:
    done = (
        merge(Product)
        .using(SOLD, SOLD.c.product_id == Product.id)
        .when_matched()
        .update(stock=SOLD.c.total)
        .returning(merge_action().label("done"), Product.id)
        .cte("done")
    )
    await same(
        select(done.c.done, func.count()).group_by(done.c.done),
        f"with done as (merge into product p using {_SOLD} on sold.product_id = p.id"
        " when matched then update set stock = sold.total returning merge_action() as done)"
        " select done, count(*) from done group by 1",
        then=PRODUCTS,
    )


class Own(Model):
    metadata = MetaData()


class Counter(Own, table="merge_counter"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(server_default=literal("nobody"), init=False)
    loud: Mapped[str] = column(computed=sql("upper(name)"), init=False)


Counter.__table__.columns["id"].identity = Identity(always=True)


class Done(NamedTuple):
    action: str
    id: int


async def test_numbers_and_values_of_the_server(engine: Engine, tables: CreateTables) -> None:
    await tables(Counter)
    numbers = select(func.generate_series(1, 2).label("n")).subquery("numbers")
    begin = merge(Counter).using(numbers, numbers.c.n + 5 == Counter.id)
    with pytest.raises(InvalidRequestError, match="GENERATED ALWAYS"):
        begin.when_not_matched().insert(id=numbers.c.n)
    with pytest.raises(InvalidRequestError, match="is computed by the database"):
        begin.when_matched().update(loud="x")
    async with engine.connect() as connection:
        statement = begin.when_not_matched(numbers.c.n == 1).insert()
        statement = statement.when_not_matched().insert_overriding_system_value(id=numbers.c.n + 5)
        done = statement.returning(merge_action().label("action"), Counter.id).into(Done)
        found = (await connection.execute(done)).all()
        assert sorted(found) == [("INSERT", 1), ("INSERT", 7)]
        assert all(isinstance(row, Done) for row in found)
        assert (await connection.execute(statement)).rowcount == 1  # number 7 is there already


def test_two_merges_of_one_shape_have_one_key_and_values_of_their_own() -> None:
    def build(least: int, stock: int) -> Any:
        return (
            merge(Product)
            .using(SOLD, SOLD.c.product_id == Product.id)
            .when_matched(SOLD.c.total > least)
            .update(stock=stock)
        )

    assert build(1, 2)._key == build(3, 4)._key
    assert [p.value for p in build(3, 4)._parameters if hasattr(p, "value")] == [3, 4]
    assert build(1, 2)._key != build(1, 2).when_matched().delete()._key
    assert build(1, 2)._key != build(1, 2).when_not_matched().do_nothing()._key
    assert (
        build(1, 2).when_matched().delete()._key
        != build(1, 2).when_not_matched_by_source().delete()._key
    )


BEGUN = merge(Product).using(SOLD, SOLD.c.product_id == Product.id)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: str(merge(Product)), r"merge\(Product\) lacks using\(\)"),
        (lambda: str(BEGUN), r"merge\(Product\) lacks a branch"),
        (lambda: merge(Product).using(Sale), "lacks the condition"),
        (lambda: merge(Product).using(Product, Product.id == 1), "is given its own rows"),
        (lambda: BEGUN.when_matched().update(), "updates nothing"),
        (lambda: BEGUN.when_matched().update(prize=1), "did you mean 'price'"),
        (lambda: BEGUN.when_matched().set(Sale.id.set(1)), "does not belong to Product"),
        (
            lambda: str(BEGUN.when_not_matched().insert(name=Product.name)),
            r"when_not_matched\(\) of merge\(Product\) names table product, of which there is no",
        ),
        (
            lambda: str(BEGUN.when_not_matched_by_source(SOLD.c.total > 1).delete()),
            r"when_not_matched_by_source\(\) of merge\(Product\) names the subquery, of which",
        ),
        (
            lambda: str(BEGUN.when_matched(Sale.id == 1).delete()),
            r"when_matched\(\) of merge\(Product\) names table sale",
        ),
        (
            lambda: str(BEGUN.when_matched().delete().returning(Sale.id)),
            r"returning\(\) of merge\(Product\) names table sale",
        ),
    ],
)
def test_what_the_server_would_refuse_is_refused_before(
    build: Callable[[], object], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        build()


def test_what_a_server_must_know() -> None:
    with pytest.raises(InvalidRequestError, match=r"merge\(\) needs PostgreSQL 15"):
        check_server(Feature(15, "merge()"), 14)
    check_server(Feature(15, "merge()"), 15)


@pytest.mark.parametrize(
    ("statement", "version"),
    [
        (BEGUN.when_matched().delete(), 15),
        (BEGUN.when_matched().delete().returning(Product.id), 17),
        (BEGUN.when_not_matched_by_source().delete(), 17),
        (BEGUN.when_matched().delete().returning(old(Product.id)), 18),
        (select(BEGUN.when_matched().delete().returning(Product.id).cte().c.id), 17),
        (insert(Product).values(name="a").returning(new(Product.id)), 18),
    ],
)
async def test_a_server_that_is_too_old_is_told_before(
    engine: Engine, statement: Any, version: int
) -> None:
    compiled = engine.statements.get(statement)
    assert compiled.needs is not None
    assert compiled.needs.version == version
    kept, compiled.needs = compiled.needs, Feature(99, "this")
    try:
        async with engine.connect() as connection:
            with pytest.raises(InvalidRequestError, match="this needs PostgreSQL 99"):
                await connection.execute(statement)
    finally:
        compiled.needs = kept
