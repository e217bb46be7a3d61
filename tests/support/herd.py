"""A herd: random changes of objects with rows in several tables, against a plain picture."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    foreign_key,
    inspect,
    relationship,
    sql,
)
from asyncorm.models.fields import generated


class Herd(Model):
    metadata = MetaData()


class Farm(Herd, table="farm"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Beast(Herd, table="beast"):
    id: Mapped[int] = generated(primary_key=True)
    kind: Mapped[str] = column(init=False)
    name: Mapped[str]
    tag: Mapped[str | None] = column(default=None, unique=True)
    version: Mapped[int] = column(version=True, init=False)
    farm_id: Mapped[int | None] = foreign_key(Farm.id)
    farm: Related[Farm | None] = relationship()
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "beast"}


class Dog(Beast, table="dog"):
    id: Mapped[int] = foreign_key(Beast.id, primary_key=True)
    breed: Mapped[str] = column(default="mutt")
    chip: Mapped[str | None] = column(default=None, unique=True)
    friend_id: Mapped[int | None] = foreign_key("dog.id", ondelete="SET NULL")
    friend: Related[Dog | None] = relationship(foreign_keys="friend_id", remote_side="id")
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Puppy(Dog, table="puppy"):
    id: Mapped[int] = foreign_key(Dog.id, primary_key=True)
    weeks: Mapped[str] = column(default="few")
    __mapper_args__ = {"polymorphic_identity": "puppy"}


class Cat(Beast, table="cat"):
    """The server deletes its rows along with those of the base."""

    id: Mapped[int] = foreign_key(Beast.id, primary_key=True, ondelete="CASCADE")
    mood: Mapped[str] = column(default="calm")
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Fish(Beast):
    """In the table of the base."""

    fins: Mapped[str] = column(default="two")
    __mapper_args__ = {"polymorphic_identity": "fish"}


Herd.metadata.configure()

KINDS: tuple[type[Beast], ...] = (Beast, Dog, Puppy, Cat, Fish)
#: the attributes that each class has a value of its own in
OWN = {Beast: (), Dog: ("breed",), Puppy: ("breed", "weeks"), Cat: ("mood",), Fish: ("fins",)}
ROWS = """
select b.id, b.kind, b.name, b.tag, b.farm_id, d.breed, d.chip, d.friend_id, p.weeks, c.mood, b.fins
from beast b left join dog d using (id) left join puppy p using (id) left join cat c using (id)
order by b.id
"""
kinds = st.sampled_from(KINDS)
texts = st.sampled_from("abcdef")
which = st.integers(0, 50)
Picture = dict[int, dict[str, Any]]


class RandomHerd(RuleBasedStateMachine):
    """One session; ``now`` is what it should hold at any time, by number of the object."""

    engine: Engine
    runner: asyncio.Runner
    steps = 0

    @initialize()
    def start(self) -> None:
        self.objects: dict[int, Beast] = {}
        self.next = 0
        self.now: Picture = {}
        self.stored: Picture = {}
        self.committed: Picture = {}
        self.run(self._start())

    async def _start(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sql("truncate farm, beast, dog, puppy, cat"))
        self.session = Session(self.engine)
        self.farm = Farm()
        self.session.add(self.farm)
        await self.session.commit()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.run(self.session.close())

    def run(self, operation: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(operation)

    def pick(self, index: int, of: type[Beast] = Beast) -> int | None:
        known = [h for h in sorted(self.now) if isinstance(self.objects[h], of)]
        return known[index % len(known)] if known else None

    def enter(self, instance: Beast, **values: Any) -> int:
        self.next += 1
        self.objects[self.next] = instance
        self.now[self.next] = {"tag": None, "chip": None, "friend": None, "farm": False, **values}
        for name in OWN[type(instance)]:
            self.now[self.next][name] = getattr(instance, name)
        self.session.add(instance)
        return self.next

    def set(self, handle: int, name: str, value: Any) -> None:
        setattr(self.objects[handle], name, value)
        self.now[handle][name] = value

    def may_take(self, name: str, value: str | None) -> bool:
        """Whether a unique value is free, or given up by an object that takes no other one."""
        if value is None:
            return True
        if any(row[name] == value for row in self.now.values()):
            return False
        holders = [h for h, row in self.stored.items() if row[name] == value]
        return all(h not in self.now or self.now[h][name] is None for h in holders)

    # -- rules ---------------------------------------------------------------------------------

    @rule(kind=kinds, name=texts, tag=st.none() | texts, farm=st.booleans())
    def add(self, kind: type[Beast], name: str, tag: str | None, farm: bool) -> None:
        if self.may_take("tag", tag):
            instance = kind(name=name, tag=tag)
            instance.farm = self.farm if farm else None
            self.enter(instance, name=name, tag=tag, farm=farm)

    @precondition(lambda self: self.now)
    @rule(index=which, name=texts)
    def rename(self, index: int, name: str) -> None:
        handle = self.pick(index)
        assert handle is not None
        self.set(handle, "name", name)

    @rule(index=which, kind=kinds, number=which, value=texts)
    def change_own(self, index: int, kind: type[Beast], number: int, value: str) -> None:
        handle = self.pick(index, kind)
        if handle is not None and (names := OWN[type(self.objects[handle])]):
            self.set(handle, names[number % len(names)], value)

    @rule(index=which, tag=st.none() | texts)
    def change_tag(self, index: int, tag: str | None) -> None:
        handle = self.pick(index)
        if handle is not None and self.may_take("tag", tag):
            self.set(handle, "tag", tag)

    @rule(index=which, chip=st.none() | texts)
    def change_chip(self, index: int, chip: str | None) -> None:
        handle = self.pick(index, Dog)
        if handle is not None and self.may_take("chip", chip):
            self.set(handle, "chip", chip)

    @rule(index=which, farm=st.booleans())
    def move(self, index: int, farm: bool) -> None:
        handle = self.pick(index)
        if handle is not None:
            self.objects[handle].farm = self.farm if farm else None
            self.now[handle]["farm"] = farm

    @rule(index=which, other=which)
    def befriend(self, index: int, other: int) -> None:
        handle, friend = self.pick(index, Dog), self.pick(other, Dog)
        if handle is not None and friend is not None:
            instance: Any = self.objects[handle]
            instance.friend = self.objects[friend]
            self.now[handle]["friend"] = friend

    @precondition(lambda self: self.now)
    @rule(index=which)
    def delete(self, index: int) -> None:
        handle = self.pick(index)
        assert handle is not None
        if inspect(self.objects[handle]).pending or self.is_friend(handle):
            self.flush()
        self.run(self.session.delete(self.objects[handle]))
        self.strike(handle)

    @precondition(lambda self: self.stored)
    @rule(index=which, kind=kinds, name=texts)
    def replace(self, index: int, kind: type[Beast], name: str) -> None:
        """Another object, perhaps of another class, takes the key of a deleted one."""
        handle = self.pick(index)
        if handle is None or handle not in self.stored or self.is_friend(handle):
            return
        key = inspect(self.objects[handle]).identity_key
        assert key is not None
        self.run(self.session.delete(self.objects[handle]))
        self.strike(handle)
        self.enter(kind(id=key[1][0], name=name), name=name)

    def is_friend(self, handle: int) -> bool:
        rows = (*self.now.values(), *self.stored.values())
        return any(row["friend"] == handle for row in rows)

    def strike(self, handle: int) -> None:
        del self.now[handle]
        for row in self.now.values():
            if row["friend"] == handle:
                row["friend"] = None

    @rule()
    def flush(self) -> None:
        self.run(self.session.flush())
        self.stored = deepcopy(self.now)
        self.check()

    @rule()
    def commit(self) -> None:
        self.run(self.session.commit())
        self.stored, self.committed = deepcopy(self.now), deepcopy(self.now)
        self.check()

    @rule()
    def roll_back(self) -> None:
        self.run(self.session.rollback())
        self.now, self.stored = deepcopy(self.committed), deepcopy(self.committed)
        self.check()

    @precondition(lambda self: self.now)
    @rule(index=which, name=texts, kind=kinds)
    def fail_in_a_savepoint(self, index: int, name: str, kind: type[Beast]) -> None:
        """What is done in it is undone; what was done before stays."""
        self.flush()
        handle = self.pick(index)
        assert handle is not None
        self.run(self._fail(self.objects[handle], kind(name=name)))
        self.now = deepcopy(self.stored)
        self.check()

    async def _fail(self, changed: Beast, added: Beast) -> None:
        savepoint = await self.session.begin_nested()
        changed.name = added.name
        self.session.add(added)
        await self.session.flush()
        if isinstance(changed, Dog):
            changed.breed = "other"
        await savepoint.rollback()

    # -- checks --------------------------------------------------------------------------------

    def check(self) -> None:
        """The rows are those of the picture, and so is what is loaded."""
        type(self).steps += 1
        rows = self.run(self._rows())
        keys = {h: inspect(self.objects[h]).identity_key for h in self.now}
        ids: dict[int | None, Any] = {h: key[1][0] for h, key in keys.items() if key is not None}
        ids[None] = None
        expected = {}
        for handle, row in self.now.items():
            instance = self.objects[handle]
            own = {name: row[name] for name in OWN[type(instance)]}
            links = {"farm_id": self.farm.id if row["farm"] else None}
            if isinstance(instance, Dog):
                links["friend_id"] = ids[row["friend"]]
            values = {"name": row["name"], "tag": row["tag"], "chip": row["chip"], **own, **links}
            expected[ids[handle]] = {"kind": instance.__mapper__.discriminator.value, **values}
            for name, value in values.items():
                assert instance.__dict__.get(name, value) == value, (instance, name, value)
        assert rows == {
            key: {name: row.get(name) for name in next(iter(rows.values()), {})}
            for key, row in expected.items()
        }

    async def _rows(self) -> dict[int, dict[str, Any]]:
        found = (await self.session.execute(sql(ROWS))).mappings().all()
        return {row["id"]: {n: v for n, v in row.items() if n != "id"} for row in found}
