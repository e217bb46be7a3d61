"""What all random rules work with: a session, its objects by handle, and pictures of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from asyncorm import Engine, inspect, sessionmaker, sql
from tests.support.guild import Account, Badge, Guild, Locker, Member, Part, Quest, Tool
from tests.support.guild_picture import Picture, Row
from tests.support.sent import Sent

which = st.integers(0, 50)
texts = st.sampled_from("abcdefgh")
amounts = st.integers(0, 5)
TABLES = "member, account, tool, locker, badge, quest, part, member_badge"


class RandomBase(RuleBasedStateMachine):
    """One session; ``now`` is what it should hold at any time."""

    engine: Engine
    runner: asyncio.Runner
    sent: Sent
    steps = 0

    @initialize(expire_on_commit=st.booleans(), settled=st.booleans())
    def start(self, expire_on_commit: bool, settled: bool) -> None:
        #: what the test holds; another live object of a handle is found in the identity map
        self.objects: dict[int, Any] = {}
        #: deleted in the picture, but not flushed yet; and flushed
        self.doomed: dict[int, Any] = {}
        self.dead: dict[int, Any] = {}
        self.next_handle = 0
        self.keys: dict[int, int] = {}
        self.now = Picture()
        #: what the last flush wrote, and the last commit
        self.stored = Picture()
        self.committed = Picture()
        self.savepoints: list[tuple[Any, Picture]] = []
        self.run(self._start(expire_on_commit))
        if settled:
            self.settle()

    async def _start(self, expire_on_commit: bool) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sql(f"truncate {TABLES}"))
        self.session = sessionmaker(self.engine, expire_on_commit=expire_on_commit)()

    def settle(self) -> None:
        """Some of each kind, so that the interesting rules need not wait."""
        for number, letter in enumerate("abc"):
            member = Member(name=letter, email=letter)
            badge = Badge(code=letter, label="-", wearers=[member])
            quest = Quest(title=letter)
            self.session.add_all([member, badge, quest])
            owner = self.enter(member, name=letter, email=letter, notes={}, patron=None)
            self.now.links.add((owner, self.enter(badge, code=letter, label="-")))
            of_quest = self.enter(quest, title=letter)
            account, tool = Account(amount=number), Tool(kind=letter)
            member.accounts, member.tools = [account], {letter: tool}
            member.locker = Locker(number=number)
            part = Part(role="-", member=member, quest=quest)
            self.session.add(part)
            self.enter(account, amount=number, owner=owner)
            self.enter(tool, kind=letter, owner=owner)
            self.enter(member.locker, number=number, holder=owner)
            self.enter(part, role="-", member=owner, quest=of_quest)
        self.run(self.session.commit())
        self.flushed()
        self.committed = self.now.copy()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.run(self.session.close())
            assert self.engine.pool.in_use == 0

    def run(self, operation: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(operation)

    # -- objects and handles -------------------------------------------------------------------

    def pick(self, entity: type[Guild], index: int) -> int:
        known = self.now.of(entity)
        return known[index % len(known)]

    def pick_any(self, index: int) -> int:
        known = sorted(self.now.rows)
        return known[index % len(known)]

    def enter(self, instance: Any, **values: Any) -> int:
        """A new object, and what its row should hold."""
        self.next_handle += 1
        self.objects[self.next_handle] = instance
        self.now.rows[self.next_handle] = Row(type(instance), values)
        return self.next_handle

    def is_free(self, entity: type[Guild], **values: Any) -> bool:
        wanted = Row(entity, values).unique()
        return all(row.unique() != wanted for row in self.now.rows.values())

    def key_of(self, handle: int, picture: Picture) -> tuple[Any, ...]:
        """The primary key of a row that a picture has."""
        entity = picture.rows[handle].entity
        if entity is Badge:
            return (picture.get(handle, "code"),)
        if entity is Part:
            return (
                self.keys[picture.get(handle, "member")],
                self.keys[picture.get(handle, "quest")],
            )
        return (self.keys[handle],)

    def live(self, handle: int) -> Any:
        """The object of a handle if there is one in memory."""
        if handle in self.objects or handle not in self.stored.rows:
            return self.objects.get(handle)
        entity = self.stored.rows[handle].entity
        key = (entity, self.key_of(handle, self.stored))
        return self.session.identity_map.get(key)

    def object(self, handle: int) -> Any:
        """The object of a handle; loaded if the test has dropped it."""
        if handle not in self.objects:
            self.objects[handle] = self.run(self._get(handle))
            if not self.has_work():
                self.flushed()
        return self.objects[handle]

    async def _get(self, handle: int) -> Any:
        key = self.key_of(handle, self.stored)
        entity = self.stored.rows[handle].entity
        return await self.session.get_one(entity, key if len(key) > 1 else key[0])

    def has_work(self) -> bool:
        return bool(self.session.new or self.session.dirty or self.session.deleted)

    def remember_keys(self) -> None:
        for handle, instance in self.objects.items():
            if not isinstance(instance, Badge | Part) and inspect(instance).persistent:
                self.keys[handle] = instance.id

    # -- what rules share ----------------------------------------------------------------------

    def load(self, instance: Any, name: str) -> Any:
        """A relationship, loaded unless it is known; loading flushes first."""
        if name in inspect(instance).unloaded and not inspect(instance).pending:
            self.run(self.session.load(instance, getattr(type(instance), name)))
            self.flushed()
        return getattr(instance, name)

    def readable(self, handle: int, name: str) -> Any:
        """The object with an attribute loaded that may be expired."""
        instance = self.object(handle)
        if name in inspect(instance).unloaded:
            self.run(self.session.refresh(instance, [name]))
            self.flushed()
        return instance

    def flush(self) -> None:
        self.run(self.session.flush())
        self.flushed()

    def flushed(self) -> None:
        """Everything is written: what was to be deleted is gone."""
        assert not self.has_work()
        self.remember_keys()
        self.stored = self.now.copy()
        for handle, instance in self.doomed.items():
            assert instance not in self.session, f"{instance!r} is still in the session"
            self.dead[handle] = instance
        self.doomed.clear()

    def strike(self, handle: int) -> None:
        """A row and what it owns will be gone."""
        for gone in self.now.delete(handle):
            instance = self.live(gone)
            self.objects.pop(gone, None)
            if instance is not None:
                self.doomed[gone] = instance

    def go_back(self, before: Picture) -> None:
        """A rollback: what was inserted since then is transient, what was deleted is back."""
        for handle in [h for h in self.objects if h not in before.rows]:
            gone = self.objects.pop(handle)
            assert gone not in self.session, f"{gone!r} is still in the session"
        for handle, instance in (self.dead | self.doomed).items():
            if handle in before.rows:
                self.objects[handle] = instance
                assert instance in self.session, f"{instance!r} is not back in the session"
        self.dead = {h: i for h, i in self.dead.items() if h not in before.rows}
        self.doomed.clear()
        self.now, self.stored = before.copy(), before.copy()
