"""Rows of a hierarchy become objects of the classes they name, complete and in one statement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from asyncorm import aliased, exists, func, select, selectinload, sessionmaker
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy, Trick, Zoo

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine
    from asyncorm.session.factory import SessionFactory
    from tests.support.sent import Sent


@pytest.fixture
async def Session(engine: Engine) -> AsyncIterator[SessionFactory]:  # noqa: N802 - a factory
    """Makes sessions on the animals, of which there is one of each class."""
    await engine.create_all(Zoo)
    factory = sessionmaker(engine)
    async with factory() as session:
        ada = Owner(name="Ada")
        session.add(ada)
        ada.pets = [
            Animal(name="Ann"),
            Cat(name="Cid", lives=7, toys=[Toy(name="ball"), Toy(name="mouse")]),
            Lion(name="Leo", mane="long"),
            Dog(name="Don", breed="pug", tricks=[Trick(name="sit")]),
            Puppy(name="Pip", breed="mutt", weeks=6),
        ]
        await session.commit()
    yield factory
    await engine.drop_all(Zoo)


async def test_the_base_brings_complete_objects_of_all_classes_in_one_statement(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        sent()
        found = await session.all(select(Animal).order_by(Animal.id))
        assert [type(animal) for animal in found] == [Animal, Cat, Lion, Dog, Puppy]
        _, cid, leo, don, pip = found
        assert (cid.lives, leo.lives, leo.mane, don.breed, pip.breed, pip.weeks) == (
            7, 9, "long", "pug", "mutt", 6,
        )  # fmt: skip
        assert [animal.kind for animal in found] == ["animal", "cat", "lion", "dog", "puppy"]
        assert sent.verbs() == ["SELECT"]


async def test_a_class_brings_its_own_rows_and_those_of_its_subclasses(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        assert [a.name for a in await session.all(select(Cat).order_by(Cat.id))] == ["Cid", "Leo"]
        assert [a.name for a in await session.all(select(Dog).order_by(Dog.id))] == ["Don", "Pip"]
        assert [type(a) for a in await session.all(select(Dog).order_by(Dog.id))] == [Dog, Puppy]
        assert [a.name for a in await session.all(select(Puppy))] == ["Pip"]
        assert [a.mane for a in await session.all(select(Lion).where(Lion.name == "Leo"))] == [
            "long"
        ]
