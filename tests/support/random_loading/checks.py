"""A session and its picture; what memory holds must be a part of it at any time."""

from __future__ import annotations

import random
from typing import Any

from asyncorm import Engine, Session, sql
from tests.support.random_loading.picture import (
    KEYS,
    LINKS,
    WAYS,
    Entity,
    Key,
    Picture,
    Way,
    key_of,
    root_of,
)

COLUMNS = ("rank", "name", "text", "colours", "maps", "number")


def held(instance: Any, way: Way) -> list[Any]:
    """The objects in a loaded relationship."""
    value = instance.__dict__[way.name]
    if value is None:
        return []
    if way.many:
        return list(value.values()) if isinstance(value, dict) else list(value)
    return [value]


def keys_of(instances: list[Any]) -> list[Key]:
    return [key_of(instance)[1] for instance in instances]


class Checked:
    """A session, the rows that there are, and those that there will be after a flush."""

    def __init__(
        self, engine: Engine, session: Session, chance: random.Random, stored: Picture
    ) -> None:
        self.engine = engine
        self.session = session
        self.chance = chance
        self.stored = stored.copy()
        self.now = stored.copy()
        #: what the case has done, for the report of a failure
        self.story: list[Any] = []
        #: what the test holds on to
        self.kept: dict[tuple[Entity, Key], Any] = {}
        #: will be deleted by the next flush
        self.doomed: list[tuple[Entity, Key]] = []
        self.new: set[tuple[Entity, Key]] = set()
        #: whether anything was changed at all, and since the last flush
        self.changed = False
        self.unflushed = False
        #: the least rank of the objects of a class that statements give
        self.criteria: dict[Entity, int] = {}

    def told(self, *what: Any) -> None:
        self.story.append(what)

    def flushed(self) -> None:
        """Everything was written."""
        for entity, key in self.doomed:
            if self.now.has(entity, key):
                self.now.delete(entity, key)
            self.kept.pop((entity, key), None)
        self.doomed.clear()
        self.kept = {k: o for k, o in self.kept.items() if self.now.has(*k)}
        self.stored = self.now.copy()
        self.unflushed = False

    async def flush(self) -> None:
        await self.session.flush()
        self.flushed()

    def objects(self) -> dict[tuple[Entity, Key], Any]:
        """All that the session has, by the picture's keys."""
        found = {(root_of(e), key): o for (e, key), o in self.session.identity_map.items()}
        return found | {key_of(one): one for one in self.session.new}

    # -- memory ----------------------------------------------------------------------------------

    def check_memory(self) -> None:
        for (entity, key), instance in self.objects().items():
            if not self.now.has(entity, key):
                continue
            assert type(instance) is self.now.class_of(entity, key)
            row, values = self.now.row(entity, key), instance.__dict__
            for name in COLUMNS:
                if name in values and name in row:
                    assert values[name] == row[name], (self.story, instance, name)
            for way in WAYS:
                if isinstance(instance, way.owner) and way.name in values:
                    self.check_related(instance, way, key)

    def check_related(self, instance: Any, way: Way, key: Key) -> None:
        found, expected = keys_of(held(instance, way)), self.now.related(way, key)
        about = (self.story, way, key, "has", found, "not", expected)
        assert len(set(found)) == len(found), about
        if not way.many:
            assert found == expected or (not found and self.is_filtered(way, expected[0])), about
        elif instance.__dict__[way.name].partial:
            assert set(found) <= set(expected), about
        else:
            assert set(found) == set(expected), about
            if not self.changed and not isinstance(instance.__dict__[way.name], set):
                assert found == expected, about
        if way.name == "chapters":
            assert all(
                chapter.__dict__.get("number", n) == n for n, chapter in instance.chapters.items()
            )

    def is_filtered(self, way: Way, key: Key) -> bool:
        """Whether criteria hide a row."""
        return self.now.row(way.target, key)["rank"] < self.minimum(way.target)

    def minimum(self, entity: Entity) -> int:
        """The least rank that criteria let through."""
        return max((m for e, m in self.criteria.items() if issubclass(entity, e)), default=0)

    # -- rows ------------------------------------------------------------------------------------

    async def check_rows(self) -> None:
        """What the database holds is what the picture says."""
        for entity, names in KEYS.items():
            table: Any = entity.__table__  # type: ignore[attr-defined]
            joined = " left join atlas using (id)" if table.name == "book" else ""
            result = await self.session.execute(sql(f'select * from "{table.name}"{joined}'))
            found = {
                tuple(row[name] for name in names): dict(row) for row in result.mappings().all()
            }
            expected = self.now.rows[entity]
            assert set(found) == set(expected), (self.story, entity)
            for key, row in expected.items():
                assert {name: found[key][name] for name in row} == row, self.story
        for name, (left, right) in LINKS.items():
            result = await self.session.execute(sql(f"select * from {name}"))
            pairs = {
                (tuple(row[c] for c in left), tuple(row[c] for c in right))
                for row in result.mappings().all()
            }
            assert pairs == self.now.links[name], (self.story, name)
