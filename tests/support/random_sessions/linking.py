"""Random rules: references and collections, from either side, one by one or as a whole."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.guild import Account, Badge, Locker, Member, Part, Quest, Tool
from tests.support.random_sessions.base import RandomBase, amounts, which


class Moving(RandomBase):
    """Objects get other owners."""

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, other=which, none=st.booleans())
    def set_patron(self, index: int, other: int, none: bool) -> None:
        handle = self.pick(Member, index)
        patron = None if none else self.pick(Member, other)
        member = self.readable(handle, "patron_id")
        member.patron = None if patron is None else self.object(patron)
        self.now.set(handle, "patron", patron)

    @precondition(lambda self: self.now.of(Account))
    @rule(index=which, other=which, by_collection=st.booleans())
    def move_account(self, index: int, other: int, by_collection: bool) -> None:
        handle, owner = self.pick(Account, index), self.pick(Member, other)
        # whoever held an object whose reference is expired is told by the flush only
        account, target = self.readable(handle, "owner_id"), self.object(owner)
        if not by_collection:
            account.owner = target
        elif account not in self.load(target, "accounts"):
            target.accounts.append(account)
        self.now.set(handle, "owner", owner)

    @precondition(lambda self: self.now.of(Locker))
    @rule(index=which, other=which, from_here=st.booleans())
    def move_locker(self, index: int, other: int, from_here: bool) -> None:
        """What the new holder had is deleted."""
        handle, holder = self.pick(Locker, index), self.pick(Member, other)
        locker, member = self.readable(handle, "holder_id"), self.object(holder)
        self.load(member, "locker")
        if handle in self.now.members(holder, "locker"):
            return
        if self.stored.rows.get(handle) and not self._may_hold(handle, holder):
            return
        for old in self.now.members(holder, "locker"):
            self.strike(old)
        if from_here:
            locker.holder = member
        else:
            member.locker = locker
        self.now.set(handle, "holder", holder)

    def _may_hold(self, handle: int, holder: int) -> bool:
        """Without the one that is replaced there must be no circle."""
        after = self.now.copy()
        for old in after.members(holder, "locker"):
            after.delete(old)
        return after.may_take(self.stored, handle, holder=holder)

    @precondition(lambda self: self.now.of(Tool))
    @rule(index=which, other=which, from_here=st.booleans())
    def move_tool(self, index: int, other: int, from_here: bool) -> None:
        handle, owner = self.pick(Tool, index), self.pick(Member, other)
        tool, target = self.readable(handle, "kind"), self.object(owner)
        kind = self.now.get(handle, "kind")
        self.load(target, "tools")
        if not self.now.may_take(self.stored, handle, owner=owner):
            return
        if from_here:
            tool.owner = target
        else:
            target.tools[kind] = tool
        self.now.set(handle, "owner", owner)

    @precondition(lambda self: self.now.of(Part))
    @rule(index=which, other=which, member=st.booleans())
    def move_part(self, index: int, other: int, member: bool) -> None:
        """Its key changes with what it belongs to."""
        handle = self.pick(Part, index)
        name = "member" if member else "quest"
        target = self.pick(Member if member else Quest, other)
        part, instance = self.object(handle), self.object(target)
        if self.now.may_take(self.stored, handle, **{name: target}):
            setattr(part, name, instance)
            self.now.set(handle, name, target)

    @precondition(lambda self: self.now.of(Account))
    @rule(index=which)
    def drop_account_from_its_owner(self, index: int) -> None:
        """An orphan is deleted."""
        handle = self.pick(Account, index)
        account, owner = self.object(handle), self.object(self.now.get(handle, "owner"))
        self.load(owner, "accounts").remove(account)
        self.strike(handle)

    @precondition(lambda self: self.now.of(Tool))
    @rule(index=which)
    def drop_tool_from_its_owner(self, index: int) -> None:
        handle = self.pick(Tool, index)
        self.object(handle)
        owner = self.object(self.now.get(handle, "owner"))
        del self.load(owner, "tools")[self.now.get(handle, "kind")]
        self.strike(handle)

    @precondition(lambda self: self.now.of(Part))
    @rule(index=which, member=st.booleans())
    def drop_part(self, index: int, member: bool) -> None:
        """It has to be taken from both."""
        handle = self.pick(Part, index)
        part = self.object(handle)
        for name in ("member", "quest") if member else ("quest", "member"):
            owner = self.object(self.now.get(handle, name))
            self.load(owner, "parts")
        for name in ("member", "quest") if member else ("quest", "member"):
            self.object(self.now.get(handle, name)).parts.remove(part)
        self.strike(handle)


class Replacing(RandomBase):
    """Collections are replaced as a whole; some of the members may be the same."""

    def some(self, entity: Any, picks: list[int]) -> list[int]:
        return sorted({self.pick(entity, index) for index in picks} if self.now.of(entity) else [])

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, picks=st.lists(which, max_size=3), amount=st.none() | amounts)
    def replace_accounts(self, index: int, picks: list[int], amount: int | None) -> None:
        handle = self.pick(Member, index)
        wanted = self.some(Account, picks)
        owner, accounts = self.object(handle), [self.object(h) for h in wanted]
        self.load(owner, "accounts")
        new = [] if amount is None else [Account(amount=amount)]
        for old in self.now.members(handle, "accounts"):
            if old not in wanted:
                self.strike(old)
        owner.accounts = [*new, *accounts]
        for account in wanted:
            self.now.set(account, "owner", handle)
        for account in new:
            self.enter(account, amount=amount, owner=handle)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, picks=st.lists(which, max_size=3))
    def replace_clients(self, index: int, picks: list[int]) -> None:
        handle = self.pick(Member, index)
        wanted = self.some(Member, picks)
        patron, clients = self.object(handle), [self.object(h) for h in wanted]
        self.load(patron, "clients")
        for old in self.now.members(handle, "clients"):
            self.now.set(old, "patron", None)
        patron.clients = clients
        for client in wanted:
            self.now.set(client, "patron", handle)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, keep=st.sets(st.sampled_from("abcdefgh")), new=st.sampled_from("abcd"))
    def replace_tools(self, index: int, keep: set[str], new: str) -> None:
        handle = self.pick(Member, index)
        owner = self.object(handle)
        for old in self.now.members(handle, "tools"):
            self.readable(old, "kind")
        kept = {k: t for k, t in self.load(owner, "tools").items() if k in keep and k != new}
        for old in self.now.members(handle, "tools"):
            if self.now.get(old, "kind") not in kept:
                self.strike(old)
        tool = Tool(kind=new)
        owner.tools = {new: tool, **kept}
        self.enter(tool, kind=new, owner=handle)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, picks=st.lists(which, max_size=3))
    def replace_badges(self, index: int, picks: list[int]) -> None:
        handle = self.pick(Member, index)
        wanted = self.some(Badge, picks)
        member, badges = self.object(handle), {self.object(h) for h in wanted}
        self.load(member, "badges")
        member.badges = badges
        self.now.links = {link for link in self.now.links if link[0] != handle}
        self.now.links |= {(handle, badge) for badge in wanted}

    @precondition(lambda self: self.now.of(Badge))
    @rule(index=which, picks=st.lists(which, max_size=3))
    def replace_wearers(self, index: int, picks: list[int]) -> None:
        handle = self.pick(Badge, index)
        wanted = self.some(Member, picks)
        badge, wearers = self.object(handle), [self.object(h) for h in wanted]
        self.load(badge, "wearers")
        badge.wearers = wearers
        self.now.links = {link for link in self.now.links if link[1] != handle}
        self.now.links |= {(member, handle) for member in wanted}


class Wearing(RandomBase):
    """Badges are put on and taken off, one by one."""

    @precondition(lambda self: self.now.of(Member) and self.now.of(Badge))
    @rule(index=which, other=which, side=st.booleans())
    def link(self, index: int, other: int, side: bool) -> None:
        member, badge = self.pick(Member, index), self.pick(Badge, other)
        one, two = self.object(member), self.object(badge)
        if side:
            self.load(one, "badges").add(two)
        elif one not in self.load(two, "wearers"):
            two.wearers.append(one)
        self.now.links.add((member, badge))

    @precondition(lambda self: self.now.links)
    @rule(index=which, side=st.booleans())
    def unlink(self, index: int, side: bool) -> None:
        member, badge = sorted(self.now.links)[index % len(self.now.links)]
        one, two = self.object(member), self.object(badge)
        if side:
            self.load(one, "badges").remove(two)
        else:
            self.load(two, "wearers").remove(one)
        self.now.links.discard((member, badge))
