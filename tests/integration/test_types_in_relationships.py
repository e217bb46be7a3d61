"""Types that travel as text are loaded along relationships and into shapes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict

from asyncorm import (
    Expression,
    func,
    joinedload,
    nestedload,
    select,
    selectinload,
    sessionmaker,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.support.many_types import ADDRESSES, Address, Cash, Color, Line, Owner, Thing
from tests.support.sent import Sent

LINE = Line("rake", Decimal("12.50"), ["x"])
LOADERS = [selectinload, joinedload, nestedload]


@pytest.fixture
async def factory(engine: Engine) -> AsyncIterator[SessionFactory]:
    await engine.create_all(Owner, Thing)
    factory = sessionmaker(engine)
    async with factory() as session:
        owner = Owner(id=1)
        owner.things = [
            Thing(
                id=1,
                email="a@b",
                price=Decimal("1.50"),
                emails=["x@y", "@,"],
                address=ADDRESSES[2],
                line=LINE,
                color=Color.O_HARE,
                vector="'a':1",
                cash=Cash(Decimal("2.50")),
                count=3,
            ),
            Thing(id=2),
        ]
        session.add(owner)
        await session.commit()
    yield factory
    await engine.drop_all(Owner, Thing)


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
async def test_related_rows_have_all_values(
    factory: SessionFactory, loader: Callable[..., Any], sent: Sent
) -> None:
    async with factory() as session:
        sent()
        owner = await session.one(select(Owner).options(loader(Owner.things)))
        assert len(sent()) == (2 if loader is selectinload else 1)
        first, second = owner.things
        assert first.email == "a@b"
        assert first.price == Decimal("1.50")
        assert first.emails == ["x@y", "@,"]
        assert first.address == ADDRESSES[2]
        assert first.line == LINE
        assert first.color is Color.O_HARE
        assert first.vector == "'a':1"
        assert first.cash == Cash(Decimal("2.50"))
        assert first.count == 3
        assert second.address is None
        assert second.cash is None


class ThingRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str | None
    price: Decimal | None
    emails: list[str] | None
    address: Address | None
    line: Line | None
    color: Color | None
    vector: str | None


class OwnerRead(BaseModel):
    id: int
    things: list[ThingRead]


async def test_read_models_nest_them(factory: SessionFactory, sent: Sent) -> None:
    async with factory() as session:
        sent()
        owner = await session.one(select(Owner).into(OwnerRead))
        assert len(sent()) == 1
    first, second = owner.things
    assert first.address == ADDRESSES[2]
    assert first.line == LINE
    assert first.emails == ["x@y", "@,"]
    assert (first.price, first.color, first.vector) == (Decimal("1.50"), Color.O_HARE, "'a':1")
    assert second == ThingRead(
        id=2,
        email=None,
        price=None,
        emails=None,
        address=None,
        line=None,
        color=None,
        vector=None,
    )


@dataclass
class Data:
    address: Address | None
    cash: Cash | None
    email: str | None


class Named(NamedTuple):
    line: Line | None
    color: Color | None
    price: Decimal | None


async def test_dataclasses_and_named_tuples_hold_them(factory: SessionFactory) -> None:
    async with factory() as session:
        found = await session.all(select(Thing).order_by(Thing.id).into(Data))
        assert found == [Data(ADDRESSES[2], Cash(Decimal("2.50")), "a@b"), Data(None, None, None)]
        named = await session.all(select(Thing).order_by(Thing.id).into(Named))
        assert named == [Named(LINE, Color.O_HARE, Decimal("1.50")), Named(None, None, None)]


async def test_raw_sql_tells_of_domains_by_their_base(factory: SessionFactory) -> None:
    async with factory() as session:
        found = await session.all(sql("select email, price from thing where id = {}", 1))
        assert found == [("a@b", Decimal("1.50"))]


async def test_aggregates_of_domains_and_custom_types_keep_their_type(
    factory: SessionFactory,
) -> None:
    async with factory() as session:
        largest: Expression[Cash, Any] = func.max(Thing.cash)
        assert await session.one(select(largest)) == Cash(Decimal("2.50"))
        assert await session.one(select(func.array_agg(Thing.price))) == [Decimal("1.50"), None]
