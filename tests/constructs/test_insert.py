"""INSERT: what rows can be made of, conflicts, and what comes back."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import pglast
import pytest

from asyncorm import (
    Identity,
    Index,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    column,
    default,
    func,
    generated,
    insert,
    literal,
    not_,
    select,
    sql,
    union_all,
    update,
    with_loader_criteria,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.constructs.conftest import Same
from tests.support.shop import Category, Customer, Product, Sale


class Own(Model):
    metadata = MetaData()


class Seat(Own, table="dml_seat"):
    id: Mapped[int] = column(primary_key=True)
    number: Mapped[int]
    hall: Mapped[str] = column(default="a")
    free: Mapped[bool] = column(default=False)
    __table_args__ = (
        Index("one_taken", sql("(number + 0)"), "hall", unique=True, where=sql("not free")),
    )


class Ticket(Own, table="dml_ticket"):
    id: Mapped[int] = generated(primary_key=True)
    holder: Mapped[str] = column(server_default=literal("nobody"))
    shout: Mapped[str] = column(computed=sql("upper(holder)"), init=False)


Ticket.__table__.columns["id"].identity = Identity(always=True)


class Named(NamedTuple):
    name: str


CUSTOMERS = "select name, email, city from customer order by email"
DAY = date(2026, 1, 1)


async def test_one_row_of_keywords(same: Same) -> None:
    await same(
        insert(Customer).values(id=50, name="Alan", email="alan@example.org"),
        "insert into customer (id, name, email, city) values (50, $1, $2, null)",
        "Alan",
        "alan@example.org",
        then=CUSTOMERS,
    )


async def test_many_rows_of_dicts_and_columns(same: Same) -> None:
    rows: list[dict[Any, Any]] = [
        {Customer.id: 50, Customer.name: "Alan", Customer.email: "a@x", Customer.city: "Wilmslow"},
        {Customer.id: 51, Customer.name: "Kurt", Customer.email: "k@x", Customer.city: None},
    ]
    await same(
        insert(Customer).values(rows),
        "insert into customer values (50, 'Alan', 'a@x', 'Wilmslow'), (51, 'Kurt', 'k@x', null)",
        then=CUSTOMERS,
    )


async def test_rows_of_different_columns_and_expressions(same: Same) -> None:
    await same(
        insert(Customer).values(
            [
                {"id": 50, "name": func.upper("alan"), "email": "a@x"},
                {"id": 51, "name": "Kurt", "email": "k@x", "city": "Brno"},
            ]
        ),
        "insert into customer values (50, upper('alan'), 'a@x', null), (51, 'Kurt', 'k@x', 'Brno')",
        then=CUSTOMERS,
    )


async def test_a_value_from_a_query_of_the_same_table(same: Same) -> None:
    # two sources: the table that is inserted into must not be taken for one around the query
    largest = (
        select(func.max(Product.price)).join(Product.category).where(Category.name == "garden")
    )
    await same(
        insert(Product).values(
            id=50, name="trowel", price=largest, added_on=DAY, category_id=2, stock=1, tags=[]
        ),
        "insert into product (id, name, price, added_on, category_id, stock, tags, details)"
        " values"
        " (50, 'trowel', (select max(p.price) from product p join category c"
        " on c.id = p.category_id where c.name = 'garden'), $1, 2, 1, '{}', '{}')",
        DAY,
        then="select name, price, stock from product order by name",
    )


async def test_the_default_of_the_server(same: Same) -> None:
    await same(
        insert(Category).values(id=50, name="toys", parent_id=default()).returning(Category),
        "insert into category (id, name, parent_id) values (50, 'toys', default) returning *",
    )


async def test_the_rows_of_a_query(same: Same) -> None:
    await same(
        insert(Customer).from_select(
            ["id", Customer.name, "email", "city"],
            select(Customer.id + 50, Customer.name, "x-" + Customer.email, Customer.city).where(
                Customer.city == "London"
            ),
        ),
        "insert into customer"
        " select id + 50, name, 'x-' || email, city from customer where city = 'London'",
        then=CUSTOMERS,
    )


async def test_the_rows_of_a_query_get_defaults_of_the_model(same: Same) -> None:
    statement = insert(Product).from_select(
        ["id", "name", "price", "added_on", "category_id"],
        select(
            Product.id + 50,
            "more " + Product.name,
            Product.price * 2,
            Product.added_on,
            Product.category_id,
        )
        .where(Product.stock > 5)
        .order_by(Product.id),
    )
    await same(
        statement,
        "insert into product (id, name, price, added_on, category_id, stock, tags, details)"
        " select id + 50, 'more ' || name, price * 2, added_on, category_id, 0, '{}', '{}'"
        " from product"
        " where stock > 5",
        then="select name, price, stock, discount, tags, details::text from product order by name",
    )


async def test_the_rows_of_a_set_operation(same: Same) -> None:
    names = union_all(
        select(Customer.id + 50, Customer.name).where(Customer.id == 1),
        select(Product.id + 50, Product.name).where(Product.id == 2),
    )
    await same(
        insert(Category).from_select(["id", "name"], names),
        "insert into category (id, name) select id + 50, name from customer where id = 1"
        " union all select id + 50, name from product where id = 2",
        then="select name, parent_id from category order by name, parent_id",
    )


async def test_the_rows_of_a_common_table_expression(same: Same) -> None:
    busy = (
        select(Sale.customer_id, func.sum(Sale.quantity).label("bought"))
        .group_by(Sale.customer_id)
        .cte("busy")
    )
    query = select(Customer.id + 50, Customer.name, busy.c.customer_id).where(
        busy.c.customer_id == Customer.id, busy.c.bought > 20
    )
    await same(
        insert(Category).from_select(["id", "name", "parent_id"], query),
        "with busy as (select customer_id, sum(quantity) as bought from sale group by 1)"
        " insert into category (id, name, parent_id)"
        " select c.id + 50, c.name, b.customer_id from customer c, busy b"
        " where b.customer_id = c.id and b.bought > 20",
        then="select name, parent_id from category order by name, parent_id",
    )


async def test_many_rows_come_back_in_their_order(same: Same) -> None:
    rows = [{"id": 50 + n, "name": f"c{n}", "email": f"c{n}@example.org"} for n in range(50)]
    found = await same(
        insert(Customer).values(rows).returning(Customer.name, Customer.email),
        "insert into customer (id, name, email)"
        " select 50 + n, 'c' || n, 'c' || n || '@example.org' from generate_series(0, 49) n"
        " returning name, email",
        rows=50,
    )
    assert [name for name, _ in found] == [f"c{n}" for n in range(50)]


async def test_expressions_come_back(same: Same) -> None:
    await same(
        insert(Customer)
        .values(id=50, name="Alan", email="alan@example.org")
        .returning(
            func.upper(Customer.name).label("shout"),
            select(func.count(Sale.id)).where(Sale.customer_id == Customer.id).scalar_subquery(),
        ),
        "insert into customer (id, name, email) values (50, 'Alan', 'alan@example.org')"
        " returning upper(name), (select count(*) from sale where customer_id = customer.id)",
    )


# ON CONFLICT


def grace() -> Any:
    rows = [
        {"id": 50, "name": "G.", "email": "grace@example.org", "city": "Arlington"},
        {"id": 51, "name": "Alan", "email": "alan@example.org", "city": None},
    ]
    return insert(Customer).values(rows)


_GRACE = (
    "insert into customer values (50, 'G.', 'grace@example.org', 'Arlington'),"
    " (51, 'Alan', 'alan@example.org', null) "
)


@pytest.mark.parametrize(
    ("options", "by_hand"),
    [
        ({}, ""),
        ({"index_elements": ["email"]}, "(email)"),
        ({"index_elements": [Customer.email]}, "(email)"),
        ({"constraint": "uq_customer_email"}, "on constraint uq_customer_email"),
    ],
)
async def test_a_conflict_leaves_a_row_out(
    same: Same, options: dict[str, Any], by_hand: str
) -> None:
    await same(
        grace().on_conflict_do_nothing(**options).returning(Customer.email),
        f"{_GRACE} on conflict {by_hand} do nothing returning email",
        rows=1,
        then=CUSTOMERS,
    )


async def test_a_conflict_updates_from_what_was_proposed(same: Same) -> None:
    statement = grace()
    excluded = statement.excluded
    await same(
        statement.on_conflict_do_update(
            index_elements=[Customer.email],
            set_=[
                Customer.name.set(Customer.name + " " + excluded[Customer.name]),
                Customer.city.set(excluded.city),
            ],
            where=excluded["city"] != Customer.city,
        ).returning(Customer),
        f"{_GRACE} on conflict (email) do update set name = customer.name || ' ' || excluded.name,"
        " city = excluded.city where excluded.city <> customer.city returning *",
        rows=2,
        then=CUSTOMERS,
    )


async def test_a_partial_index_decides(engine: Engine, tables: CreateTables) -> None:
    await tables(Seat)
    rows = [{"id": 1, "number": 7}, {"id": 2, "number": 7}, {"id": 3, "number": 7, "free": True}]
    async with engine.connect() as connection:
        for row in rows:
            statement = insert(Seat).values(row)
            statement = statement.on_conflict_do_update(
                index_elements=[sql("(number + 0)"), Seat.hall],
                index_where=not_(Seat.free),
                set_={Seat.id: statement.excluded.id + 10},
            )
            assert len(pglast.parse_sql(str(statement))) == 1
            await connection.execute(statement)
        found = await connection.execute(select(Seat.id, Seat.free).order_by(Seat.id))
        assert found.all() == [(3, True), (12, False)]


async def test_the_server_numbers_always(engine: Engine, tables: CreateTables) -> None:
    await tables(Ticket)
    with pytest.raises(InvalidRequestError, match=r"GENERATED ALWAYS.*\n.*overriding_system_value"):
        str(insert(Ticket).values(id=7, holder="a"))
    async with engine.connect() as connection:
        await connection.execute(insert(Ticket).values(id=7, holder="a").overriding_system_value())
        await connection.execute(
            insert(Ticket)
            .values([{"id": 8, "holder": "b"}, {"id": 9, "holder": "c"}])
            .overriding_user_value()
        )
        found = await connection.execute(select(Ticket.id, Ticket.holder).order_by(Ticket.id))
        assert found.all() == [(1, "b"), (2, "c"), (7, "a")]
        row = await connection.execute(insert(Ticket).returning(Ticket.id, Ticket.shout))
        assert row.one() == (3, "NOBODY")


async def test_what_the_server_computes_takes_no_value() -> None:
    hint = "leave it out, and change the columns"
    for build in (
        lambda: insert(Ticket).values(holder="a", shout="A"),
        lambda: insert(Ticket).values([{"holder": "a", "shout": "A"}, {"holder": "b"}]),
        lambda: insert(Ticket).from_select(["shout"], select(Customer.name)),
        lambda: update(Ticket).values(shout="A"),
        lambda: update(Ticket).set(Ticket.shout.set("A")),
    ):
        with pytest.raises(InvalidRequestError, match=hint):
            build()
    assert "DEFAULT" in str(update(Ticket).values(shout=default()))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: str(insert(Customer).values(name=Product.name)),
            r"values\(\) of insert\(Customer\) names columns of table product",
        ),
        (
            lambda: str(insert(Customer).values(name=insert(Customer).excluded.name)),
            "names columns of excluded of Customer",
        ),
        (
            lambda: insert(Customer).options(
                with_loader_criteria(Customer, Customer.city == "London")
            ),
            "takes no criteria",
        ),
        (
            lambda: insert(Customer).from_select(["name"], select(Customer)),
            r"insert\(Customer\).from_select\(\) takes 1 columns, and the query has 4",
        ),
        (
            lambda: insert(Customer).from_select(["name"], select(Customer.name).cte()),
            "takes a select",
        ),
        (
            lambda: str(insert(Customer).values(name="a").returning(Product.name)),
            "names table product, which the statement is not about",
        ),
        (
            lambda: str(insert(Customer).values(name="a").into(Named)),
            r"into\(\) has no rows to make of insert\(Customer\)",
        ),
        (
            lambda: insert(Customer).on_conflict_do_update(
                index_elements=["email"], set_=[Product.name.set("a")]
            ),
            "does not belong to Customer",
        ),
        (
            lambda: insert(Customer).on_conflict_do_nothing(
                index_elements=["email"], index_where=Customer.city != "London"
            ),
            "index_where can't hold values",
        ),
    ],
)
def test_what_the_server_would_refuse_is_refused_before(build: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        build()
