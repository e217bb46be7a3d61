"""Scenarios O: what only an async unit of work has to get right."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import anyio
import pytest

import asyncorm
from asyncorm import (
    CommitUnknown,
    DetachedInstanceError,
    Engine,
    InvalidRequestError,
    PendingRollbackError,
    SessionFactory,
    UnloadedAttributeError,
    create_engine,
    select,
    sessionmaker,
    sql,
)
from asyncorm import (
    Session as SessionClass,
)
from tests.support.backends import assert_pool_is_whole
from tests.support.rows import rows
from tests.support.scenario_models import Author, Book, Node, Person
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store
from tests.support.wire import WireProxy

APPLICATION = "asyncorm scenarios"


@pytest.fixture
async def small(database_url: str, Session: SessionFactory) -> AsyncIterator[Engine]:
    """An engine of one connection on the same tables."""
    async with create_engine(
        database_url, pool_size=1, server_settings={"application_name": APPLICATION}
    ) as engine:
        yield engine


@pytest.mark.parametrize("arrives", [False, True], ids=["request lost", "answer lost"])
async def test_o04_a_commit_cancelled_in_the_middle_is_unknown(
    database_url: str, Session: SessionFactory, engine: Engine, arrives: bool
) -> None:
    async with (
        WireProxy(database_url) as proxy,
        create_engine(proxy.url, commit_grace=0.05) as silent,
    ):
        session = sessionmaker(silent)()
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.flush()
        proxy.blackhole("COMMIT", answer=arrives)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.commit()
        assert not session.is_active
        assert session.in_transaction()
        with pytest.raises(PendingRollbackError) as caught:
            await session.get(Author, 1)
        assert isinstance(caught.value.__cause__, CommitUnknown)
        with pytest.raises(PendingRollbackError):
            await session.commit()
        await session.rollback()
        assert session.is_active
        assert not session.in_transaction()
        assert state_of(author) == "transient"
        await session.close()
        assert silent.pool.in_use == 0
    if arrives:
        assert await rows(engine, "select name from author") == [("a",)]


async def test_o05_after_a_timeout_cleaning_up_in_the_same_scope_completes(
    Session: SessionFactory, small: Engine, engine: Engine
) -> None:
    cleaned: list[str] = []
    loop = asyncio.get_running_loop()
    started = loop.time()
    author = Author(name="a")
    with anyio.CancelScope() as scope:
        async with sessionmaker(small)() as session:
            try:
                session.add(author)
                await session.flush()
                scope.deadline = anyio.current_time() + 0.05
                await session.execute(sql("select pg_sleep(10)"))
            finally:
                await session.rollback()
                cleaned.append("rolled back")
                await session.close()
                cleaned.append("closed")
    assert scope.cancelled_caught
    assert cleaned == ["rolled back", "closed"]
    assert loop.time() - started < 10
    assert state_of(author) == "transient"
    await assert_pool_is_whole(small, engine, APPLICATION)
    async with sessionmaker(small)() as session:
        session.add(author)
        await session.commit()
    assert await rows(engine, "select name from author") == [("a",)]


async def test_o06_what_is_not_loaded_is_an_error_and_never_a_round_trip(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(
        Session,
        Author(name="a", books=[Book(title="t")]),
        Node(children=[Node()]),
        Person(name="p"),
    )
    async with Session() as session:
        author, book = await session.get_one(Author, 1), await session.get_one(Book, 1)
        child, person = await session.get_one(Node, 2), await session.get_one(Person, 1)
        session.expire(author, ["age"])
        sent()
        for instance, name in (
            (author, "books"),
            (author, "age"),
            (child, "parent"),
            (child, "children"),
            (person, "passport"),
            (book, "author"),
        ):
            if name == "author":
                session.expire(author)
                session.expunge(author)
            text = rf"{type(instance).__name__}\.{name}(.|\n)*(load|refresh)"
            with pytest.raises(UnloadedAttributeError, match=text) as caught:
                getattr(instance, name)
            # hasattr() and getattr() with a default would swallow it
            assert not isinstance(caught.value, AttributeError)
            assert f"{name}=<unloaded>" in repr(instance) or name not in repr(instance)
        assert sent() == []
        with pytest.raises(DetachedInstanceError, match=r"Author\.books"):
            _ = author.books
        session.expunge_all()
        with pytest.raises(DetachedInstanceError, match=r"Person\.passport"):
            _ = person.passport
        assert sent() == []


async def test_o07_an_inserted_object_knows_that_its_collections_are_empty(
    Session: SessionFactory, sent: Sent
) -> None:
    """D20"""
    async with Session() as session:
        author, person = Author(name="a"), Person(name="p")
        session.add_all([author, person])
        await session.flush()
        sent()
        assert author.books == []
        assert person.passport is None
        await session.commit()
        assert author.books == []
        author.books.append(Book(title="t"))
        sent()
        await session.commit()
        assert sent.work() == ["INSERT book"]
        assert [book.title for book in author.books] == ["t"]


async def test_o08_a_stream_keeps_few_rows_in_memory(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        await session.execute(
            sql("insert into author (name) select 'n' || n from generate_series(1, 10000) n")
        )
    async with Session() as session:
        count = most = 0
        async for author in await session.stream(select(Author).order_by(Author.id)):
            count += 1
            assert author.id == count
            most = max(most, len(session.identity_map))
        assert count == 10_000
        assert most < 2_000


async def test_o08_a_stream_left_early_frees_its_cursor_with_the_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, *(Author(name=f"{number}") for number in range(50)))
    cursors = sql("select count(*) from pg_cursors where statement like 'SELECT %author%'")
    async with Session() as session:
        for _ in range(2):
            async for _ in await session.stream(select(Author), prefetch=5):
                break
        session.add(Author(name="more"))
        await session.commit()
        assert engine.pool.in_use == 0
        assert await session.scalar(cursors) == 0
        assert len(await session.all(select(Author))) == 51


@pytest.mark.parametrize("way", ["commit", "rollback"])
async def test_o08_the_end_of_the_transaction_ends_the_stream_with_a_clear_error(
    Session: SessionFactory, way: str
) -> None:
    """Q6"""
    await store(Session, *(Author(name=f"{number}") for number in range(50)))
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=5)
        await anext(stream)
        await getattr(session, way)()
        with pytest.raises(InvalidRequestError, match="stream"):
            [one async for one in stream]
        assert len(await session.all(select(Author))) == 50


async def test_o09_a_dropped_session_warns_and_its_connection_is_not_lost(
    Session: SessionFactory, small: Engine, engine: Engine
) -> None:
    session: SessionClass | None = sessionmaker(small)()
    assert session is not None
    session.add(Author(name="a"))
    await session.flush()
    assert small.pool.in_use == 1
    with pytest.warns(ResourceWarning, match="without close"):
        session = None
        gc.collect()
    async with sessionmaker(small)() as other:
        other.add(Author(name="b"))
        await other.commit()
    await assert_pool_is_whole(small, engine, APPLICATION)
    assert await rows(engine, "select name from author") == [("b",)]


async def test_o10_a_session_of_another_event_loop_is_refused(
    Session: SessionFactory, small: Engine, engine: Engine
) -> None:
    session = sessionmaker(small)()
    session.add(Author(name="a"))
    await session.flush()
    errors: list[BaseException] = []

    def elsewhere() -> None:
        async def use() -> None:
            for attempt in (session.all(select(Author)), session.commit()):
                try:
                    await attempt
                except InvalidRequestError as error:
                    errors.append(error)

        asyncio.run(use())

    await asyncio.to_thread(elsewhere)
    assert len(errors) == 2
    assert all("loop" in str(error) for error in errors)
    await session.commit()
    await session.close()
    assert await rows(engine, "select name from author") == [("a",)]


async def test_o10_an_engine_of_another_event_loop_is_refused(
    Session: SessionFactory, small: Engine
) -> None:
    """Y11"""
    async with sessionmaker(small)() as session:
        await session.all(select(Author))

    def elsewhere() -> None:
        async def use() -> None:
            async with sessionmaker(small)() as session:
                await session.all(select(Author))

        asyncio.run(use())

    with pytest.raises(InvalidRequestError, match=r"event loop"):
        await asyncio.to_thread(elsewhere)


async def test_o11_every_task_has_a_session_of_its_own(
    Session: SessionFactory, engine: Engine
) -> None:
    scoped = asyncorm.scoped_session(Session)
    seen: list[SessionClass] = []

    async def work(name: str) -> None:
        async with scoped:
            seen.append(scoped())
            scoped().add(Author(name=name))
            await asyncio.sleep(0)
            assert scoped() is seen[int(name)]
            await scoped().commit()

    mine = scoped()
    assert scoped() is mine
    async with asyncio.TaskGroup() as tasks:
        for name in "012":
            tasks.create_task(work(name))
    assert len({id(session) for session in (mine, *seen)}) == 4
    assert scoped() is mine
    for session in seen:
        with pytest.raises(InvalidRequestError, match="closed"):
            session.add(Author(name="late"))
    await scoped.remove()
    assert scoped() is not mine
    await scoped.remove()
    assert await rows(engine, "select name from author order by 1") == [("0",), ("1",), ("2",)]
