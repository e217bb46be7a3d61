"""What has to be true after every random step, and in the database after a flush."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hypothesis.stateful import invariant, rule

from asyncorm import inspect, sql
from asyncorm.sql.expressions import Expression
from tests.support.guild import Account, Badge, Guild, Member
from tests.support.guild_picture import COLUMNS, REFERENCES, Picture, Reference
from tests.support.random_sessions.base import RandomBase


class Checks(RandomBase):
    """Memory and rows against the picture."""

    @invariant()
    def memory_is_right(self) -> None:
        if not hasattr(self, "session"):
            return
        type(self).steps += 1
        session = self.session
        assert session.is_active
        if not self.has_work():
            self.flushed()
            assert [o for o in session if session.is_modified(o)] == []
        self.remember_keys()
        for handle, instance in list(self.objects.items()):
            self.check_state(handle, instance)
            self.check_columns(handle, instance)
            self.check_references(handle, instance)
            self.check_links(handle, instance)

    def check_state(self, handle: int, instance: Any) -> None:
        assert instance in self.session
        state = inspect(instance)
        assert state.pending == among(instance, self.session.new)
        assert state.persistent != state.pending
        assert not state.persistent or handle in self.stored.rows, "inserted without our knowing"
        assert not among(instance, self.session.deleted)
        if state.persistent:
            key = (type(instance), self.key_of(handle, self.stored))
            assert state.identity_key == key
            assert self.session.identity_map[key] is instance
            if self.is_changed(handle):
                assert state.modified
                assert among(instance, self.session.dirty)

    def is_changed(self, handle: int) -> bool:
        names = COLUMNS[self.now.rows[handle].entity]
        return any(self.now.get(handle, n) != self.stored.get(handle, n) for n in names)

    def check_columns(self, handle: int, instance: Any) -> None:
        for name in COLUMNS[type(instance)]:
            if name in instance.__dict__:
                value = instance.__dict__[name]
                if not isinstance(value, Expression):
                    assert value == self.now.get(handle, name), name

    def check_references(self, handle: int, instance: Any) -> None:
        loaded = instance.__dict__
        for reference in REFERENCES:
            if reference.entity is type(instance) and reference.name in loaded:
                other = self.now.get(handle, reference.name)
                self.check_reference(loaded[reference.name], other)
            if reference.target is type(instance) and reference.collection in loaded:
                expected = self.now.members(handle, reference.collection)
                self.check_members(loaded[reference.collection], expected, reference)

    def check_reference(self, found: Any, handle: int | None) -> None:
        if handle is not None:
            assert found is self.live(handle)
        else:
            # until the flush, what will be deleted is still where it was
            assert found is None or self.is_doomed(found)

    def check_members(self, found: Any, handles: list[int], reference: Reference) -> None:
        if isinstance(found, dict):
            kept = {k: t for k, t in found.items() if not self.is_doomed(t)}
            assert kept == {self.now.get(h, "kind"): self.live(h) for h in handles}
        else:
            members = found if isinstance(found, list | set) else [found]
            self.check_same(members, handles, reference.collection)

    def check_links(self, handle: int, instance: Any) -> None:
        loaded = instance.__dict__
        if isinstance(instance, Member) and "badges" in loaded:
            worn = [b for m, b in self.now.links if m == handle]
            self.check_same(loaded["badges"], worn, "badges")
        elif isinstance(instance, Badge) and "wearers" in loaded:
            wearers = [m for m, b in self.now.links if b == handle]
            self.check_same(loaded["wearers"], wearers, "wearers")

    def check_same(self, found: Any, handles: list[int], name: str) -> None:
        members = [m for m in found if m is not None and not self.is_doomed(m)]
        expected = [self.live(handle) for handle in handles]
        assert {id(m) for m in members} == {id(m) for m in expected}, (name, members, expected)
        assert len(members) == len(expected), name

    def is_doomed(self, instance: Any) -> bool:
        return among(instance, self.doomed.values())

    # -- rows ----------------------------------------------------------------------------------

    @rule()
    def check_flushed(self) -> None:
        self.flush()
        self.run(self._check_own_rows())

    async def _check_own_rows(self) -> None:
        await self.check_rows(await self.session.connection(), self.now)

    @rule()
    def check_committed(self) -> None:
        """Whatever is under way, others see what was committed."""
        self.run(self._check_committed())

    async def _check_committed(self) -> None:
        async with self.engine.connect() as connection:
            await self.check_rows(connection, self.committed)

    async def check_rows(self, connection: Any, picture: Picture) -> None:
        for entity in COLUMNS:
            columns = self.columns(entity)
            table = entity.__name__.lower()
            statement = f"select {', '.join(columns)} from {table}"
            rows = (await connection.execute(sql(statement))).all()
            expected = [tuple(map(shown, self.row(h, picture))) for h in picture.of(entity)]
            assert sorted(tuple(map(shown, row)) for row in rows) == sorted(expected)
        rows = (await connection.execute(sql("select * from member_badge"))).all()
        assert sorted(sorted(map(str, row)) for row in rows) == sorted(
            sorted((str(self.keys[m]), picture.get(b, "code"))) for m, b in picture.links
        )
        await self.check_versions(connection, picture)

    def columns(self, entity: type[Guild]) -> list[str]:
        references = [r.name + "_id" for r in REFERENCES if r.entity is entity]
        return [*COLUMNS[entity], *references]

    def row(self, handle: int, picture: Picture) -> list[Any]:
        row = picture.rows[handle]
        references = [row.values[r.name] for r in REFERENCES if r.entity is row.entity]
        return [
            *(row.values[name] for name in COLUMNS[row.entity]),
            *(None if other is None else self.keys[other] for other in references),
        ]

    async def check_versions(self, connection: Any, picture: Picture) -> None:
        """After a flush memory has the version of the row."""
        if picture is not self.now:
            return
        versions = (await connection.execute(sql("select id, version from account"))).all()
        held = {a.id: a for a in self.objects.values() if isinstance(a, Account)}
        for key, version in versions:
            if key in held and "version" in held[key].__dict__:
                assert held[key].version == version


def among(instance: Any, others: Iterable[Any]) -> bool:
    """Whether it is one of them; another one with the same values is not meant."""
    return any(other is instance for other in others)


def shown(value: Any) -> str:
    """A value as text that can be sorted; the order of a document's keys is not kept."""
    return json.dumps(value, sort_keys=True)
