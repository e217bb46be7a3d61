"""Random rules: rows change otherwise, by statements or by another session."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from asyncorm import Session, StaleDataError, delete, select, update
from tests.support.guild import Account, Member
from tests.support.random_sessions.base import RandomBase, amounts, texts, which


class Statements(RandomBase):
    """UPDATE and DELETE of many rows; the objects follow."""

    @rule(old=texts, new=texts)
    def rename_all(self, old: str, new: str) -> None:
        self.run(self.session.execute(update(Member).where(Member.name == old).values(name=new)))
        for handle in self.now.of(Member):
            if self.now.get(handle, "name") == old:
                self.now.set(handle, "name", new)
        self.flushed()

    @rule(amount=amounts)
    def delete_accounts(self, amount: int) -> None:
        self.run(self.session.execute(delete(Account).where(Account.amount == amount)))
        for handle in self.now.of(Account):
            if self.now.get(handle, "amount") == amount:
                self.strike(handle)
        self.flushed()


class OtherSessions(RandomBase):
    """Another session changes versioned rows meanwhile."""

    @precondition(lambda self: self.now.of(Account))
    @rule(theirs=st.sets(which, max_size=3), ours=st.sets(which, max_size=3), gone=st.booleans())
    def conflict(self, theirs: set[int], ours: set[int], gone: bool) -> None:
        """The error names exactly the objects that are stale and that were to be written."""
        self.run(self.session.commit())
        self.remember_keys()
        self.savepoints.clear()
        their = {self.pick(Account, index) for index in theirs}
        our = {self.pick(Account, index) for index in ours}
        mine = {handle: self.object(handle) for handle in sorted(our)}
        for account in mine.values():
            self.run(self.session.refresh(account))
        for handle, account in mine.items():
            account.amount = self.now.get(handle, "amount") + 10
        self.run(self._meanwhile([self.keys[handle] for handle in their], gone))
        self.write_stale([mine[handle] for handle in sorted(our & their)])
        self.run(self.session.rollback())
        self.session.expire_all()  # nothing was begun if nothing was ours
        self.after_conflict(their, gone)

    def write_stale(self, stale: list[Account]) -> None:
        if not stale:
            self.run(self.session.flush())
            return
        with pytest.raises(StaleDataError) as caught:
            self.run(self.session.flush())
        assert {id(o) for o in caught.value.objects} == {id(o) for o in stale}
        assert len(caught.value.objects) == len(stale)

    async def _meanwhile(self, keys: list[int], gone: bool) -> None:
        async with Session(self.engine) as other, other.begin():
            for account in await other.all(select(Account).where(Account.id.in_(keys))):
                if gone:
                    await other.delete(account)
                else:
                    account.amount += 100

    def after_conflict(self, their: set[int], gone: bool) -> None:
        for handle in their:
            if not gone:
                self.now.set(handle, "amount", self.now.get(handle, "amount") + 100)
                continue
            instance, key = self.live(handle), self.keys[handle]
            if instance is not None:
                assert self.run(self.session.get(Account, key)) is None
                assert instance not in self.session
            self.objects.pop(handle, None)
            self.now.delete(handle)
        self.run(self.session.commit())
        self.doomed.clear()
        self.dead.clear()
        self.committed, self.stored = self.now.copy(), self.now.copy()
