"""autobegin, close_resets_only, isolation of one transaction, and the handles of transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    ConfigurationError,
    ConnectionLost,
    InvalidRequestError,
    Savepoint,
    SessionTransaction,
    UniqueViolation,
    create_engine,
    inspect,
    select,
    sessionmaker,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.integration.test_session_close import USES
from tests.support.bookshop import Author
from tests.support.wire import WireProxy

NAMES = select(Author.name).order_by(Author.id)
LEVEL = sql("show transaction_isolation")

#: what neither begins a transaction nor needs one
WITHOUT = {
    "begin", "rollback", "reset", "invalidate", "plan", "expunge", "expunge_all", "clear",
    "expire", "expire_all", "__aenter__",
}  # fmt: skip


# -- autobegin ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in USES if name not in WITHOUT])
async def test_t19_without_autobegin_every_operation_needs_a_begin(
    Session: SessionFactory, sent: Sent, name: str
) -> None:
    """C16"""
    async with Session(autobegin=False) as session:
        sent()
        with pytest.raises(InvalidRequestError, match=r"Autobegin is disabled(.|\n)*begin\(\)"):
            await USES[name](session)
        assert not session.in_transaction()
        assert session.new == ()
        assert sent() == []


async def test_t19_work_between_begin_and_commit_is_as_ever(Session: SessionFactory) -> None:
    async with Session(autobegin=False) as session:
        async with session.begin():
            session.add(Author(name="a"))
            async with session.begin_nested():
                session.add(Author(name="b"))
        with pytest.raises(InvalidRequestError, match="Autobegin"):
            await session.all(NAMES)
        await session.rollback()  # no transaction: nothing to do
        await session.begin()
        assert await session.all(NAMES) == ["a", "b"]
        await session.rollback()
        with pytest.raises(InvalidRequestError, match="Autobegin"):
            await session.get(Author, 1)


async def test_t19_an_attribute_set_outside_is_written_by_the_next_transaction(
    Session: SessionFactory, sent: Sent
) -> None:
    """An assignment can't wait for a begin(), and does not begin anything either."""
    async with Session(autobegin=False) as session:
        async with session.begin():
            author = Author(name="a")
            session.add(author)
        author.name = "b"
        assert not session.in_transaction()
        assert session.is_modified(author)
        sent()
        async with session.begin():
            pass
        assert sent.verbs() == ["UPDATE"]


