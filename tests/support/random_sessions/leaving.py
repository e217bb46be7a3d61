"""Random rules: objects leave the session and come back, are forgotten, merged and read again."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from asyncorm import InvalidRequestError, StaleDataError, inspect, select
from tests.support.guild import Account, Badge, Member
from tests.support.random_sessions.base import RandomBase, amounts, texts, which


class Leaving(RandomBase):
    """Expunged, dropped, cleared."""

    @precondition(lambda self: self.now.rows and not self.doomed)
    @rule(index=which)
    def expunge_and_add(self, index: int) -> None:
        """What is changed stays changed, outside as well."""
        instance = self.object(self.pick_any(index))
        pending = inspect(instance).pending
        try:
            self.session.expunge(instance)
        except InvalidRequestError:
            assert pending  # others wait for it
            return
        assert inspect(instance).transient if pending else inspect(instance).detached
        self.session.add(instance)
        assert inspect(instance).pending if pending else inspect(instance).persistent

    @precondition(lambda self: self.droppable())
    @rule(index=which, everything=st.booleans())
    def drop(self, index: int, everything: bool) -> None:
        """The test keeps no reference; what is changed is not lost."""
        known = self.droppable()
        for handle in known if everything else [known[index % len(known)]]:
            del self.objects[handle]

    def droppable(self) -> list[int]:
        return [handle for handle in sorted(self.objects) if handle in self.stored.rows]

    @rule()
    def clear(self) -> None:
        """All will be other objects when they are loaded again."""
        self.flush()
        self.session.clear()
        self.objects.clear()
        self.dead.clear()


class Merging(RandomBase):
    """Copies of objects come back from elsewhere."""

    def copy_of(self, instance: Any) -> Any:
        """A detached copy of the whole graph that is loaded around an object."""
        return pickle.loads(pickle.dumps(instance))

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, name=texts, amount=amounts, drop=which, graph=st.booleans())
    def merge_member(self, index: int, name: str, amount: int, drop: int, graph: bool) -> None:
        handle = self.pick(Member, index)
        member = self.object(handle)
        self.flush()
        self.run(self._load_all(member))
        copied = self.copy_of(member)
        copied.name = name
        if graph:
            self.change_graph(copied, amount, drop)
        assert self.run(self.session.merge(copied)) is member
        self.now.set(handle, "name", name)
        if graph:
            self.picture_graph(handle, member, amount, drop)

    async def _load_all(self, member: Any) -> None:
        await self.session.refresh(member)
        await self.session.load(member, Member.accounts)
        await self.session.load(member, Member.badges)
        for other in (*member.accounts, *member.badges):
            await self.session.refresh(other)

    def change_graph(self, copied: Any, amount: int, drop: int) -> None:
        for account in copied.accounts:
            account.amount = amount
        if copied.accounts:
            copied.accounts.pop(drop % len(copied.accounts))
        copied.accounts.append(Account(amount=amount))
        copied.badges.clear()

    def picture_graph(self, handle: int, member: Any, amount: int, drop: int) -> None:
        before = sorted(self.now.members(handle, "accounts"), key=self.keys.__getitem__)
        if before:
            self.strike(before.pop(drop % len(before)))
        for account in before:
            self.now.set(account, "amount", amount)
        self.enter(self.new_account(member), amount=amount, owner=handle)
        self.now.links = {link for link in self.now.links if link[0] != handle}

    @precondition(lambda self: self.now.of(Account))
    @rule(index=which, amount=amounts)
    def merge_an_old_version(self, index: int, amount: int) -> None:
        """It is refused, and nothing has changed by that."""
        handle = self.pick(Account, index)
        account = self.object(handle)
        self.flush()
        self.run(self.session.refresh(account, ["amount", "version"]))
        copied = self.copy_of(account)
        account.amount = self.now.get(handle, "amount") + 1
        self.now.set(handle, "amount", account.amount)
        self.flush()
        copied.amount = amount
        with pytest.raises(StaleDataError):
            self.run(self.session.merge(copied))

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, picks=st.lists(which, max_size=2), amount=amounts, new=st.booleans())
    def apply(self, index: int, picks: list[int], amount: int, new: bool) -> None:
        """A payload says which accounts there are to be, and whom the member is a client of."""
        handle = self.pick(Member, index)
        member = self.object(handle)
        self.flush()
        own = self.now.members(handle, "accounts")
        kept = sorted({own[pick % len(own)] for pick in picks} if own else [])
        payload: list[dict[str, Any]] = [{"id": self.keys[h], "amount": amount} for h in kept]
        payload += [{"amount": amount}] if new else []
        self.run(self.session.apply(member, {"name": "a", "accounts": payload, "patron": None}))
        self.now.set(handle, "name", "a")
        self.now.set(handle, "patron", None)
        for account in own:
            if account in kept:
                self.now.set(account, "amount", amount)
            else:
                self.strike(account)
        if new:
            self.enter(self.new_account(member), amount=amount, owner=handle)

    def new_account(self, member: Any) -> Any:
        return next(a for a in member.accounts if inspect(a).pending)


class Rereading(RandomBase):
    """Refreshed, expired, loaded."""

    @precondition(lambda self: self.now.rows)
    @rule(index=which)
    def refresh(self, index: int) -> None:
        instance = self.object(self.pick_any(index))
        self.flush()
        self.run(self.session.refresh(instance))

    @precondition(lambda self: self.now.rows)
    @rule(index=which)
    def expire(self, index: int) -> None:
        instance = self.object(self.pick_any(index))
        self.flush()
        self.session.expire(instance)

    @rule()
    def expire_all(self) -> None:
        self.flush()
        self.session.expire_all()

    @precondition(lambda self: self.stored_members())
    @rule(index=which, read=st.booleans(), name=st.sampled_from(["name", "notes"]))
    def forget_one_attribute(self, index: int, read: bool, name: str) -> None:
        """Its change is lost, those of others are not."""
        members = self.stored_members()
        handle = members[index % len(members)]
        member = self.object(handle)
        self.now.set(handle, name, self.stored.copy().get(handle, name))
        if read:
            self.run(self.session.refresh(member, [name], discard=True))
            self.flushed()
        else:
            self.session.expire(member, [name])

    def stored_members(self) -> list[int]:
        return [handle for handle in self.now.of(Member) if handle in self.stored.rows]

    @rule(populate=st.booleans())
    def load_everything(self, populate: bool) -> None:
        self.run(self._load_everything(populate))
        self.flushed()

    async def _load_everything(self, populate: bool) -> None:
        statement = select(Member)
        members = await self.session.all(
            statement.execution_options(populate_existing=True) if populate else statement
        )
        for name in ("accounts", "badges", "clients", "tools", "locker", "parts"):
            await self.session.load(members, getattr(Member, name))
        badges = await self.session.all(select(Badge))
        await self.session.load(badges, Badge.wearers)
