"""merge and apply over many-to-many links."""

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
    column,
    foreign_key,
    relationship,
    select,
    selectinload,
    sessionmaker,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent


class Base(Model):
    metadata = MetaData()


class Recipe(Base, table="recipe"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    labels: Related[list[Label]] = relationship(secondary="recipe_label", order_by="id")


class Label(Base, table="recipe_tag"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]


class RecipeLabel(Base, table="recipe_label"):
    recipe_id: Mapped[int] = foreign_key(Recipe.id, primary_key=True)
    label_id: Mapped[int] = foreign_key(Label.id, primary_key=True)


@pytest.fixture
async def Kitchen(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802 - a factory
    """Makes sessions on a recipe with labels 1 and 2; 3 is free."""
    await tables(Base)
    factory = sessionmaker(engine)
    async with factory() as session:
        labels = [Label(name=n) for n in ("sweet", "warm")]
        session.add(Recipe(name="bread", labels=labels))
        await session.flush()
        session.add(Label(name="old"))
        await session.commit()
    return factory


async def stored(factory: SessionFactory) -> list[str]:
    async with factory() as session:
        recipe = await session.one(select(Recipe).options(selectinload(Recipe.labels)))
        return [label.name for label in recipe.labels]


async def test_a_payload_links_by_key_creates_changes_and_unlinks(
    Kitchen: SessionFactory, sent: Sent
) -> None:
    async with Kitchen() as session:
        recipe = await session.get_one(Recipe, 1)
        sent()
        await session.apply(
            recipe, {"labels": [{"id": 1, "name": "SWEET"}, {"id": 3}, {"name": "new"}]}
        )
        assert sent.verbs() == ["SELECT", "SELECT"]  # the links, and label 3
        await session.commit()
    assert await stored(Kitchen) == ["SWEET", "old", "new"]
    async with Kitchen() as session:
        assert len(await session.all(select(Label))) == 4


@pytest.mark.parametrize(
    ("label", "message"),
    [({"id": 3, "name": "mine"}, "changes its name"), ({"id": 99}, "does not exist")],
)
async def test_a_payload_neither_changes_nor_invents_what_is_not_linked(
    Kitchen: SessionFactory, label: dict[str, Any], message: str
) -> None:
    async with Kitchen() as session:
        recipe = await session.get_one(Recipe, 1)
        with pytest.raises(InvalidRequestError, match=message):
            await session.apply(recipe, {"name": "x", "labels": [{"id": 1}, label]})
        assert recipe.name == "bread"
        assert session.dirty == ()


@pytest.mark.parametrize("load", [True, False])
async def test_a_merge_takes_links_over(Kitchen: SessionFactory, sent: Sent, load: bool) -> None:
    """M5 M6 M7"""
    async with Kitchen() as session:
        source = await session.one(select(Recipe).options(selectinload(Recipe.labels)))
    if load:
        del source.labels[0]
        source.labels[0].name = "cold"
    async with Kitchen() as session:
        sent()
        merged = await session.merge(source, load=load)
        assert len(sent()) == (2 if load else 0)
        assert [label.name for label in merged.labels] == [label.name for label in source.labels]
        assert merged.labels[0] is not source.labels[0]
        sent()
        await session.commit()
        assert load or sent() == []
    assert await stored(Kitchen) == (["cold"] if load else ["sweet", "warm"])
