"""merge and apply over dict collections."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    attribute_keyed_dict,
    column,
    foreign_key,
    relationship,
    select,
    selectinload,
    sessionmaker,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class Dish(Base, table="dish"):
    id: Mapped[int] = column(primary_key=True, init=False)
    amounts: Related[dict[str, Amount]] = relationship(
        cascade="all, delete-orphan", collection_class=attribute_keyed_dict("name")
    )


class Amount(Base, table="dish_amount"):
    id: Mapped[int] = column(primary_key=True, init=False)
    dish_id: Mapped[int] = foreign_key(Dish.id)
    name: Mapped[str]
    grams: Mapped[int] = column(default=0)


@pytest.fixture
async def Kitchen(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802 - a factory
    """Makes sessions on a dish with flour and salt."""
    await tables(Base)
    factory = sessionmaker(engine)
    async with factory() as session:
        session.add(Dish(amounts={n: Amount(name=n, grams=5) for n in ("flour", "salt")}))
        await session.commit()
    return factory


async def stored(factory: SessionFactory) -> Dish:
    async with factory() as session:
        return await session.one(select(Dish).options(selectinload(Dish.amounts)))


async def test_a_payload_of_a_dict_follows_the_orphan_rules(Kitchen: SessionFactory) -> None:
    flour = (await stored(Kitchen)).amounts["flour"].id
    async with Kitchen() as session:
        dish = await session.get_one(Dish, 1)
        new = {"name": "yeast", "grams": 7}
        await session.apply(dish, {"amounts": {"flour": {"id": flour, "grams": 500}, "yeast": new}})
        await session.commit()
    found = (await stored(Kitchen)).amounts
    assert {name: amount.grams for name, amount in found.items()} == {"flour": 500, "yeast": 7}


@pytest.mark.parametrize(
    "amounts",
    [
        {"flour": {"grams": 500}, "yeast": {"grams": 7}},
        [{"name": "flour", "grams": 500}, {"name": "yeast", "grams": 7}],
    ],
)
async def test_a_payload_tells_the_key_once(Kitchen: SessionFactory, amounts: Any) -> None:
    async with Kitchen() as session:
        dish = await session.get_one(Dish, 1)
        await session.apply(dish, {"amounts": amounts})
        await session.commit()
    found = (await stored(Kitchen)).amounts
    assert {name: amount.grams for name, amount in found.items()} == {"flour": 500, "yeast": 7}


async def test_a_key_twice_in_a_list_is_refused(Kitchen: SessionFactory) -> None:
    async with Kitchen() as session:
        dish = await session.get_one(Dish, 1)
        with pytest.raises(InvalidRequestError, match=r"Amount\.name twice in Dish\.amounts"):
            await session.apply(dish, {"amounts": [{"name": "flour"}, {"name": "flour"}]})


@pytest.mark.parametrize("load", [True, False])
async def test_a_merge_takes_a_dict_over(Kitchen: SessionFactory, load: bool) -> None:
    """M5 M6 M7"""
    source = await stored(Kitchen)
    if load:
        del source.amounts["salt"]
    async with Kitchen() as session:
        merged = await session.merge(source, load=load)
        assert merged.amounts.keys() == source.amounts.keys()
        assert merged.amounts["flour"] is not source.amounts["flour"]
        await session.commit()
    assert (await stored(Kitchen)).amounts.keys() == source.amounts.keys()