# -- close_resets_only -------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["close", "block", "invalidate", "error"])
async def test_t20_a_session_that_only_resets_can_be_used_again(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    session = Session(close_resets_only=True)
    for turn in range(2):
        author = Author(name=f"{way} {turn}")
        session.add(author)
        await session.flush()
        match way:
            case "block":
                async with session:
                    pass
            case "error":
                with pytest.raises(ZeroDivisionError):
                    async with session:
                        raise ZeroDivisionError
            case _:
                await getattr(session, way)()
        assert not session.in_transaction()
        assert inspect(author).transient
        assert engine.pool.in_use == 0
        assert await session.all(NAMES) == []
        await session.reset()


async def test_t20_t21_without_the_option_close_is_final(Session: SessionFactory) -> None:
    session = Session()
    await session.reset()
    assert await session.all(NAMES) == []
    await session.close()
    with pytest.raises(InvalidRequestError, match="closed for good"):
        await session.all(NAMES)


async def test_t22_invalidate_throws_the_connection_away(
    Session: SessionFactory, engine: Engine
) -> None:
    pid = sql("select pg_backend_pid()")
    async with Session() as session:
        before = (await session.execute(pid)).scalar()
        await session.invalidate()
        with pytest.raises(InvalidRequestError, match="closed for good"):
            await session.execute(pid)
    async with Session() as session:
        assert (await session.execute(pid)).scalar() != before
    assert engine.pool.in_use == 0


# -- isolation ---------------------------------------------------------------------------------


async def test_t27_one_transaction_gets_its_own_isolation_level(Session: SessionFactory) -> None:
    async with Session(isolation_level="REPEATABLE READ") as session:
        await session.connection(isolation_level="SERIALIZABLE")
        assert (await session.execute(LEVEL)).scalar() == "serializable"
        assert await session.all(NAMES) == []
        await session.commit()
        assert (await session.execute(LEVEL)).scalar() == "repeatable read"
    async with Session() as session:
        async with session.begin():
            await session.connection(isolation_level="repeatable_read")
            assert (await session.execute(LEVEL)).scalar() == "repeatable read"
        assert (await session.execute(LEVEL)).scalar() == "read committed"


@pytest.mark.parametrize("work", ["read", "write", "savepoint", "connection"])
async def test_t27_a_level_comes_too_late_once_the_transaction_works(
    Session: SessionFactory, work: str
) -> None:
    async with Session() as session:
        match work:
            case "read":
                await session.all(NAMES)
            case "write":
                session.add(Author(name="a"))
                await session.flush()
            case "savepoint":
                await session.begin_nested()
            case _:
                await session.connection()
        with pytest.raises(InvalidRequestError, match=r"isolation level(.|\n)*before anything"):
            await session.connection(isolation_level="SERIALIZABLE")
        assert session.is_active
        await session.rollback()
        await session.connection(isolation_level="SERIALIZABLE")


async def test_t27_an_unknown_level_is_refused_before_anything_is_sent(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        with pytest.raises(ConfigurationError, match="no isolation level 'CHAOS'"):
            await session.connection(isolation_level="CHAOS")
        assert sent() == []
        assert await session.all(NAMES) == []


# -- handles -----------------------------------------------------------------------------------


async def test_t23_the_handles_of_transaction_and_savepoints(Session: SessionFactory) -> None:
    async with Session() as session:
        assert session.get_transaction() is None
        assert session.get_nested_transaction() is None
        session.add(Author(name="a"))
        root = session.get_transaction()
        assert isinstance(root, SessionTransaction)
        assert root == session.get_transaction()
        assert root.is_active
        assert not root.nested
        assert root.parent is None
        first = await session.begin_nested()
        second = await session.begin_nested()
        assert isinstance(second, Savepoint)
        assert second.nested
        assert session.get_nested_transaction() == second
        assert second.parent == first
        assert first.parent == root
        assert {first, second, root} == {first, second, root, session.get_transaction()}
        await first.rollback()
        assert session.get_nested_transaction() is None
        assert not second.is_active
        assert second.parent is None
        assert root.is_active
        await root.commit()
        assert not root.is_active
        assert session.get_transaction() is None
        for end in (root.commit, root.rollback, first.commit):
            with pytest.raises(InvalidRequestError, match="closed already"):
                await end()
    async with Session() as session:
        assert await session.all(NAMES) == ["a"]
        assert session.get_transaction() != root


async def test_t23_a_failed_transaction_is_not_active_but_can_be_rolled_back(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        session.add_all([Author(name="a"), Author(name="a")])
        with pytest.raises(UniqueViolation):
            await session.flush()
        root = session.get_transaction()
        assert root is not None
        assert not root.is_active
        await root.rollback()
        assert session.is_active
        assert session.get_transaction() is None


@pytest.mark.parametrize("begin", [SessionType.begin, SessionType.begin_nested])
async def test_y12_a_block_is_started_once(
    Session: SessionFactory, sent: Sent, begin: Callable[[SessionType], Any]
) -> None:
    async with Session() as session:
        block = begin(session)
        await block
        sent()
        with pytest.raises(InvalidRequestError, match="awaited or entered already"):
            await block
        with pytest.raises(InvalidRequestError, match="awaited or entered already"):
            async with block:
                pass
        assert sent() == []


@pytest.mark.parametrize("begin", ["begin", "begin_nested"])
async def test_y12_a_block_that_was_never_started_warns(
    Session: SessionFactory, begin: str
) -> None:
    async with Session() as session:
        with pytest.warns(RuntimeWarning, match=rf"session\.{begin}\(\) was neither awaited"):
            getattr(session, begin)()
        assert not session.in_transaction()


# -- the server's side -------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["BEGIN", "SAVEPOINT"])
async def test_t17_a_begin_that_fails_leaks_no_connection(
    Session: SessionFactory, database_url: str, text: str
) -> None:
    """C12"""
    async with WireProxy(database_url) as proxy, create_engine(proxy.url, pool_size=1) as engine:
        async with sessionmaker(engine)() as session:
            await session.all(NAMES)
            if text == "SAVEPOINT":
                await session.connection()
            proxy.cut(text)
            with pytest.raises(ConnectionLost):
                await session.begin_nested()
            proxy.heal()
            await session.rollback()
            assert engine.pool.in_use == 0
            assert await session.all(NAMES) == []


async def test_autoflush_can_be_turned_off_for_good(Session: SessionFactory) -> None:
    session = Session()
    try:
        assert session.autoflush
        session.autoflush = False
        session.add(Author(name="a"))
        assert await session.all(NAMES) == []
        session.autoflush = True
        assert await session.all(NAMES) == ["a"]
    finally:
        await session.aclose()


async def test_the_isolation_level_may_be_an_execution_option(Session: SessionFactory) -> None:
    """T27"""
    async with Session() as session:
        await session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
        assert await session.scalar(LEVEL) == "serializable"
        with pytest.raises(InvalidRequestError, match="isolation level"):
            await session.connection(execution_options={"isolation_level": "READ COMMITTED"})
        with pytest.raises(ArgumentError, match="no execution option 'stream_results'"):
            await session.connection(execution_options={"stream_results": True})
