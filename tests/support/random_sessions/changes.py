"""Random rules: adding, changing and deleting objects; nothing is flushed unless it has to be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from asyncorm import inspect
from tests.support.guild import Account, Badge, Guild, Locker, Member, Part, Quest, Tool
from tests.support.random_sessions.base import RandomBase, amounts, texts, which


class Adding(RandomBase):
    """New objects."""

    @rule(name=texts, email=st.none() | texts, index=which, patron=st.booleans())
    def add_member(self, name: str, email: str | None, index: int, patron: bool) -> None:
        if email is not None and not self.is_free(Member, email=email):
            return
        handle = self.pick(Member, index) if patron and self.now.of(Member) else None
        member = Member(name=name, email=email)
        if handle is not None:
            member.patron = self.object(handle)
        self.session.add(member)
        self.enter(member, name=name, email=email, notes={}, patron=handle)

    @precondition(lambda self: self.now.of(Member))
    @rule(amount=amounts, index=which)
    def add_account(self, amount: int, index: int) -> None:
        owner = self.pick(Member, index)
        account = Account(amount=amount, owner=self.object(owner))
        self.session.add(account)
        self.enter(account, amount=amount, owner=owner)

    @rule(code=texts, label=texts)
    def add_badge(self, code: str, label: str) -> None:
        if self.is_free(Badge, code=code):
            badge = Badge(code=code, label=label)
            self.session.add(badge)
            self.enter(badge, code=code, label=label)

    @rule(title=texts)
    def add_quest(self, title: str) -> None:
        quest = Quest(title=title)
        self.session.add(quest)
        self.enter(quest, title=title)

    @precondition(lambda self: self.now.of(Member) and self.now.of(Quest))
    @rule(index=which, other=which, role=texts)
    def add_part(self, index: int, other: int, role: str) -> None:
        member, quest = self.pick(Member, index), self.pick(Quest, other)
        if self.is_free(Part, member=member, quest=quest):
            part = Part(role=role, member=self.object(member), quest=self.object(quest))
            self.session.add(part)
            self.enter(part, role=role, member=member, quest=quest)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, kind=texts)
    def give_tool(self, index: int, kind: str) -> None:
        """The one of its kind that the member has is replaced, which deletes it."""
        owner = self.pick(Member, index)
        for old in self.now.members(owner, "tools"):
            self.readable(old, "kind")
        tools = self.load(self.object(owner), "tools")
        for old in [t for t in self.now.members(owner, "tools") if self.now.get(t, "kind") == kind]:
            self.strike(old)
        tools[kind] = Tool(kind=kind)
        self.enter(tools[kind], kind=kind, owner=owner)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, number=amounts)
    def give_locker(self, index: int, number: int) -> None:
        """A new one takes the place of the old one, which is deleted."""
        holder = self.pick(Member, index)
        member = self.object(holder)
        self.load(member, "locker")
        for old in self.now.members(holder, "locker"):
            self.strike(old)
        member.locker = Locker(number=number)
        self.enter(member.locker, number=number, holder=holder)


class Changing(RandomBase):
    """Other values in columns."""

    def change(self, handle: int, name: str, value: Any) -> None:
        """Set a value, unless others stand in its way."""
        instance = self.object(handle)
        if self.now.may_take(self.stored, handle, **{name: value}):
            setattr(instance, name, value)
            self.now.set(handle, name, value)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, name=texts)
    def rename_member(self, index: int, name: str) -> None:
        self.change(self.pick(Member, index), "name", name)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, email=st.none() | texts)
    def change_email(self, index: int, email: str | None) -> None:
        self.change(self.pick(Member, index), "email", email)

    @precondition(lambda self: self.now.of(Account))
    @rule(index=which, amount=amounts)
    def change_amount(self, index: int, amount: int) -> None:
        self.change(self.pick(Account, index), "amount", amount)

    @precondition(lambda self: self.stored.of(Account) and self.now.of(Account))
    @rule(index=which, amount=amounts)
    def add_to_amount(self, index: int, amount: int) -> None:
        """By the database: from what is stored, whatever memory says."""
        handle = self.pick(Account, index)
        if handle in self.stored.rows:
            self.object(handle).amount = Account.amount + amount
            self.now.set(handle, "amount", self.stored.get(handle, "amount") + amount)

    @precondition(lambda self: self.now.of(Badge))
    @rule(index=which, code=texts)
    def change_code(self, index: int, code: str) -> None:
        self.change(self.pick(Badge, index), "code", code)

    @precondition(lambda self: self.now.of(Badge))
    @rule(index=which, label=texts)
    def change_label(self, index: int, label: str) -> None:
        self.change(self.pick(Badge, index), "label", label)

    @precondition(lambda self: self.now.of(Part))
    @rule(index=which, role=texts)
    def change_role(self, index: int, role: str) -> None:
        self.change(self.pick(Part, index), "role", role)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, key=texts, value=amounts, inside=st.booleans())
    def note(self, index: int, key: str, value: int, inside: bool) -> None:
        """A document is changed inside, without an assignment."""
        handle = self.pick(Member, index)
        member = self.readable(handle, "notes")
        notes = self.now.get(handle, "notes")
        if inside:
            member.notes.setdefault("all", []).append(value)
            notes.setdefault("all", []).append(value)
        else:
            member.notes[key] = notes[key] = value

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which)
    def forget_notes(self, index: int) -> None:
        handle = self.pick(Member, index)
        self.readable(handle, "notes").notes.clear()
        self.now.get(handle, "notes").clear()


class Deleting(RandomBase):
    """What is deleted, with what goes along; collections may not be loaded."""

    def delete(self, handle: int, flush_first: bool, at_once: bool) -> None:
        instance = self.object(handle)
        if flush_first or inspect(instance).pending:
            self.flush()
        self.run(self._delete(instance))
        self.strike(handle)
        if at_once:
            self.flush()

    async def _delete(self, instance: Any) -> None:
        with self.session.no_autoflush:
            await self.session.delete(instance)

    @precondition(lambda self: self.now.of(Member))
    @rule(index=which, flush_first=st.booleans(), at_once=st.booleans())
    def delete_member(self, index: int, flush_first: bool, at_once: bool) -> None:
        self.delete(self.pick(Member, index), flush_first, at_once)

    @precondition(lambda self: self.now.of(Badge))
    @rule(index=which, flush_first=st.booleans(), at_once=st.booleans())
    def delete_badge(self, index: int, flush_first: bool, at_once: bool) -> None:
        self.delete(self.pick(Badge, index), flush_first, at_once)

    @precondition(lambda self: self.owned())
    @rule(index=which, flush_first=st.booleans(), at_once=st.booleans())
    def delete_owned(self, index: int, flush_first: bool, at_once: bool) -> None:
        owned = self.owned()
        self.delete(owned[index % len(owned)], flush_first, at_once)

    @precondition(lambda self: self.now.of(Badge))
    @rule(index=which, label=texts)
    def delete_badge_and_add_its_code(self, index: int, label: str) -> None:
        """The row stays, and becomes that of another object."""
        handle = self.pick(Badge, index)
        code = self.now.get(handle, "code")
        self.delete(handle, flush_first=False, at_once=False)
        badge = Badge(code=code, label=label)
        self.session.add(badge)
        self.enter(badge, code=code, label=label)

    def owned(self) -> list[int]:
        """Handles of classes with few relationships of their own."""
        small: tuple[type[Guild], ...] = (Account, Tool, Locker, Part, Quest)
        return [handle for entity in small for handle in self.now.of(entity)]
