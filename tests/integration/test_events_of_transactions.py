"""Listeners at the begin and end of transactions: what they may do, what their errors do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asyncorm import (
    ConcurrentSessionUseError,
    FlushError,
    InvalidRequestError,
    PendingRollbackError,
    event,
    inspect,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Country
from tests.support.events import Heard

OPERATIONS = {
    "execute": lambda session: session.execute(sql("select 1")),
    "get": lambda session: session.get(Author, 1),
    "flush": lambda session: session.flush(),
    "commit": lambda session: session.commit(),
    "connection": lambda session: session.connection(),
    "begin_nested": lambda session: session.begin_nested()._start(),
    "close": lambda session: session.close(),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", ["after_commit", "after_rollback"])
async def test_c13_no_sql_after_the_end_of_a_transaction(
    Session: SessionFactory, name: str, operation: str
) -> None:
    """T18"""
    async with Session() as session:

        @event.listens_for(session, name)
        async def use(session: SessionType) -> None:
            with pytest.raises(InvalidRequestError, match=rf"{name}: the transaction is over"):
                await OPERATIONS[operation](session)

        session.add(Author(name="a"))
        await session.flush()
        await (session.commit() if name == "after_commit" else session.rollback())
        event.remove(session, name, use)
        assert len(await session.all(select(Author))) == (name == "after_commit")


async def test_c13_after_the_outermost_rollback_the_session_may_be_used(
    Session: SessionFactory,
) -> None:
    """T18"""
    async with Session() as session:
        found: list[Any] = []

        @event.listens_for(session, "after_soft_rollback")
        async def log(session: SessionType) -> None:
            found.append(await session.all(select(Author)))
            session.add(Author(name="log"))
            await session.flush()

        session.add(Author(name="a"))
        await session.flush()
        await session.rollback()
        await session.commit()
        assert found == [[]]
        assert await session.all(select(Author.name)) == ["log"]


async def test_after_a_failed_flush_it_may_not_before_the_rollback(Session: SessionFactory) -> None:
    async with Session() as session:
        outcomes: list[str] = []

        @event.listens_for(session, "after_soft_rollback")
        async def look(session: SessionType) -> None:
            try:
                await session.all(select(Author))
                outcomes.append("usable")
            except PendingRollbackError:
                outcomes.append("failed")

        session.add(Author(name="a"))
        await session.commit()
        session.add(Author(name="a"))
        with pytest.raises(Exception, match="author"):
            await session.flush()
        await session.rollback()
        assert outcomes == ["failed", "usable"]


async def test_c10_a_commit_flushes_until_nothing_is_left(
    Session: SessionFactory, sent: Sent
) -> None:
    """T5"""
    async with Session() as session:
        more = [Author(name="b"), Author(name="c")]

        @event.listens_for(session, "after_flush_postexec")
        def add_another(session: SessionType) -> None:
            if more:
                session.add(more.pop(0))

        session.add(Author(name="a"))
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
        assert not session.new


async def test_c10_a_commit_that_never_ends_is_given_up(
    Session: SessionFactory, sent: Sent
) -> None:
    """T5"""
    async with Session() as session:

        @event.listens_for(session, "after_flush_postexec")
        def add_another(session: SessionType) -> None:
            session.add(Author(name=f"a{len(session.identity_map)}"))

        first = Author(name="a")
        kept = [first]
        event.listen(session, "after_insert", lambda session, instance: kept.append(instance))
        session.add(first)
        with pytest.raises(FlushError, match="100 flushes in one commit"):
            await session.commit()
        verbs = sent.verbs()
        assert verbs.count("INSERT") == 100
        assert verbs[-1] == "ROLLBACK"
        assert not session.is_active
        await session.rollback()
        assert inspect(first).transient


async def test_before_commit_may_change_flush_and_ask(Session: SessionFactory) -> None:
    async with Session() as session:

        @event.listens_for(session, "before_commit")
        async def audit(session: SessionType) -> None:
            await asyncio.sleep(0)
            session.add(Country(code="nl", name="audit"))
            await session.flush()
            assert await session.scalar(sql("select count(*) from country")) == 1
            await session.flush()  # nothing to do
            session.add(Author(name="again"))
            await session.flush()
            session.add(Author(name="late"))

        event.listen(session, "after_flush", lambda session: None)
        session.add(Author(name="a"))
        await session.commit()
        event.remove(session, "before_commit", audit)
        assert await session.all(select(Author.name).order_by(Author.id)) == ["a", "again", "late"]
        assert len(await session.all(select(Country))) == 1


@pytest.mark.parametrize("name", ["after_commit", "deleted_to_detached", "after_transaction_end"])
async def test_an_error_after_the_commit_does_not_undo_it(
    Session: SessionFactory, engine: Engine, name: str
) -> None:
    async with Session(expire_on_commit=True) as session:
        gone = Country(code="nl", name="gone")
        session.add(gone)
        await session.commit()

        def fail(session: SessionType, instance: Any = None) -> None:
            raise ZeroDivisionError

        author = Author(name="a")
        session.add(author)
        await session.delete(gone)
        await session.flush()
        event.listen(session, name, fail)
        with pytest.raises(ZeroDivisionError):
            await session.commit()
        event.remove(session, name, fail)
        assert engine.pool.in_use == 0
        assert session.is_active
        assert not session.in_transaction()
        assert inspect(author).persistent
        assert inspect(gone).detached
        assert inspect(author).unloaded
        assert await session.all(select(Author.name)) == ["a"]
        assert await session.all(select(Country)) == []


@pytest.mark.parametrize("name", ["after_rollback", "persistent_to_transient"])
async def test_an_error_after_the_rollback_does_not_undo_it(
    Session: SessionFactory, engine: Engine, name: str
) -> None:
    async with Session() as session:

        @event.listens_for(session, name)
        def fail(session: SessionType, instance: Any = None) -> None:
            raise ZeroDivisionError

        author = Author(name="a")
        session.add(author)
        await session.flush()
        with pytest.raises(ZeroDivisionError):
            await session.rollback()
        assert engine.pool.in_use == 0
        assert inspect(author).transient
        assert not session.in_transaction()
        assert await session.all(select(Author)) == []


async def test_an_error_after_a_failed_flush_does_not_hide_the_first(
    Session: SessionFactory,
) -> None:
    async with Session() as session:

        @event.listens_for(session, "after_rollback")
        def fail(session: SessionType) -> None:
            raise ZeroDivisionError("second")

        session.add(Author(name="a"))
        await session.commit()
        session.add(Author(name="a"))
        with pytest.raises(Exception, match="author") as caught:
            await session.flush()
        assert caught.value.__notes__ == ["a listener failed too: ZeroDivisionError: second"]


async def test_after_begin_sets_up_every_transaction(Session: SessionFactory, sent: Sent) -> None:
    """Also one that only reads: the listener's statement sends BEGIN."""
    show = sql("select current_setting('app.tenant', true)")

    @event.listens_for(Session, "after_begin")
    async def set_tenant(session: SessionType) -> None:
        await session.execute(sql("select set_config('app.tenant', 'seven', true)"))

    async with Session() as session:
        assert await session.scalar(show) == "seven"
        await session.commit()
        assert await session.scalar(show) == "seven"
        await session.rollback()
        sent()
        session.add_all([Author(name="a"), Author(name="b")])
        await session.commit()
        assert sent.verbs() == ["BEGIN", "select", "INSERT", "COMMIT"]


