"""Rows of raw SQL: several entities, shapes, single values, also through a cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import pytest
from pydantic import BaseModel

from asyncorm import ArgumentError, InvalidRequestError, Session, aliased, select, sql
from tests.support.shop import Category, Customer, Product, Sale

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine


class Price(BaseModel):
    name: str
    price: Decimal


@dataclass
class PriceData:
    name: str
    price: Decimal


class PriceTuple(NamedTuple):
    name: str
    price: Decimal


class PriceDict(TypedDict):
    name: str
    price: Decimal


@pytest.fixture
async def session(engine: Engine, shop: None) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


JOINED = "select {}, {} from product join category on category.id = category_id order by product.id"


@pytest.mark.parametrize("turned", [False, True])
async def test_two_entities_of_one_row_keep_their_columns_apart(
    session: Session, turned: bool
) -> None:
    statement = sql(JOINED, Category, Product) if turned else sql(JOINED, Product, Category)
    pairs = await session.all(statement.into(Product, Category))
    assert [(product.id, category.id) for product, category in pairs] == [
        (1, 2), (2, 2), (3, 3), (4, 3), (5, 4), (6, 4), (7, 5), (8, 5)
    ]  # fmt: skip
    assert all(product.category_id == category.id for product, category in pairs)
    assert pairs[0].Product is await session.get(Product, 1)
    assert pairs[0][0].details == {"weight": 900, "size": {"cm": 150}}
    assert len(session.dirty) == 0


async def test_entities_with_further_columns(session: Session) -> None:
    text = """select {}, count(sale.id), {}, sum(quantity * price) from product
        left join category on false left join sale on product_id = product.id
        group by product.id, category.id order by product.id"""
    statement = sql(text, Product, Category).into(Product, int, Category, Decimal)
    first = (await session.execute(statement)).first()
    assert first is not None
    product, count, category, total = first
    assert (product.name, count, category) == ("rake", 4, None)
    assert isinstance(total, Decimal)
    with pytest.raises(ArgumentError, match=r"into\(int\) was given a Decimal"):
        await session.all(sql(text, Product, Category).into(Product, int, Category, int))
    with pytest.raises(InvalidRequestError, match="returns 2 columns besides"):
        await session.all(sql(text, Product, Category).into(Product, Category))


async def test_an_entity_twice_under_aliases(session: Session) -> None:
    child, parent = aliased(Category, "child"), aliased(Category, "parent")
    pairs = await session.all(
        sql(
            "select {}, {} from category child join category parent on child.parent_id = parent.id "
            "order by child.id",
            child,
            parent,
        ).into(parent, child)
    )
    assert [(below.name, above.name) for above, below in pairs] == [
        ("garden", "tools"), ("hoses", "garden"), ("workshop", "tools")
    ]  # fmt: skip
    alone = await session.all(
        sql("select {} from category child where parent_id is null order by 1", child).into(child)
    )
    assert [category.name for category in alone] == ["tools", "books"]


async def test_what_would_mix_two_entities_up_is_refused(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="several columns 'id'") as caught:
        await session.all(sql(JOINED, Category, Product).into(Product))
    assert "into(User, Book)" in str(caught.value)
    star = "select * from sale join product on product.id = product_id"
    with pytest.raises(InvalidRequestError, match="several columns 'id'"):
        await session.all(sql(star).into(Sale))
    with pytest.raises(InvalidRequestError, match="each of its entities once"):
        await session.all(sql(star).into(Sale, Product))
    with pytest.raises(InvalidRequestError, match="are not in the rows"):
        text = "with x as (select {} from product) select {} from category"
        await session.all(sql(text, Product, Category).into(Product, Category))


@pytest.mark.parametrize("shape", [Price, PriceData, PriceTuple, PriceDict])
async def test_rows_as_a_shape(session: Session, shape: type) -> None:
    text = "select name, price from product where id = {}"
    found = await session.one(sql(text, 1).into(shape))
    values = {"name": "rake", "price": Decimal("12.50")}
    assert found == (values if shape is PriceDict else shape(**values))


async def test_rows_without_a_shape_are_tuples(session: Session) -> None:
    row = await session.one(sql("select name, price from product where id = {}", 1))
    assert row == ("rake", Decimal("12.50"))
    assert row.name == "rake"
    assert await session.one(sql("select count(*) from product")) == 8


async def test_single_values_are_checked(session: Session) -> None:
    assert await session.one(sql("select count(*) from product").into(int)) == 8
    with pytest.raises(ArgumentError, match=r"into\(str\) was given a int by column count"):
        await session.one(sql("select count(*) from product").into(str))
    with pytest.raises(ArgumentError, match="into"):
        await session.one(sql("select count(*) from product").into(tuple))
    with pytest.raises(ArgumentError, match="takes a class, not a str"):
        sql("select 1").into("Product")  # type: ignore[call-overload]


async def test_a_cursor_gives_what_into_says(session: Session) -> None:
    statement = sql("select {} from product order by id", Product).into(Product)
    found = [product async for product in await session.stream(statement, prefetch=3)]
    assert [product.id for product in found] == list(range(1, 9))
    assert found[0] is await session.get(Product, 1)
    pairs = sql(JOINED, Product, Category).into(Product, Category)
    stream = await session.stream(pairs, prefetch=3)
    assert [(p.id, c.name) async for p, c in stream][:3] == [
        (1, "garden"), (2, "garden"), (3, "hoses")
    ]  # fmt: skip
    prices = sql("select name, price from product order by id").into(PriceTuple)
    names = [row.name async for row in await session.stream(prices)]
    assert names[:2] == ["rake", "spade"]
    scalars = await session.stream_scalars(sql("select id, name from customer order by 1"))
    assert [number async for number in scalars] == [1, 2, 3, 4]


async def test_columns_of_a_text_that_are_missing_stay_unloaded(session: Session) -> None:
    customer = await session.one(sql("select id, name from customer where id = 1").into(Customer))
    assert customer.name == "Ada"
    assert "city" in repr(customer)
    assert "<unloaded>" in repr(customer)


@pytest.mark.parametrize("shape", [PriceData, PriceTuple, PriceDict, Price])
async def test_two_columns_of_one_name_are_refused_by_every_shape(
    session: Session, shape: type[object]
) -> None:
    text = sql(
        "select product.name, category.name, price from product "
        "join category on category.id = category_id"
    )
    built = select(Product.name, Category.name, Product.price).join(Product.category)
    for statement in (text.into(shape), built.into(shape)):
        with pytest.raises(ArgumentError, match="several columns name") as caught:
            await session.all(statement)
        assert ".label('name')" in str(caught.value)
