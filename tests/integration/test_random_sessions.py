"""Random sessions against a plain picture of what they should hold, and the real database.

A short run is part of the suite; `make long-run` makes a long one.
"""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from asyncorm import Engine, UniqueViolation, create_engine, inspect, select, sessionmaker, sql
from tests.support.guild import Account, Badge, Guild, Member, Picture

STEPS = int(os.environ.get("ASYNCORM_RANDOM_STEPS", "600"))
PER_EXAMPLE = 40

which = st.integers(0, 50)
texts = st.sampled_from("abcdefgh")
amounts = st.integers(0, 5)


class RandomSession(RuleBasedStateMachine):
    """One session, driven at random; ``now`` is what it should hold at any time."""

    engine: Engine
    runner: asyncio.Runner
    steps = 0

    def run(self, operation: Coroutine[Any, Any, Any]) -> Any:
        type(self).steps += 1
        return self.runner.run(operation)

    @initialize()
    def start(self) -> None:
        self.objects: dict[int, Any] = {}
        self.next_handle = 0
        self.keys: dict[int, Any] = {}
        self.loaded_again: set[int] = set()
        self.now = Picture()
        self.committed = Picture()
        self.savepoints: list[tuple[Any, Picture]] = []
        self.run(self._start())

    async def _start(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sql("truncate member, account, badge, member_badge"))
        self.session = sessionmaker(self.engine)()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.run(self.session.close())
            assert self.engine.pool.in_use == 0

    # -- helpers -------------------------------------------------------------------------------

    def pick(self, handles: Any, index: int) -> int:
        known = sorted(handles)
        return known[index % len(known)]

    def enter(self, instance: Any) -> int:
        self.next_handle += 1
        self.objects[self.next_handle] = instance
        return self.next_handle

    def known(self) -> set[int]:
        """The handles of all that there should be."""
        return {*self.now.names, *self.now.amounts, *self.now.labels}

    def forget_what_is_gone(self) -> None:
        """Objects that the picture does not have are no business of the session any more.

        Those that a flush has still to delete are left alone until then.
        """
        if self.session.new or self.session.dirty or self.session.deleted:
            return
        for handle in [h for h in self.objects if h not in self.known()]:
            gone = self.objects.pop(handle)
            if handle in self.loaded_again and gone in self.session:
                # loaded after clear(): nothing tells that its row was not committed yet
                self.run(self.is_gone(gone))
            assert gone not in self.session, f"{gone!r} is still in the session"

    async def is_gone(self, instance: Any) -> None:
        assert inspect(instance).identity_key is not None
        key = inspect(instance).identity_key[1]
        assert await self.session.get(type(instance), key) is None

    # -- adding --------------------------------------------------------------------------------

    @rule(name=texts, index=which, patron=st.booleans())
    def add_member(self, name: str, index: int, patron: bool) -> None:
        member = Member(name=name)
        handle = None
        if patron and self.now.names:
            handle = self.pick(self.now.names, index)
            member.patron = self.objects[handle]
        self.session.add(member)
        new = self.enter(member)
        self.now.names[new], self.now.patrons[new] = name, handle

    @precondition(lambda self: self.now.names)
    @rule(amount=amounts, index=which)
    def add_account(self, amount: int, index: int) -> None:
        owner = self.pick(self.now.names, index)
        account = Account(amount=amount, owner=self.objects[owner])
        self.session.add(account)
        new = self.enter(account)
        self.now.amounts[new], self.now.owners[new] = amount, owner

    @rule(code=texts, label=texts)
    def add_badge(self, code: str, label: str) -> None:
        if code in self.now.codes.values():
            return
        badge = Badge(code=code, label=label)
        self.session.add(badge)
        new = self.enter(badge)
        self.now.codes[new], self.now.labels[new] = code, label

    # -- changing ------------------------------------------------------------------------------

    @precondition(lambda self: self.now.names)
    @rule(index=which, name=texts)
    def rename_member(self, index: int, name: str) -> None:
        handle = self.pick(self.now.names, index)
        self.objects[handle].name = name
        self.now.names[handle] = name

    @precondition(lambda self: self.now.amounts)
    @rule(index=which, amount=amounts)
    def change_amount(self, index: int, amount: int) -> None:
        handle = self.pick(self.now.amounts, index)
        self.objects[handle].amount = amount
        self.now.amounts[handle] = amount

    @precondition(lambda self: self.now.codes)
    @rule(index=which, code=texts)
    def rename_badge(self, index: int, code: str) -> None:
        if code in self.now.codes.values() or code in self.committed.codes.values():
            return
        handle = self.pick(self.now.codes, index)
        # the key that others hold until the flush must not be taken: that is another test
        self.run(self.session.flush())
        self.objects[handle].code = code
        self.now.codes[handle] = code

    @precondition(lambda self: self.now.names)
    @rule(index=which, other=which, none=st.booleans())
    def set_patron(self, index: int, other: int, none: bool) -> None:
        handle = self.pick(self.now.names, index)
        patron = None if none else self.pick(self.now.names, other)
        self.objects[handle].patron = None if patron is None else self.objects[patron]
        self.now.patrons[handle] = patron

    @precondition(lambda self: self.now.amounts)
    @rule(index=which, other=which, by_collection=st.booleans())
    def move_account(self, index: int, other: int, by_collection: bool) -> None:
        handle = self.pick(self.now.amounts, index)
        owner = self.pick(self.now.names, other)
        account, target = self.objects[handle], self.objects[owner]
        if by_collection:
            self.run(self.load(target, Member.accounts))
            if account not in target.accounts:
                target.accounts.append(account)
        else:
            account.owner = target
        self.now.owners[handle] = owner

    async def load(self, instance: Any, relationship: Any) -> None:
        """Load a collection unless it is known; reading never flushes a half-done change here."""
        if relationship.name in inspect(instance).unloaded and not inspect(instance).pending:
            with self.session.no_autoflush:
                await self.session.load(instance, relationship)

    @precondition(lambda self: self.now.names and self.now.codes)
    @rule(index=which, other=which, side=st.booleans())
    def link(self, index: int, other: int, side: bool) -> None:
        member, badge = self.pick(self.now.names, index), self.pick(self.now.codes, other)
        one, two = self.objects[member], self.objects[badge]
        if side:
            self.run(self.load(one, Member.badges))
            one.badges.add(two)
        else:
            self.run(self.load(two, Badge.wearers))
            if one not in two.wearers:
                two.wearers.append(one)
        self.now.links.add((member, badge))

    @precondition(lambda self: self.now.links)
    @rule(index=which, side=st.booleans())
    def unlink(self, index: int, side: bool) -> None:
        member, badge = sorted(self.now.links)[index % len(self.now.links)]
        one, two = self.objects[member], self.objects[badge]
        if side:
            self.run(self.load(one, Member.badges))
            one.badges.remove(two)
        else:
            self.run(self.load(two, Badge.wearers))
            two.wearers.remove(one)
        self.now.links.discard((member, badge))

    # -- deleting ------------------------------------------------------------------------------

    @precondition(lambda self: self.now.names)
    @rule(index=which, at_once=st.booleans())
    def delete_member(self, index: int, at_once: bool) -> None:
        handle = self.pick(self.now.names, index)
        self.run(self.delete(self.objects[handle]))
        self.now.delete_member(handle)
        if at_once:
            self.run(self.session.flush())
        self.forget_what_is_gone()

    @precondition(lambda self: self.now.amounts)
    @rule(index=which, at_once=st.booleans())
    def delete_account(self, index: int, at_once: bool) -> None:
        handle = self.pick(self.now.amounts, index)
        self.run(self.delete(self.objects[handle]))
        self.now.delete_account(handle)
        if at_once:
            self.run(self.session.flush())
        self.forget_what_is_gone()

    @precondition(lambda self: self.now.amounts)
    @rule(index=which)
    def drop_account_from_its_owner(self, index: int) -> None:
        """An orphan is deleted."""
        handle = self.pick(self.now.amounts, index)
        owner, account = self.objects[self.now.owners[handle]], self.objects[handle]
        self.run(self.load(owner, Member.accounts))
        owner.accounts.remove(account)
        self.now.delete_account(handle)
        self.forget_what_is_gone()

    @precondition(lambda self: self.now.codes)
    @rule(index=which, at_once=st.booleans())
    def delete_badge(self, index: int, at_once: bool) -> None:
        handle = self.pick(self.now.codes, index)
        self.run(self.delete(self.objects[handle]))
        self.now.delete_badge(handle)
        if at_once:
            self.run(self.session.flush())
        self.forget_what_is_gone()

    async def delete(self, instance: Any) -> None:
        if inspect(instance).pending:
            await self.session.flush()
        await self.session.delete(instance)

    # -- transactions --------------------------------------------------------------------------

    @rule()
    def flush(self) -> None:
        self.run(self.session.flush())

    @rule()
    def commit(self) -> None:
        self.run(self.session.commit())
        self.committed = self.now.copy()
        self.savepoints.clear()
        self.run(self.check_database(own=False))

    @rule()
    def rollback(self) -> None:
        self.run(self.session.rollback())
        self.now = self.committed.copy()
        self.savepoints.clear()
        self.forget_what_is_gone()
        self.run(self.bring_back())

    @precondition(lambda self: len(self.savepoints) < 4)
    @rule()
    def begin_savepoint(self) -> None:
        self.savepoints.append((self.run(self._begin_nested()), self.now.copy()))

    async def _begin_nested(self) -> Any:
        return await self.session.begin_nested()

    @precondition(lambda self: self.savepoints)
    @rule(index=which)
    def rollback_savepoint(self, index: int) -> None:
        position = index % len(self.savepoints)
        savepoint, before = self.savepoints[position]
        del self.savepoints[position:]
        self.run(savepoint.rollback())
        self.now = before
        self.forget_what_is_gone()
        self.run(self.bring_back())

    @precondition(lambda self: self.savepoints)
    @rule(index=which)
    def release_savepoint(self, index: int) -> None:
        position = index % len(self.savepoints)
        savepoint, _ = self.savepoints[position]
        del self.savepoints[position:]
        self.run(savepoint.commit())

    async def bring_back(self) -> None:
        """Handles of deleted rows that are back: their objects are loaded again by key."""
        ids = {i.id: i for i in await self.session.all(select(Member))}
        for handle in self.now.names:
            if handle not in self.objects:
                self.objects[handle] = ids[self.keys[handle]]
        accounts = {i.id: i for i in await self.session.all(select(Account))}
        for handle in self.now.amounts:
            if handle not in self.objects:
                self.objects[handle] = accounts[self.keys[handle]]
        badges = {i.code: i for i in await self.session.all(select(Badge))}
        for handle, code in self.now.codes.items():
            if handle not in self.objects:
                self.objects[handle] = badges[code]

    @rule(code=texts)
    def fail_in_a_savepoint(self, code: str) -> None:
        """A key that is taken already: only what the savepoint did is lost."""
        if code in self.now.codes.values():
            self.run(self._fail(code))

    async def _fail(self, code: str) -> None:
        await self.session.flush()
        self.forget_what_is_gone()
        for badge in [o for o in self.objects.values() if isinstance(o, Badge)]:
            self.session.expunge(badge)
        with pytest.raises(UniqueViolation) as caught:
            async with self.session.begin_nested():
                doomed = Badge(code=code, label="doomed")
                self.session.add(doomed)
                await self.session.flush()
        assert caught.value.objects == (doomed,)
        assert inspect(doomed).transient
        for badge in [o for o in self.objects.values() if isinstance(o, Badge)]:
            self.session.add(badge)

    # -- leaving and coming back ---------------------------------------------------------------

    @precondition(lambda self: self.known())
    @rule(index=which)
    def expunge_and_add(self, index: int) -> None:
        """What is changed stays changed, outside as well."""
        instance = self.objects[self.pick(self.known(), index)]
        if inspect(instance).persistent:
            self.run(self.session.flush())
            self.session.expunge(instance)
            assert inspect(instance).detached
            self.session.add(instance)
            assert inspect(instance).persistent

    @precondition(lambda self: self.now.names)
    @rule(index=which, name=texts)
    def merge_member(self, index: int, name: str) -> None:
        handle = self.pick(self.now.names, index)
        self.run(self.session.flush())
        copied = pickle.loads(pickle.dumps(self.objects[handle].model_copy()))
        if "name" not in inspect(copied).unloaded:
            copied.name = name
            merged = self.run(self.session.merge(copied))
            assert merged is self.objects[handle]
            self.now.names[handle] = name

    @precondition(lambda self: self.known())
    @rule(index=which)
    def refresh(self, index: int) -> None:
        instance = self.objects[self.pick(self.known(), index)]
        self.run(self.session.flush())
        self.run(self.session.refresh(instance))

    @precondition(lambda self: self.known())
    @rule(index=which)
    def expire(self, index: int) -> None:
        instance = self.objects[self.pick(self.known(), index)]
        self.run(self.session.flush())
        self.session.expire(instance)

    @rule()
    def clear_and_load_again(self) -> None:
        self.run(self.session.flush())
        self.remember_keys()
        self.session.clear()
        self.loaded_again.update(self.objects)
        self.objects = {}
        self.run(self.bring_back())

    @rule()
    def load_everything(self) -> None:
        self.run(self._load_everything())

    async def _load_everything(self) -> None:
        await self.session.flush()
        members = await self.session.all(select(Member))
        await self.session.load(members, Member.accounts)
        await self.session.load(members, Member.badges)
        await self.session.load(members, Member.clients)
        badges = await self.session.all(select(Badge))
        await self.session.load(badges, Badge.wearers)

    # -- checking ------------------------------------------------------------------------------

    @invariant()
    def the_session_is_usable_and_memory_is_right(self) -> None:
        if not hasattr(self, "session"):
            return
        assert self.session.is_active
        self.remember_keys()
        self.forget_what_is_gone()
        if self.session.deleted or any(h not in self.known() for h in self.objects):
            return  # until the flush, what will be deleted is still where it was
        for handle, instance in self.objects.items():
            assert instance in self.session
            self.check_object(handle, instance, instance.__dict__)

    def remember_keys(self) -> None:
        for handle, instance in self.objects.items():
            if not isinstance(instance, Badge) and inspect(instance).persistent:
                self.keys[handle] = instance.id

    def check_object(self, handle: int, instance: Any, loaded: dict[str, Any]) -> None:
        now = self.now
        if isinstance(instance, Member):
            assert loaded.get("name", now.names[handle]) == now.names[handle]
            if "patron" in loaded:
                assert loaded["patron"] is self.object_of(now.patrons[handle])
            if "badges" in loaded:
                expected = {b for m, b in now.links if m == handle}
                assert {id(b) for b in loaded["badges"]} == self.identities(expected)
            if "accounts" in loaded:
                owned = {a for a, owner in now.owners.items() if owner == handle}
                assert {id(a) for a in loaded["accounts"]} == self.identities(owned)
                assert len(loaded["accounts"]) == len(owned)
            if "clients" in loaded:
                clients = {m for m, patron in now.patrons.items() if patron == handle}
                assert {id(m) for m in loaded["clients"]} == self.identities(clients)
        elif isinstance(instance, Account):
            assert loaded.get("amount", now.amounts[handle]) == now.amounts[handle]
            if "owner" in loaded:
                assert loaded["owner"] is self.object_of(now.owners[handle])
        else:
            assert loaded.get("code", now.codes[handle]) == now.codes[handle]
            if "wearers" in loaded:
                wearers = {m for m, b in now.links if b == handle}
                assert {id(m) for m in loaded["wearers"]} == self.identities(wearers)
                assert len(loaded["wearers"]) == len(wearers)

    def object_of(self, handle: int | None) -> Any:
        return None if handle is None else self.objects[handle]

    def identities(self, handles: set[int]) -> set[int]:
        return {id(self.objects[handle]) for handle in handles}

    @rule()
    def check_flushed(self) -> None:
        self.run(self.session.flush())
        self.remember_keys()
        self.run(self.check_database(own=True))

    async def check_database(self, own: bool) -> None:
        """The rows are the picture, seen by the session's connection or by another one."""
        self.remember_keys()
        if own:
            await self._check_rows(await self.session.connection())
        else:
            async with self.engine.connect() as connection:
                await self._check_rows(connection)

    async def _check_rows(self, connection: Any) -> None:
        now, keys = self.now, self.keys
        rows = (await connection.execute(sql("select id, name, patron_id from member"))).all()
        assert {tuple(row) for row in rows} == {
            (keys[m], name, keys.get(now.patrons[m])) for m, name in now.names.items()
        }
        rows = (await connection.execute(sql("select id, amount, owner_id from account"))).all()
        assert {tuple(row) for row in rows} == {
            (keys[a], amount, keys[now.owners[a]]) for a, amount in now.amounts.items()
        }
        rows = (await connection.execute(sql("select code, label from badge"))).all()
        assert {tuple(row) for row in rows} == {
            (code, now.labels[b]) for b, code in now.codes.items()
        }
        rows = (await connection.execute(sql("select * from member_badge"))).all()
        assert {frozenset(map(str, row)) for row in rows} == {
            frozenset((str(keys[m]), now.codes[b])) for m, b in now.links
        }
        assert len(rows) == len(now.links)
        versions = (await connection.execute(sql("select id, version from account"))).all()
        held = {a.id: a for a in self.objects.values() if isinstance(a, Account)}
        for key, version in versions:
            if key in held and "version" in held[key].__dict__:
                assert held[key].version == version


@pytest.fixture
def machine(database_url: str) -> Iterator[type[RandomSession]]:
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        runner.run(engine.create_all(Guild))
        RandomSession.engine, RandomSession.runner, RandomSession.steps = engine, runner, 0
        yield RandomSession
        runner.run(engine.drop_all(Guild))
        runner.run(engine.dispose())


@pytest.mark.timeout(3600)
def test_random_sessions_hold_what_a_plain_picture_says(machine: type[RandomSession]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, STEPS // PER_EXAMPLE),
            stateful_step_count=PER_EXAMPLE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
    assert machine.steps > STEPS // 4
