"""Random rules: flushes, transactions, savepoints, and what fails in them."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from asyncorm import PendingRollbackError, UniqueViolation, inspect, select
from tests.support.guild import Badge, Member
from tests.support.guild_picture import Picture
from tests.support.random_sessions.base import RandomBase, which

DEEPEST = 5


class Transactions(RandomBase):
    """Commit, rollback, and savepoints in any order."""

    @rule()
    def flush_twice(self) -> None:
        """The second time there is nothing to send."""
        self.flush()
        self.sent()
        self.flush()
        assert self.sent() == []

    @rule()
    def commit(self) -> None:
        self.run(self.session.commit())
        self.committed_now()

    def committed_now(self) -> None:
        for instance in (*self.dead.values(), *self.doomed.values()):
            assert not inspect(instance).persistent
        self.doomed.clear()
        self.dead.clear()
        self.savepoints.clear()
        self.remember_keys()
        self.committed, self.stored = self.now.copy(), self.now.copy()

    @rule()
    def commit_and_drop_everything(self) -> None:
        """Nothing but the test has kept the objects alive."""
        self.commit()
        alive = [ref(instance) for instance in self.objects.values()]
        self.objects.clear()
        gc.collect()
        assert [instance() for instance in alive if instance() is not None] == []
        assert len(self.session.identity_map) == 0

    @rule()
    def rollback(self) -> None:
        self.run(self.session.rollback())
        self.savepoints.clear()
        self.go_back(self.committed)

    @precondition(lambda self: len(self.savepoints) < DEEPEST)
    @rule()
    def begin_savepoint(self) -> None:
        savepoint = self.run(self._begin_nested())
        self.flushed()
        self.savepoints.append((savepoint, self.now.copy()))

    async def _begin_nested(self) -> Any:
        return await self.session.begin_nested()

    @precondition(lambda self: self.savepoints)
    @rule(index=which)
    def rollback_savepoint(self, index: int) -> None:
        position = index % len(self.savepoints)
        savepoint, before = self.savepoints[position]
        del self.savepoints[position:]
        self.run(savepoint.rollback())
        self.go_back(before)

    @precondition(lambda self: self.savepoints)
    @rule(index=which)
    def release_savepoint(self, index: int) -> None:
        position = index % len(self.savepoints)
        savepoint, _ = self.savepoints[position]
        del self.savepoints[position:]
        self.run(savepoint.commit())
        self.flushed()


class Failures(RandomBase):
    """Flushes that fail: what is lost is exactly what was done since the boundary around them."""

    @precondition(lambda self: self.emails_in_use())
    @rule(index=which, inner=st.booleans())
    def fail_with_a_taken_email(self, index: int, inner: bool) -> None:
        emails = self.emails_in_use()
        doomed = Member(name="doomed", email=emails[index % len(emails)])
        self.session.add(doomed)
        with pytest.raises(UniqueViolation) as caught:
            self.run(self.session.flush())
        assert caught.value.objects == (doomed,)
        assert not self.session.is_active
        with pytest.raises(PendingRollbackError):
            self.run(self.session.all(select(Member)))
        self.go_back(self.give_up(inner))
        assert inspect(doomed).transient

    def give_up(self, inner: bool) -> Picture:
        """Roll back the innermost boundary or all of them; what is left then."""
        if inner and self.savepoints:
            savepoint, before = self.savepoints.pop()
            self.run(savepoint.rollback())
            return before
        self.savepoints.clear()
        self.run(self.session.rollback())
        return self.committed

    def emails_in_use(self) -> list[str]:
        """Those that no flush will free."""
        kept = [handle for handle in self.now.of(Member) if handle in self.stored.rows]
        pairs = [(self.now.get(h, "email"), self.stored.get(h, "email")) for h in kept]
        return [now for now, stored in pairs if now is not None and now == stored]

    @precondition(lambda self: len(self.now.of(Badge)) > 1)
    @rule(index=which)
    def exchange_codes_in_a_savepoint(self, index: int) -> None:
        """Two keys can't be exchanged; only what the savepoint did is lost."""
        badges = self.now.of(Badge)
        position = index % len(badges)
        one, two = self.object(badges[position]), self.object(badges[position - 1])
        self.flush()
        self.run(self._exchange(one, two))
        self.flushed()

    async def _exchange(self, one: Badge, two: Badge) -> None:
        for badge in (one, two):
            if inspect(badge).unloaded:
                await self.session.refresh(badge)
        with pytest.raises(UniqueViolation):
            async with self.session.begin_nested():
                one.code, two.code = two.code, one.code
                await self.session.flush()
        assert inspect(one).persistent
        assert inspect(two).persistent
