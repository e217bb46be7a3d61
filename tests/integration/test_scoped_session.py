"""scoped_session: every task has a session of its own, which goes with the task."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any
from weakref import WeakSet

import anyio
import pytest

from asyncorm import InvalidRequestError, event, scoped_session, select
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.support.backends import eventually
from tests.support.bookshop import Author


@pytest.fixture
def scoped(Session: SessionFactory) -> scoped_session:
    return scoped_session(Session)


async def test_o11_a_task_has_one_session(scoped: scoped_session) -> None:
    """Y8"""
    assert not scoped.registry.has()
    session = scoped()
    assert scoped() is session
    assert scoped.registry.has()
    await scoped.remove()
    assert not scoped.registry.has()
    assert scoped() is not session
    await scoped.remove()
    await scoped.remove()


async def test_o11_a_child_task_does_not_inherit_it(scoped: scoped_session) -> None:
    mine = scoped()

    async def child() -> SessionType:
        assert not scoped.registry.has()
        found = scoped()
        await asyncio.sleep(0)
        assert scoped() is found
        await scoped.remove()
        return found

    found = [
        await asyncio.create_task(child()),
        await asyncio.create_task(child(), context=copy_context()),
        *await asyncio.gather(child(), child()),
    ]
    async with anyio.create_task_group() as group:

        async def keep() -> None:
            found.append(await child())

        group.start_soon(keep)
        group.start_soon(keep)
    assert len({id(session) for session in [mine, *found]}) == 7
    assert scoped() is mine
    await scoped.remove()


async def test_o11_a_scope_of_ones_own_is_shared_by_those_who_ask_for_it(
    Session: SessionFactory,
) -> None:
    tenant = "a"
    scoped = scoped_session(Session, scopefunc=lambda: tenant)
    mine = scoped()

    async def child() -> SessionType:
        return scoped()

    assert await asyncio.create_task(child()) is mine
    tenant = "b"
    assert scoped() is not mine
    await scoped.remove()
    tenant = "a"
    assert scoped() is mine
    await scoped.remove()


async def test_the_block_removes_it(scoped: scoped_session, engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with scoped as session:
            assert scoped() is session
            session.add(Author(name="a"))
            await scoped.flush()
            assert engine.pool.in_use == 1
            raise ZeroDivisionError
    assert engine.pool.in_use == 0
    assert not scoped.registry.has()
    async with scoped:
        assert await scoped.all(select(Author)) == []


async def test_a_block_of_the_session_itself_leaves_none_that_is_closed(
    scoped: scoped_session,
) -> None:
    async with scoped() as session:
        assert scoped() is session
    assert not scoped.registry.has()
    assert scoped() is not session
    await scoped.remove()


async def test_it_stands_for_the_session(scoped: scoped_session) -> None:
    async with scoped:
        author = Author(name="a")
        scoped.add(author)
        assert author in scoped
        assert list(scoped) == [author]
        assert scoped.new == (author,)
        await scoped.commit()
        assert await scoped.get(Author, author.id) is author
        assert (await scoped.execute(select(Author.name))).all() == ["a"]
        async with scoped.begin_nested() as savepoint:
            await savepoint.rollback()
        with pytest.raises(AttributeError, match="nothing_like_it"):
            scoped.nothing_like_it  # type: ignore[attr-defined]  # noqa: B018


async def test_options_are_for_the_first_use(scoped: scoped_session) -> None:
    session = scoped(info={"tenant": 7})
    assert session.info == {"tenant": 7}
    with pytest.raises(InvalidRequestError, match="has a session already"):
        scoped(autoflush=False)
    await scoped.remove()
    scoped.configure(info={"tenant": 8})
    assert scoped.info == {"tenant": 8}
    await scoped.remove()


async def test_a_session_may_be_put_in_its_place(
    scoped: scoped_session, Session: SessionFactory
) -> None:
    async with Session() as session:
        scoped.registry.set(session)
        assert scoped() is session
        scoped.registry.clear()
        assert not scoped.registry.has()


def test_outside_of_a_task_there_is_none() -> None:
    from asyncorm import create_engine, sessionmaker

    scoped = scoped_session(sessionmaker(create_engine("postgresql://nobody@localhost/none")))
    with pytest.raises(InvalidRequestError, match="outside of a task"):
        scoped()


async def test_a_task_that_forgets_it_gets_a_warning(
    scoped: scoped_session, engine: Engine
) -> None:
    async def forget() -> None:
        await scoped.all(select(Author))

    with pytest.warns(ResourceWarning, match=r"dropped without close"):
        await asyncio.create_task(forget())
        await asyncio.sleep(0)
        gc.collect()
    await eventually(lambda: engine.pool.in_use == 0)


@pytest.fixture
def made(Session: SessionFactory) -> Iterator[WeakSet[Any]]:
    """All sessions that were used."""
    sessions: WeakSet[Any] = WeakSet()
    event.listen(Session, "after_transaction_create", sessions.add)
    return sessions


async def test_ten_thousand_tasks_leave_nothing_behind(
    scoped: scoped_session, made: WeakSet[Any]
) -> None:
    used = 0

    async def work(number: int) -> None:
        nonlocal used
        scoped.add(Author(name=f"a{number}"))
        used += 1
        if number % 2:
            await scoped.remove()  # the others forget it; they had no connection

    for start in range(0, 10_000, 500):
        await asyncio.gather(*(work(number) for number in range(start, start + 500)))
    await asyncio.sleep(0)
    gc.collect()
    assert used == 10_000
    assert len(made) == 0
    assert len(scoped.registry._sessions) == 0
