"""Injection through values; the numbers are those of the catalogue in docs/security.md."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from asyncorm import (
    AsyncORMError,
    DataError,
    Session,
    and_,
    case,
    defer,
    delete,
    func,
    literal,
    not_,
    or_,
    select,
    sql,
    union,
    update,
)
from asyncorm.compiler.compiler import compile_statement
from tests.support.shop import Category, Customer, Product, Sale

REFUSED = (AsyncORMError, TypeError, ValueError)


async def alive(session: Session) -> None:
    """The transaction goes on."""
    assert await session.scalar(select(func.count()).select_from(Product)) == 8


@pytest.mark.parametrize("text", ["%", "_", "\\", "0% w", "d_w", "100%", "\\%", "%%"])
@pytest.mark.parametrize("method", ["contains", "startswith", "endswith", "icontains"])
async def test_20_wildcards_of_users_are_plain(session: Session, text: str, method: str) -> None:
    if not hasattr(Product.name, method):
        pytest.skip(f"there is no {method}()")
    names = await session.all(select(Product.name))
    fits: Callable[[str], bool] = {
        "contains": lambda name: text in name,
        "startswith": lambda name: name.startswith(text),
        "endswith": lambda name: name.endswith(text),
        "icontains": lambda name: text.lower() in name.lower(),
    }[method]
    found = await session.all(select(Product.name).where(getattr(Product.name, method)(text)))
    assert sorted(found) == sorted(filter(fits, names))


async def test_20_wildcards_stay_plain_whatever_the_server_takes_for_an_escape(
    session: Session,
) -> None:
    pattern = select(Product.name).where(Product.name.contains("100%"))
    assert await session.all(pattern) == ["100% wood_work"]


@pytest.mark.parametrize(
    "value",
    ["1; x", "1", True, 1.5, Decimal(1), -1, 10**30, None, [1], {"a": 1}, math.nan],
    ids=repr,
)
def test_21_limits_are_whole_numbers(value: Any) -> None:
    for statement in (select(Product), union(select(Product.id), select(Product.id))):
        for method in (statement.limit, statement.offset):
            with pytest.raises(REFUSED):
                method(value)
    bound = select(Product).limit(5).offset(2)
    assert compile_statement(bound).arguments(bound) == [5, 2]


class Payload(BaseModel):
    ne: str = ""


OPERATORS: list[Any] = [
    {"ne": ""}, {"$gt": ""}, {"__raw__": "1=1"}, ["a"], ("a", "b"), {"a"}, Payload(), object(),
    5, b"x",
]  # fmt: skip


@pytest.mark.parametrize("value", OPERATORS, ids=lambda value: type(value).__name__)
def test_23_what_is_no_text_is_not_compared_with_one(value: Any) -> None:
    for build in (
        lambda: Customer.email == value,
        lambda: Customer.email != value,
        lambda: Customer.email.in_([value]),
        lambda: select(Customer).filter_by(email=value),
        lambda: update(Customer).values(email=value),
        lambda: delete(Customer).filter_by(email=value),
        lambda: Customer.email.contains(value),
        lambda: Customer.email.like(value),
        lambda: Customer.email.between(value, "x"),
    ):
        with pytest.raises(AsyncORMError, match=r"email|customer"):
            build()


@pytest.mark.parametrize("value", [..., object(), NotImplemented, type], ids=repr)
def test_24_a_value_that_is_none_is_refused(value: Any) -> None:
    for build in (
        lambda: select(Product).where(value),
        lambda: select(Product).where(Product.id == value),
        lambda: select(Product).filter_by(id=value),
        lambda: and_(value),
        lambda: or_(Product.id == 1, value),
        lambda: not_(value),
    ):
        with pytest.raises(REFUSED):
            compile_statement(select(Product).where(build()))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, True, False, (), [], {}], ids=repr)
def test_24_a_condition_that_vanished_is_refused(value: Any) -> None:
    for build in (
        lambda: select(Product).where(value),
        lambda: delete(Product).where(value),
        lambda: update(Product).values(stock=1).where(value),
        lambda: select(Product.id).group_by(Product.id).having(value),
        lambda: and_(value),
        lambda: or_(value),
    ):
        with pytest.raises(REFUSED):
            build()


def test_24_conditions_of_nothing_say_what_they_are() -> None:
    assert str(select(Category.id).where(Category.parent_id == None)).endswith(
        'WHERE "category"."parent_id" IS NULL'
    )
    for combine in (and_, or_):
        with pytest.raises(AsyncORMError):
            combine()


async def test_25_lists_without_values(session: Session) -> None:
    every = await session.all(select(Product.id).order_by(Product.id))
    assert await session.all(select(Product.id).where(Product.id.in_([]))) == []
    found = await session.all(select(Product.id).where(Product.id.not_in([])).order_by(Product.id))
    assert found == every
    # NULL among the values is compared as SQL does: never equal, never surely different
    assert await session.all(select(Product.id).where(Product.discount.in_([None, 5]))) == [4]
    assert await session.all(select(Product.id).where(Product.discount.not_in([None, 5]))) == []


async def test_26_a_million_keys_are_one_parameter(session: Session) -> None:
    statement = select(Product.id).where(Product.id.in_(range(1_000_000))).order_by(Product.id)
    assert len(compile_statement(statement).arguments(statement)) == 1
    assert await session.all(statement) == list(range(1, 9))
    assert len(await session.get_many(Category, range(1, 40_001))) == 40_000


BAD_TEXTS = ["a\0b", "\ud800", "x\udfff", "\0"]


@pytest.mark.parametrize("text", BAD_TEXTS, ids=ascii)
async def test_27_a_text_that_cannot_be_stored_is_an_error_with_a_name(
    session: Session, text: str
) -> None:
    for statement in (
        select(Product).where(Product.name == text),
        select(Product).where(Product.name.in_([text])),
        select(Product).where(Product.tags.contains([text])),
        select(literal(text)),
        sql("select {}", text),
        update(Product).values(name=text),
    ):
        async with session.begin_nested() as savepoint:
            with pytest.raises(AsyncORMError) as caught:
                await session.execute(statement)
            assert text not in str(caught.value)
            await savepoint.rollback()
        await alive(session)


@pytest.mark.parametrize("text", BAD_TEXTS, ids=ascii)
async def test_27_a_flush_names_the_object(session: Session, text: str) -> None:
    customer = Customer(name=text, email="x")
    session.add(customer)
    with pytest.raises(AsyncORMError) as caught:
        await session.flush()
    assert text not in str(caught.value)
    assert caught.value.objects == (customer,) or list(caught.value.objects) == [customer]  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**200], ids=repr)
async def test_28_a_number_too_large_is_an_error_with_a_name(session: Session, value: int) -> None:
    with pytest.raises(AsyncORMError):
        async with session.begin_nested():
            await session.execute(update(Product).values(stock=value))
    await alive(session)
    with pytest.raises(AsyncORMError, match="out of range for bigint"):
        await session.all(select(Product.id).where(Product.stock == value))
    await alive(session)
    session.add(Category(name="x", parent_id=value))
    with pytest.raises(AsyncORMError, match=r"parent_id|bigint|range"):
        await session.flush()


@pytest.mark.parametrize("value", [True, False])
def test_28_a_boolean_is_no_number(value: Any) -> None:
    for build in (
        lambda: Product.id == value,
        lambda: Product.stock.in_([value]),
        lambda: Product.price > value,
        lambda: Product.stock + value,
        lambda: update(Product).values(stock=value),
        lambda: select(Product).filter_by(id=value),
    ):
        with pytest.raises(AsyncORMError, match="not bool"):
            build()


@pytest.mark.parametrize("value", [True, False, 1.0, 1.9, Decimal("1.9"), math.nan], ids=repr)
async def test_28_what_is_no_whole_number_is_no_key(session: Session, value: Any) -> None:
    for key in (value, (value,), {"id": value}):
        with pytest.raises(AsyncORMError, match="is no primary key of Product"):
            await session.get(Product, key)
        with pytest.raises(AsyncORMError, match="is no primary key of Product"):
            await session.get_many(Product, [key])


@pytest.mark.parametrize("value", ["x", 0, -1, True, 1.5, None, 2**31], ids=repr)
async def test_21_rows_to_fetch_at_once_are_a_number(session: Session, value: Any) -> None:
    with pytest.raises(AsyncORMError, match="prefetch"):
        await session.stream(select(Product), prefetch=value)
    await alive(session)


@pytest.mark.parametrize("day", ["infinity", "-infinity", "4713-01-01 BC", "20000-01-01"])
async def test_30_a_day_beyond_python_hides_no_row(session: Session, day: str) -> None:
    await session.execute(sql("update product set added_on = {}::text::date where id = 1", day))
    await session.execute(sql("update sale set sold_at = {}::text::timestamptz where id = 1", day))
    products = await session.all(select(Product).order_by(Product.id))
    assert [product.id for product in products] == list(range(1, 9))
    assert len(await session.all(select(Product.added_on))) == 8
    sales = await session.all(select(Sale.id, Sale.sold_at))
    assert (1 in {id_ for id_, _ in sales}) and len(sales) > 1
    products[0].name = "still writable"
    await session.flush()
    assert await session.scalar(sql("select added_on::text from product where id = 1")) == day


async def test_31_a_document_that_is_too_deep_leaves_the_session_usable(session: Session) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    product = await session.get(Product, 1)
    assert product is not None
    with pytest.raises(AsyncORMError):
        async with session.begin_nested():
            product.details = {"deep": deep}
            await session.flush()
    await alive(session)
    while deep:  # by hand, since Python frees nested lists by recursion
        deep = deep.pop()


async def test_31_a_deep_document_of_others_does_not_hide_rows(session: Session) -> None:
    text = '{"a": ' + "[" * 5000 + "]" * 5000 + "}"
    await session.execute(sql("update product set details = {}::jsonb where id = 1", text))
    names = await session.all(select(Product.name).order_by(Product.id))
    assert names[0] == "rake"
    others = await session.all(select(Product).where(Product.id > 1))
    assert len(others) == 7
    with pytest.raises(DataError, match="nested too deep"):
        await session.one(select(Product).where(Product.id == 1))
    await alive(session)
    deferred = await session.all(select(Product).options(defer(Product.details)))
    assert len(deferred) == 8


async def test_32_nothing_in_a_document_is_an_instruction(session: Session) -> None:
    text = (
        '{"__class__": "os.system", "py/object": "x", "__reduce__": [1], "a": 1, "a": 2, '
        '"n": 123456789012345678901234567890}'
    )
    await session.execute(sql("update product set details = {}::jsonb where id = 1", text))
    product = await session.one(select(Product).where(Product.id == 1))
    # the server keeps the last of two equal keys
    assert product.details == {
        "__class__": "os.system", "py/object": "x", "__reduce__": [1], "a": 2,
        "n": 123456789012345678901234567890,
    }  # fmt: skip


async def test_35_parameters_say_their_types(session: Session) -> None:
    statement = select(Product.id).where(Product.id == 1, Product.name == "1", Product.price > 5)
    assert str(statement).count("::") == 3
    with pytest.raises(AsyncORMError):
        select(Product).where(Product.id == "1")  # type: ignore[arg-type]


async def test_36_patterns_are_values(session: Session) -> None:
    pattern = "(a+)+$'; drop table product --"
    statement = select(Product.name).where(Product.name.regexp(pattern))
    assert "drop" not in str(statement)
    assert await session.all(statement) == []


def test_49_a_value_never_becomes_a_name() -> None:
    evil = 'x"; drop table product --'
    statement = (
        select(case((Product.name == evil, evil), else_=evil), func.concat(evil), literal(evil))
        .where(
            Product.name.in_([evil]), Product.tags.any(evil), Product.details[evil].astext == evil
        )
        .order_by(case((Product.name == evil, 1), else_=2))
    )
    assert "drop" not in str(statement)
    assert len(compile_statement(statement).arguments(statement)) == 12


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=repr)
async def test_29_json_has_no_nan(session: Session, value: float) -> None:
    product = await session.get(Product, 1)
    assert product is not None
    product.details = {"n": value}
    with pytest.raises(AsyncORMError):
        await session.flush()


async def test_29_nan_is_one_value(session: Session) -> None:
    product = await session.get(Product, 1)
    assert product is not None
    product.price = Decimal("NaN")
    await session.flush()
    product.price = Decimal("NaN")
    assert await session.all(select(Product.id).where(Product.price == Decimal("NaN"))) == [1]
    assert product not in session.dirty or (await session.plan()).batches == ()
