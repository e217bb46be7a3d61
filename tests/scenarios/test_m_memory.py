"""Scenarios M: the identity map, and what keeps objects alive."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import pytest

from asyncorm import DetachedInstanceError, SessionFactory, inspect, select
from asyncorm import Session as SessionClass
from tests.support.scenario_models import Author, Book, Line, Order
from tests.support.states import state_of
from tests.support.store import store


@contextmanager
def without_collector() -> Iterator[None]:
    """Only reference counts free memory."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def test_m01_objects_that_nobody_holds_leave_the_map_at_once(
    Session: SessionFactory,
) -> None:
    await store(Session, *(Author(name=f"{number}") for number in range(1000)))
    async with Session() as session:
        with without_collector():
            authors = await session.all(select(Author))
            assert len(session.identity_map) == 1000
            kept = authors[7]
            kept_key = inspect(kept).identity_key
            del authors
            assert list(session.identity_map.keys()) == [kept_key]
            del kept
            assert len(session.identity_map) == 0
            assert list(session) == []


async def test_m01_what_has_unflushed_work_is_held(Session: SessionFactory) -> None:
    """W3"""
    await store(Session, *(Author(name=name) for name in "abc"))
    async with Session() as session:
        with without_collector():
            modified, marked, clean = await session.all(select(Author).order_by(Author.id))
            modified.age = 1
            await session.delete(marked)
            session.add(Author(name="pending"))
            references = [ref(one) for one in (modified, marked, clean)]
            del modified, marked, clean
            assert [one() is None for one in references] == [False, False, True]
            assert len(session.new) == 1
            await session.flush()
            assert references[0]() is None
            assert len(session.identity_map) == 0
            await session.commit()
        assert await session.all(select(Author.age).where(Author.name == "a")) == [1]
        assert await session.all(select(Author.name).order_by(Author.name)) == ["a", "c", "pending"]


@pytest.mark.parametrize("way", ["flush", "commit", "expire", "expunge", "close", "rollback"])
async def test_m04_no_cycle_keeps_an_object_alive(Session: SessionFactory, way: str) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        with without_collector():
            author = await session.get_one(Author, 1)
            author.name = "b"
            if way in ("expire", "expunge"):
                getattr(session, way)(author)
            else:
                await getattr(session, way)()
            reference = ref(author)
            del author
            assert reference() is None
            if way != "close":
                assert len(session.identity_map) == 0


async def test_m04_nor_one_that_was_inserted(Session: SessionFactory) -> None:
    async with Session() as session:
        with without_collector():
            author = Author(name="a")
            session.add(author)
            await session.flush()
            reference = ref(author)
            del author
            assert reference() is None
            await session.rollback()
            # its key is free again
            session.add(Author(id=1, name="a"))
            await session.commit()
            assert await session.all(select(Author.id)) == [1]


async def test_m04_a_session_that_is_closed_is_freed(Session: SessionFactory) -> None:
    await store(Session, Order(lines=[Line(text="l")]))
    with without_collector():
        session: SessionClass | None = Session()
        assert session is not None
        async with session:
            order = await session.get_one(Order, 1)
            await session.load(order, Order.lines, Line.order)
            order.name = "x"
            await session.commit()
        reference = ref(session)
        session = None
        assert reference() is None
    assert order.lines[0].order is order


async def test_m05_objects_outlive_their_session(Session: SessionFactory) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    session: SessionClass | None = Session()
    assert session is not None
    author = await session.get_one(Author, 1)
    await session.commit()
    session = None
    gc.collect()
    assert state_of(author) == "detached"
    assert inspect(author).session is None
    assert author.name == "a"
    author.name = "b"
    with pytest.raises(DetachedInstanceError, match=r"Author\.books"):
        _ = author.books
    async with Session() as other:
        other.add(author)
        assert len(await other.load(author, Author.books)) == 1
        await other.commit()
        assert await other.all(select(Author.name)) == ["b"]


async def test_m06_a_detached_graph_is_pickled_whole(Session: SessionFactory) -> None:
    await store(Session, Author(name="a", books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.load(author, Author.books, Book.author)
        session.expire(author.books[1], ["title"])
    author.name = "changed"
    copy: Any = pickle.loads(pickle.dumps(author))
    assert copy is not author
    assert state_of(copy) == state_of(copy.books[0]) == "detached"
    assert inspect(copy).identity_key == (Author, (1,))
    assert copy.name == "changed"
    assert copy.books[0].author is copy
    with pytest.raises(DetachedInstanceError, match=r"Book\.title"):
        _ = copy.books[1].title
    async with Session() as session:
        session.add(copy)
        assert list(session.dirty) == [copy]
        await session.commit()
        assert await session.all(select(Author.name)) == ["changed"]
        assert await session.get(Book, 1) is copy.books[0]


async def test_m06_attached_objects_are_pickled_without_their_session(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        copy: Any = pickle.loads(pickle.dumps(author))
        assert state_of(author) == "persistent"
        assert state_of(copy) == "detached"
        assert copy.name == "a"
        with pytest.raises(DetachedInstanceError, match=r"Author\.books"):
            _ = copy.books
        pending: Any = pickle.loads(pickle.dumps(Author(name="new")))
        assert state_of(pending) == "transient"
