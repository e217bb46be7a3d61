"""Conditions on relationships, nested at random, mean in SQL what they mean in memory."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from asyncorm import Model, Session, aliased, not_, select, selectinload
from asyncorm.engine.engine import Engine
from asyncorm.mapping.related import ToMany
from tests.conftest import CreateTables
from tests.support.publishing import Book, Node, Publisher, Publishing, Tag, User

#: what a condition is in SQL (of an entity or alias), and for an object: true, false or unknown
Pair = tuple[Callable[[Any], Any], Callable[[Any], bool | None]]

TO_ONE = {
    Book: {"author": User, "editor": User},
    User: {"publisher": Publisher},
    Publisher: {"owner": User},
    Node: {"parent": Node},
    Tag: {},
}
TO_MANY = {
    User: {"books": Book, "edited": Book},
    Book: {"tags": Tag},
    Tag: {"books": Book},
    Node: {"children": Node, "friends": Node},
    Publisher: {},
}
NAMES = {Book: "title", User: "email", Publisher: "name", Node: "name", Tag: "name"}


class Maker:
    """Makes conditions on entities."""

    def __init__(self, random: Random, objects: dict[type[Any], list[Any]]) -> None:
        self.random = random
        self.objects = objects

    def condition(self, entity: type[Any], depth: int) -> Pair:
        """A condition on an entity, with at most so many others inside."""
        kinds = ["name", "none", "is", "to", "differs", "in"] if TO_ONE[entity] else ["name"]
        if TO_MANY[entity]:
            kinds.append("contains")
        if depth:
            kinds += ["and", "or", "not", "related", "related", "related"]
        return getattr(self, f"_{self.random.choice(kinds)}")(entity, depth)  # type: ignore[no-any-return]

    def _one(self, entity: type[Any]) -> tuple[str, type[Any]]:
        return self.random.choice(list(TO_ONE[entity].items()))

    def _name(self, entity: type[Any], depth: int) -> Pair:
        name, value = NAMES[entity], f"x{self.random.randrange(3)}"
        return lambda e: getattr(e, name) == value, lambda o: getattr(o, name) == value

    def _none(self, entity: type[Any], depth: int) -> Pair:
        name, _ = self._one(entity)
        return lambda e: getattr(e, name) == None, lambda o: getattr(o, name) is None

    def _is(self, entity: type[Any], depth: int) -> Pair:
        name, target = self._one(entity)
        other = self.random.choice(self.objects[target])
        return (
            lambda e: getattr(e, name) == other,
            lambda o: None if getattr(o, name) is None else getattr(o, name) is other,
        )

    def _differs(self, entity: type[Any], depth: int) -> Pair:
        name, target = self._one(entity)
        other = self.random.choice(self.objects[target])
        return lambda e: getattr(e, name) != other, lambda o: getattr(o, name) is not other

    def _in(self, entity: type[Any], depth: int) -> Pair:
        name, target = self._one(entity)
        others = self.random.sample(self.objects[target], 2)
        return (
            lambda e: getattr(e, name).in_(others),
            lambda o: None if getattr(o, name) is None else getattr(o, name) in others,
        )

    def _to(self, entity: type[Any], depth: int) -> Pair:
        name, target = self._one(entity)
        column, value = NAMES[target], f"x{self.random.randrange(3)}"

        def in_memory(instance: Any) -> bool | None:
            found = getattr(instance, name)
            return None if found is None else getattr(found, column) == value

        return lambda e: getattr(getattr(e, name).to, column) == value, in_memory

    def _contains(self, entity: type[Any], depth: int) -> Pair:
        name, target = self.random.choice(list(TO_MANY[entity].items()))
        other = self.random.choice(self.objects[target])
        return lambda e: getattr(e, name).contains(other), lambda o: other in getattr(o, name)

    def _not(self, entity: type[Any], depth: int) -> Pair:
        sql, in_memory = self.condition(entity, depth - 1)

        def negated(instance: Any) -> bool | None:
            found = in_memory(instance)
            return None if found is None else not found

        return lambda e: not_(sql(e)), negated

    def _and(self, entity: type[Any], depth: int) -> Pair:
        (one, first), (two, second) = (self.condition(entity, depth - 1) for _ in "ab")

        def both(instance: Any) -> bool | None:
            found = first(instance), second(instance)
            return False if False in found else None if None in found else True

        return lambda e: one(e) & two(e), both

    def _or(self, entity: type[Any], depth: int) -> Pair:
        (one, first), (two, second) = (self.condition(entity, depth - 1) for _ in "ab")

        def either(instance: Any) -> bool | None:
            found = first(instance), second(instance)
            return True if True in found else None if None in found else False

        return lambda e: one(e) | two(e), either

    def _related(self, entity: type[Any], depth: int) -> Pair:
        name, target = self.random.choice([*TO_ONE[entity].items(), *TO_MANY[entity].items()])
        sql, in_memory = self.condition(target, depth - 1)
        with_alias = self.random.random() < 0.3

        def asked(source: Any) -> Any:
            relationship = getattr(source, name)
            place: Any = target
            if with_alias:
                place = aliased(target)
                relationship = relationship.of_type(place)
            ask = relationship.any if hasattr(relationship, "any") else relationship.has
            return ask(sql(place))

        if isinstance(getattr(entity, name), ToMany):
            return asked, lambda o: any(in_memory(member) is True for member in getattr(o, name))
        return asked, lambda o: getattr(o, name) is not None and in_memory(getattr(o, name)) is True


async def filled(session: Session, random: Random) -> dict[type[Any], list[Any]]:
    """Some objects of each entity, related at random, with all relationships loaded."""

    def names(entity: type[Model], count: int) -> list[Any]:
        name = NAMES[entity]
        return [entity(id=n, **{name: f"x{random.randrange(3)}"}) for n in range(1, count + 1)]

    counts = {Publisher: 3, User: 5, Node: 8, Tag: 3, Book: 12}
    objects = {entity: names(entity, count) for entity, count in counts.items()}
    for entity, known in objects.items():
        session.add_all(known)
        await session.flush()
        for instance in known:
            for name, target in TO_ONE[entity].items():
                setattr(instance, name, random.choice([*objects[target], None]))
    for book in objects[Book]:
        book.tags = random.sample(objects[Tag], random.randrange(3))
    for node in objects[Node]:
        node.friends = random.sample(objects[Node], random.randrange(3))
    await session.commit()
    session.expunge_all()
    for entity in objects:
        loads = [selectinload(getattr(entity, n)) for n in (*TO_ONE[entity], *TO_MANY[entity])]
        statement: Any = select(entity)
        objects[entity] = await session.all(statement.options(*loads))
    return objects


@pytest.mark.parametrize("seed", range(4))
async def test_conditions_find_the_objects_that_fulfil_them(
    engine: Engine, tables: CreateTables, seed: int
) -> None:
    await tables(Publishing)
    random = Random(seed)
    async with Session(engine) as session:
        objects = await filled(session, random)
        maker = Maker(random, objects)
        lengths = set()
        for _ in range(50):
            entity = random.choice([Book, User, Node, Tag, Publisher])
            sql, in_memory = maker.condition(entity, 3)
            source: Any = aliased(entity) if random.random() < 0.3 else entity
            statement = select(source.id).where(sql(source))
            found = await session.all(statement)
            assert sorted(found) == sorted(o.id for o in objects[entity] if in_memory(o) is True), (
                str(statement)
            )
            lengths.add(len(found))
        assert len(lengths) > 3
