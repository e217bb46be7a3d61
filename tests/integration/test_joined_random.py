"""Random trees of options, limits and orders: joined loading gives what select-in loading gives."""

from __future__ import annotations

import random
from typing import Any

import pytest

from asyncorm import (
    Engine,
    LoaderOption,
    Relationship,
    SessionFactory,
    func,
    joinedload,
    select,
    selectinload,
    sessionmaker,
)
from tests.conftest import CreateTables
from tests.support.publishing import Book, Node, Profile, Publisher, Publishing, Shelf, Tag, User
from tests.support.sent import Sent

Tree = dict[Relationship[Any, Any], Any]
ENTITIES: tuple[Any, ...] = (User, Publisher, Book, Shelf, Tag, Node, Profile)
ROUNDS = 8


async def fill(Session: SessionFactory, chance: random.Random) -> None:
    publishers = [Publisher(id=i, name=f"p{i}") for i in range(3)]
    users = [
        User(id=i, email=f"e{i}", publisher=chance.choice([*publishers, None])) for i in range(6)
    ]
    shelves = [Shelf(room=room, number=number) for room in "ab" for number in (1, 2)]
    tags = [Tag(id=i, name=f"t{i}") for i in range(5)]
    books = [
        Book(
            id=i,
            title=f"b{i}",
            author=chance.choice([*users, None]),
            editor=chance.choice([*users, None]),
            shelf=chance.choice([*shelves, None]),
            tags=chance.sample(tags, chance.randrange(4)),
        )
        for i in range(15)
    ]
    nodes: list[Node] = []
    for i in range(12):
        nodes.append(Node(id=i, name=f"n{i}", parent=chance.choice([*nodes, None])))
    for node in nodes:
        node.friends = chance.sample(nodes, chance.randrange(3))
    for shelf in shelves:
        shelf.labels = chance.sample(tags, chance.randrange(3))
    publishers[0].owner = users[0]
    profiles = [Profile(id=user.id, user=user) for user in users if chance.random() < 0.5]
    async with Session.begin() as session:
        session.add_all([*publishers, *users, *profiles, *shelves, *tags, *books, *nodes])


def grow(chance: random.Random, entity: Any, depth: int) -> Tree:
    """Some relationships, and with some of them more."""
    known = list(entity.__mapper__.relationships.values())
    chosen = chance.sample(known, min(len(known), chance.choice([1, 1, 2, 3])))
    return {
        one: grow(chance, one.target.entity, depth - 1) if depth and chance.random() < 0.6 else {}
        for one in chosen
    }


def options(chance: random.Random, tree: Tree, functions: list[Any]) -> list[LoaderOption]:
    return [
        chance.choice(functions)(one).options(*options(chance, below, functions))
        for one, below in tree.items()
    ]


def statement_of(chance: random.Random, entity: Any) -> Any:
    first, *others = entity.__mapper__.primary_key_columns
    order = chance.choice([first, first.desc(), func.coalesce(first, first).desc()])
    statement = select(entity).order_by(order, *others)
    if chance.random() < 0.4:
        statement = statement.limit(chance.randrange(1, 4)).offset(chance.randrange(3))
    return chance.choice(
        [statement, statement, statement.distinct(), statement.with_for_update()]
        if isinstance(order, type(first))
        else [statement]
    )


def shape(instance: Any, tree: Tree) -> Any:
    """The keys of an object and of all that a tree says is loaded with it."""
    if instance is None:
        return None
    values = instance.__dict__
    found: dict[str, Any] = {
        "key": [values[name] for name in type(instance).__mapper__.primary_key]
    }
    for relationship, below in tree.items():
        held = values.get(relationship.name, "not loaded")
        many = isinstance(held, list)
        found[relationship.name] = (
            [shape(one, below) for one in held]
            if many
            else held
            if isinstance(held, str)
            else shape(held, below)
        )
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_joined_loading_gives_what_select_in_loading_gives(
    engine: Engine, tables: CreateTables, sent: Sent, seed: int
) -> None:
    await tables(Publishing)
    Session = sessionmaker(engine)
    chance = random.Random(seed)
    await fill(Session, chance)
    for _ in range(ROUNDS):
        entity = chance.choice(ENTITIES)
        tree, statement = grow(chance, entity, 2), statement_of(chance, entity)

        async def found(functions: list[Any], held: bool, **execution: Any) -> Any:
            asked = statement.options(*options(chance, tree, functions))  # noqa: B023
            async with Session() as session:
                kept = [await session.all(select(one)) for one in (entity, Book)] if held else []  # noqa: B023
                sent()
                rows = await session.all(asked.execution_options(**execution))
                assert len(kept) in (0, 2)
                return [shape(one, tree) for one in rows]  # noqa: B023

        expected = await found([selectinload], held=False)
        assert await found([joinedload], held=False) == expected
        assert len([text for text in sent() if text.startswith("SELECT")]) == 1
        both = [joinedload, selectinload]
        assert await found(both, held=False) == expected
        assert await found(both, held=True) == expected
        assert await found(both, held=True, populate_existing=True) == expected
