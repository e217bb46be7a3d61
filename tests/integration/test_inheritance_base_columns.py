"""Columns and relationships of a base class mean the rows of the class that is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncorm import (
    InvalidRequestError,
    UnloadedAttributeError,
    joinedload,
    nestedload,
    select,
    selectinload,
    with_loader_criteria,
)
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Toy, Trick

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncorm import LoaderOption
    from asyncorm.session.factory import SessionFactory
    from tests.support.sent import Sent


async def test_conditions_and_orders_on_columns_of_the_base(Animals: SessionFactory) -> None:
    async with Animals() as session:
        dogs = select(Dog).where(Animal.name > "E").order_by(Animal.name)
        assert [dog.name for dog in await session.all(dogs)] == ["Pip"]
        cats = select(Cat).where(Animal.name > "D")
        assert [cat.name for cat in await session.all(cats)] == ["Leo"]
        lions = select(Lion.mane).where(Animal.name == "Don")
        assert await session.all(lions) == []


async def test_conditions_and_joins_along_relationships_of_the_base(
    Animals: SessionFactory,
) -> None:
    async with Animals.begin() as session:
        session.add(Dog(name="Stray", breed="mutt"))
    async with Animals() as session:
        names = select(Dog.name).order_by(Dog.name)
        assert await session.all(names.where(Animal.owner.has())) == ["Don", "Pip"]
        assert await session.all(names.where(~Animal.owner.has())) == ["Stray"]
        pairs = await session.all(select(Dog, Owner).join(Animal.owner).order_by(Dog.name))
        assert [(dog.name, owner.name) for dog, owner in pairs] == [("Don", "Ada"), ("Pip", "Ada")]


async def test_both_classes_named_are_two_sources(Animals: SessionFactory) -> None:
    async with Animals() as session:
        others = select(Dog.name, Animal.name).join(Animal, Animal.name < Dog.name)
        rows = await session.all(others.where(Dog.name == "Don").order_by(Animal.name))
        assert [tuple(row) for row in rows] == [("Don", "Ann"), ("Don", "Cid")]


@pytest.mark.parametrize("load", [selectinload, joinedload, nestedload])
async def test_criteria_for_the_base_hold_for_what_leads_to_a_class(
    Animals: SessionFactory, load: Callable[..., LoaderOption]
) -> None:
    async with Animals() as session:
        for least, expected in (("A", "Don"), ("E", None)):
            late = with_loader_criteria(Animal, Animal.name > least)
            trick = await session.one(select(Trick).options(late, load(Trick.dog)))
            assert (trick.dog and trick.dog.name) == expected
            session.clear()


async def test_a_column_of_the_base_is_loaded_for_objects_of_all_classes(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        animals = await session.all(select(Animal).order_by(Animal.name))
        for animal in animals:
            session.expire(animal, ["name"])
        sent()
        assert await session.load(animals[1], Animal.name) == "Cid"
        assert sent.verbs() == ["SELECT"]
        assert [animal.name for animal in animals] == ["Ann", "Cid", "Don", "Leo", "Pip"]
        for animal in animals:
            session.expire(animal, ["name"])
        await session.load(animals, Animal.name)
        assert sent.verbs() == ["SELECT"]
        assert [animal.name for animal in animals] == ["Ann", "Cid", "Don", "Leo", "Pip"]


async def test_a_column_of_a_subclass_is_none_of_the_base(Animals: SessionFactory) -> None:
    async with Animals() as session:
        animals = await session.all(select(Animal).order_by(Animal.name))
        with pytest.raises(InvalidRequestError, match="is no column of Animal"):
            await session.load(animals, Cat.lives)
        session.expire(animals[1])
        with pytest.raises(UnloadedAttributeError):
            _ = animals[1].name
        assert await session.load(animals[1], Cat.lives) == 7  # type: ignore[arg-type]
        assert await session.all(select(Toy.name).where(Toy.cat.has(Animal.name == "Cid"))) == [
            "ball",
            "mouse",
        ]
