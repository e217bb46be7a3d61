"""Common table expressions that change rows, read by other statements or only run along."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, delete, func, insert, select, union_all, update
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale

PRODUCTS = "select id, stock, discount from product order by id"


async def test_deleted_rows_are_inserted_elsewhere(same: Same) -> None:
    gone = delete(Customer).where(Customer.id == 4).returning(Customer).cte("gone")
    await same(
        insert(Category)
        .from_select(["id", "name"], select(gone.c.id + 50, gone.c.name))
        .returning(Category.id, Category.name),
        "with gone as (delete from customer where id = 4 returning *)"
        " insert into category (id, name) select id + 50, name from gone returning id, name",
        then="select name from category union all select name from customer order by 1",
    )


async def test_inserted_rows_are_selected(same: Same) -> None:
    made = (
        insert(Category)
        .values([{"id": 60, "name": "a"}, {"id": 61, "name": "b"}])
        .returning(Category.id, func.upper(Category.name).label("shout"))
        .cte()
    )
    await same(
        select(made.c.shout, Product.name).where(Product.id == made.c.id - 59),
        "with made as (insert into category (id, name) values (60, 'a'), (61, 'b')"
        " returning id, upper(name) as shout)"
        " select shout, p.name from made, product p where p.id = made.id - 59",
        rows=2,
    )


async def test_an_update_decides_about_another_one(same: Same) -> None:
    sold = delete(Sale).where(Sale.quantity == 4).returning(Sale.product_id).cte("sold")
    empty = (
        update(Product)
        .values(stock=0)
        .where(Product.id == sold.c.product_id)
        .returning(Product.category_id)
        .cte("empty")
    )
    await same(
        update(Category)
        .values(name="!" + Category.name)
        .where(Category.id.in_(select(empty.c.category_id)))
        .returning(Category.id),
        "with sold as (delete from sale where quantity = 4 returning product_id),"
        " empty as (update product set stock = 0 from sold where id = product_id"
        " returning category_id)"
        " update category set name = '!' || name where id in (select category_id from empty)"
        " returning id",
        then=PRODUCTS,
    )


async def test_an_update_decides_about_a_delete(same: Same) -> None:
    changed = update(Product).values(stock=1).where(Product.id < 3).returning(Product.id).cte()
    await same(
        delete(Sale).where(Sale.product_id == changed.c.id).returning(Sale.id),
        "with changed as (update product set stock = 1 where id < 3 returning id)"
        " delete from sale using changed where product_id = changed.id returning sale.id",
        then=PRODUCTS,
    )


async def test_statements_that_are_only_run_along(same: Same) -> None:
    await same(
        select(func.count(Sale.id)).add_cte(
            delete(Sale).where(Sale.id < 5).cte("gone"),
            update(Product).values(stock=77).cte(),
        ),
        "with gone as (delete from sale where id < 5), more as (update product set stock = 77)"
        " select count(*) from sale",
        then="select p.id, p.stock, (select count(*) from sale) from product p order by 1",
    )


@pytest.mark.parametrize("kind", ["insert", "update", "delete"])
async def test_a_statement_run_along_with_one_that_writes(same: Same, kind: str) -> None:
    gone = delete(Sale).where(Sale.id < 5).cte("gone")
    statement, by_hand = {
        "insert": (
            insert(Category).values(id=70, name="a").add_cte(gone),
            "insert into category (id, name) values (70, 'a')",
        ),
        "update": (
            update(Product).values(stock=1).add_cte(gone),
            "update product set stock = 1",
        ),
        "delete": (
            delete(Sale).where(Sale.id == 9).add_cte(gone),
            "delete from sale where id = 9",
        ),
    }[kind]
    await same(
        statement,
        f"with gone as (delete from sale where id < 5) {by_hand}",
        then="select 's', id from sale union all select 'p', stock from product"
        " union all select 'c', id from category order by 1, 2",
    )


async def test_a_set_operation_of_what_two_statements_return(same: Same) -> None:
    first = delete(Sale).where(Sale.id == 1).returning(Sale.id).cte("first")
    second = update(Sale).values(quantity=9).where(Sale.id == 2).returning(Sale.id).cte("second")
    await same(
        union_all(select(first.c.id), select(second.c.id)),
        "with a as (delete from sale where id = 1 returning id),"
        " b as (update sale set quantity = 9 where id = 2 returning id)"
        " select id from a union all select id from b",
        rows=2,
    )


async def test_an_upsert_whose_rows_are_counted(same: Same) -> None:
    statement = insert(Customer).values(
        [
            {"id": 50, "name": "G.", "email": "grace@example.org"},
            {"id": 51, "name": "Alan", "email": "alan@example.org"},
        ]
    )
    stored = (
        statement.on_conflict_do_update(
            index_elements=[Customer.email], set_={"name": statement.excluded.name}
        )
        .returning(Customer.id)
        .cte()
    )
    await same(
        select(func.count(), func.max(stored.c.id)),
        "with s as (insert into customer (id, name, email) values (50, 'G.', 'grace@example.org'),"
        " (51, 'Alan', 'alan@example.org') on conflict (email) do update set name = excluded.name"
        " returning id) select count(*), max(id) from s",
    )


def test_a_statement_without_returning_has_nothing_to_read() -> None:
    silent = delete(Sale).cte("silent")
    for read in (lambda: silent.c.id, lambda: str(select(func.count()).select_from(silent))):
        with pytest.raises(InvalidRequestError, match="has no columns without RETURNING"):
            read()
    with pytest.raises(InvalidRequestError, match="takes common table expressions, not a Delete"):
        select(Sale).add_cte(delete(Sale))  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="takes common table expressions"):
        delete(Sale).add_cte(select(Sale.id).subquery())


def test_what_is_run_along_is_part_of_the_key() -> None:
    plain = select(Product.id)
    assert plain._key != plain.add_cte(delete(Sale).cte("gone"))._key
    one, other = (
        plain.add_cte(delete(Sale).where(Sale.id == number).cte("gone")) for number in (1, 2)
    )
    assert one._key == other._key
    assert [parameter.value for parameter in other._parameters] == [2]
