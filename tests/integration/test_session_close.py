"""close, reset and invalidate, use after them, and sessions that nobody closed."""

from __future__ import annotations

import asyncio
import gc
import inspect as inspect_function
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from asyncorm import Channel, InvalidRequestError, create_engine, inspect, select, sessionmaker, sql
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.support.backends import assert_pool_is_whole
from tests.support.bookshop import Author, Book


@pytest.mark.parametrize("way", ["close", "reset", "invalidate", "block"])
async def test_leaving_undoes_flushed_work_and_frees_the_connection(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    """B13 S36"""
    session = Session()
    kept = Author(name="kept")
    session.add(kept)
    await session.commit()
    author, pending = Author(name="a"), Author(name="b")
    session.add(author)
    await session.flush()
    session.add(pending)
    kept.name = "changed"
    assert engine.pool.in_use == 1
    if way == "block":
        async with session:
            pass
    else:
        await getattr(session, way)()
    assert engine.pool.in_use == 0
    assert inspect(author).transient
    assert inspect(pending).transient
    assert inspect(kept).detached
    assert kept.name == "changed"
    async with Session() as other:
        assert await other.all(select(Author.name)) == ["kept"]


async def test_a_session_can_be_used_after_reset_but_not_after_close(
    Session: SessionFactory,
) -> None:
    """T21"""
    session = Session()
    await session.reset()
    session.add(Author(name="a"))
    await session.reset()
    assert session.new == ()
    await session.close()
    await session.close()
    with pytest.raises(InvalidRequestError, match="closed for good"):
        await session.reset()
    with pytest.raises(InvalidRequestError, match="closed for good"):
        session.add(Author(name="a"))


Use = Callable[[SessionType], Awaitable[Any]]


async def _sync(operation: Callable[[], object]) -> None:
    operation()


USES: dict[str, Use] = {
    "add": lambda s: _sync(lambda: s.add(Author(name="a"))),
    "add_all": lambda s: _sync(lambda: s.add_all([Author(name="a")])),
    "expunge": lambda s: _sync(lambda: s.expunge(Author(name="a"))),
    "expunge_all": lambda s: _sync(s.expunge_all),
    "clear": lambda s: _sync(s.clear),
    "expire": lambda s: _sync(lambda: s.expire(Author(name="a"))),
    "expire_all": lambda s: _sync(s.expire_all),
    "get": lambda s: s.get(Author, 1),
    "get_one": lambda s: s.get_one(Author, 1),
    "get_many": lambda s: s.get_many(Author, [1]),
    "execute": lambda s: s.execute(select(Author)),
    "scalar": lambda s: s.scalar(select(Author)),
    "scalars": lambda s: s.scalars(select(Author)),
    "all": lambda s: s.all(select(Author)),
    "one": lambda s: s.one(select(Author)),
    "first": lambda s: s.first(select(Author)),
    "stream": lambda s: s.stream(select(Author)),
    "stream_scalars": lambda s: s.stream_scalars(select(Author)),
    "flush": lambda s: s.flush(),
    "commit": lambda s: s.commit(),
    "rollback": lambda s: s.rollback(),
    "refresh": lambda s: s.refresh(Author(name="a")),
    "merge": lambda s: s.merge(Author(name="a")),
    "merge_all": lambda s: s.merge_all([Author(name="a")]),
    "apply": lambda s: s.apply(Author(name="a"), {"name": "b"}),
    "delete": lambda s: s.delete(Author(name="a")),
    "delete_all": lambda s: s.delete_all([Author(name="a")]),
    "load": lambda s: s.load(Author(name="a"), Author.books),
    "begin": lambda s: s.begin().__aenter__(),
    "begin_nested": lambda s: s.begin_nested().__aenter__(),
    "reset": lambda s: s.reset(),
    "invalidate": lambda s: s.invalidate(),
    "connection": lambda s: s.connection(),
    "explain": lambda s: s.explain(select(Author)),
    "plan": lambda s: s.plan(),
    "copy_in": lambda s: s.copy_in(Author, [{"name": "a"}]),
    "notify": lambda s: s.notify(Channel("authors", str), "a"),
    "advisory_lock": lambda s: s.advisory_lock("authors").__aenter__(),
    "__aenter__": lambda s: s.__aenter__(),
}


def test_y5_every_public_coroutine_is_among_the_uses() -> None:
    """So that each one is tried by a second task, after close(), and without autobegin."""
    waiting = {
        name
        for name in dir(SessionType)
        if not name.startswith("_")
        and inspect_function.iscoroutinefunction(getattr(SessionType, name))
    }
    assert waiting - USES.keys() == {"close", "aclose"}


@pytest.mark.parametrize("name", USES)
async def test_every_use_after_close_is_refused(engine: Engine, name: str) -> None:
    session = sessionmaker(engine)()
    await session.close()
    with pytest.raises(InvalidRequestError, match=r"after close\(\)(.|\n)*hint"):
        await USES[name](session)


async def test_an_error_of_the_body_is_not_hidden_by_closing(Session: SessionFactory) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Session() as session:
            session.add(Author(name="a"))
            await session.flush()
            raise ZeroDivisionError
    async with Session() as session:
        assert await session.all(select(Author)) == []


async def test_a_session_dropped_without_close_warns_and_the_pool_recovers(
    database_url: str, engine: Engine, Session: SessionFactory
) -> None:
    """O09"""
    name = "dropped sessions"
    async with create_engine(
        database_url, pool_size=1, server_settings={"application_name": name}
    ) as pool:
        session = sessionmaker(pool)()
        author = Author(name="a")
        session.add(author)
        await session.flush()
        with pytest.warns(ResourceWarning, match=r"dropped without close\(\)"):
            del session
            gc.collect()
        assert inspect(author).transient
        await assert_pool_is_whole(pool, engine, name)
        async with sessionmaker(pool)() as other:
            assert await other.all(select(Author)) == []


async def test_a_session_that_holds_no_connection_is_dropped_without_a_warning(
    Session: SessionFactory,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session = Session()
        session.add(Author(name="a"))
        await session.commit()
        del session
        gc.collect()


def test_a_session_used_in_a_second_event_loop_gets_a_clear_error(database_url: str) -> None:
    """O10"""
    engine = create_engine(database_url)
    Session = sessionmaker(engine)
    session = Session()
    first = asyncio.new_event_loop()
    first.run_until_complete(session.all(sql("select 1")))

    async def second() -> None:
        with pytest.raises(InvalidRequestError, match="event loop"):
            await Session().all(sql("select 1"))
        with pytest.raises(InvalidRequestError, match="event loop"):
            await session.all(sql("select 1"))

    asyncio.run(second())
    assert first.run_until_complete(session.all(sql("select 2"))) == [2]
    first.run_until_complete(session.close())
    first.run_until_complete(engine.dispose())
    first.close()


async def test_collections_of_a_closed_session_stay_readable(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.commit()
    assert [book.title for book in author.books] == ["t"]
    assert author.books[0].author is author