async def test_an_error_of_after_begin_leaves_no_transaction_without_it(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:

        @event.listens_for(session, "after_begin", once=True)
        async def fail(session: SessionType) -> None:
            await session.execute(sql("select 1"))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await session.all(select(Author))
        assert engine.pool.in_use == 0
        with pytest.raises(PendingRollbackError):
            await session.all(select(Author))
        await session.rollback()
        assert await session.all(select(Author)) == []


async def test_listeners_do_not_use_the_session_from_another_task(Session: SessionFactory) -> None:
    async with Session() as session:

        @event.listens_for(session, "before_flush")
        async def spread(session: SessionType) -> None:
            with pytest.raises(ConcurrentSessionUseError):
                await asyncio.create_task(session.get(Author, 1))

        session.add(Author(name="a"))
        await session.flush()


async def test_another_task_is_refused_while_a_listener_waits(Session: SessionFactory) -> None:
    async with Session() as session:
        waiting, go_on = asyncio.Event(), asyncio.Event()

        @event.listens_for(session, "before_commit")
        async def wait(session: SessionType) -> None:
            await session.all(select(Author))
            waiting.set()
            await go_on.wait()
            await session.all(select(Author))

        session.add(Author(name="a"))
        commit = asyncio.create_task(session.commit())
        await waiting.wait()
        with pytest.raises(ConcurrentSessionUseError):
            session.add(Author(name="b"))
        with pytest.raises(ConcurrentSessionUseError):
            await session.all(select(Author))
        go_on.set()
        await commit
        assert await session.all(select(Author.name)) == ["a"]


async def test_cancelling_a_listener_rolls_back(Session: SessionFactory, engine: Engine) -> None:
    session = Session()
    waiting = asyncio.Event()

    @event.listens_for(session, "after_insert")
    async def wait(session: SessionType, author: Author) -> None:
        waiting.set()
        await asyncio.sleep(60)

    async def work() -> None:
        async with session:
            session.add(Author(name="a"))
            await session.commit()

    task = asyncio.create_task(work())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with Session() as other:
        assert await other.all(select(Author)) == []


async def test_async_listeners_are_awaited_in_order(Session: SessionFactory) -> None:
    order: list[str] = []

    @event.listens_for(Session, "after_commit")
    async def slow(session: SessionType) -> None:
        await asyncio.sleep(0.01)
        order.append("slow")

    @event.listens_for(Session, "after_commit")
    def fast(session: SessionType) -> None:
        order.append("fast")

    event.listen(Session, "after_commit", lambda session: order.append("first"), insert=True)
    async with Session() as session:
        event.listen(session, "after_commit", lambda session: order.append("own"))
        await session.commit()
    assert order == ["first", "slow", "fast", "own"]


async def test_a_block_tells_of_its_commit_and_of_its_rollback(Session: SessionFactory) -> None:
    heard = Heard(Session, ["before_commit", "after_commit", "after_rollback"])
    async with Session.begin() as session:
        session.add(Author(name="a"))
    assert heard() == ["before_commit", "after_commit"]
    with pytest.raises(ZeroDivisionError):
        async with Session.begin() as session:
            session.add(Author(name="b"))
            raise ZeroDivisionError
    assert heard() == ["after_rollback"]


async def test_a_listener_hears_of_one_session_factory_or_all(Session: SessionFactory) -> None:
    heard: list[str] = []

    def listener(name: str) -> Any:
        return lambda session: heard.append(name)

    everywhere = listener("all")
    event.listen(SessionType, "after_commit", everywhere)
    try:
        async with Session() as session, Session() as other:
            # all of them listen from now on, also to sessions that were there before
            event.listen(Session, "after_commit", listener("factory"))
            event.listen(session, "after_commit", listener("session"))
            await session.commit()
            assert heard == ["all", "factory", "session"]
            heard.clear()
            await other.commit()
            assert heard == ["all", "factory"]
    finally:
        event.remove(SessionType, "after_commit", everywhere)


async def test_without_listeners_of_its_own_a_session_sends_what_it_always_did(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    """Another session's listeners cost it no statement."""
    async with Session() as session, Session() as other:
        event.listen(other, "before_insert", lambda session, instance: None)
        sent()
        session.add(Author(name="a"))
        await session.commit()
        assert sent.verbs() == ["INSERT"]
        other.add(Author(name="b"))
        await other.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "COMMIT"]
