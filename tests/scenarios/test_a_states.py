"""Scenarios A: the states of an object, and who is a member of a session."""

from __future__ import annotations

import pytest

import asyncorm
from asyncorm import (
    Engine,
    InvalidRequestError,
    OrphanedReferenceError,
    SessionFactory,
    UnloadedAttributeError,
    inspect,
    select,
)
from tests.support.rows import rows
from tests.support.scenario_models import Author, Book, Line, Order, Stamp
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store

ALL_AUTHORS = "select id, name from author order by id"


async def test_a01_a_new_object_becomes_pending_and_nothing_is_sent(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        assert state_of(author) == "transient"
        assert not session.in_transaction()
        session.add(author)
        assert state_of(author) == state_of(author.books[0]) == "pending"
        assert list(session.new) == [author, author.books[0]]
        assert author in session
        assert author.id is None
        assert inspect(author).identity_key is None
        assert session.in_transaction()
        assert engine.pool.in_use == 0
        assert sent() == []


async def test_a02_a_flush_makes_it_persistent_and_get_finds_it_in_memory(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        assert state_of(author) == "persistent"
        assert inspect(author).identity_key == (Author, (author.id,))
        assert isinstance(author.id, int)
        assert len(session.new) == 0
        assert sent.work() == ["INSERT author"]
        assert await session.get(Author, author.id) is author
        assert sent() == []


async def test_a03_a_deleted_object_leaves_in_three_steps(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.delete(author)
        assert author in session
        assert list(session.deleted) == [author]
        assert state_of(author) == "persistent"
        await session.flush()
        assert author not in session
        assert len(session.deleted) == 0
        assert state_of(author) == "deleted"
        assert inspect(author).session is session
        assert asyncorm.object_session(author) is session
        await session.commit()
        assert state_of(author) == "detached"
        assert inspect(author).was_deleted
        assert inspect(author).session is None
    assert await rows(engine, ALL_AUTHORS) == []


async def test_a03_what_is_assigned_to_a_deleted_object_is_not_written(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a"), Book(title="t"))
    async with Session() as session:
        author, book = await session.get_one(Author, 1), await session.get_one(Book, 1)
        await session.delete(book)
        await session.flush()
        book.title = "changed"
        book.pages += 1
        assert list(session.dirty) == []
        sent()
        await session.flush()
        assert sent() == []
        book.author = author
        with pytest.raises(OrphanedReferenceError, match=r"Author\.books"):
            await session.flush()
        await session.rollback()
        assert state_of(book) == "persistent"
        await session.refresh(book)
        assert (book.title, book.pages, book.author_id) == ("t", 1, None)


@pytest.mark.parametrize("pending", [False, True], ids=["transient", "pending"])
async def test_a04_what_has_no_row_cannot_be_deleted(
    Session: SessionFactory, pending: bool
) -> None:
    async with Session() as session:
        author = Author(name="a")
        if pending:
            session.add(author)
        before = state_of(author)
        with pytest.raises(InvalidRequestError, match=r"not persisted(.|\n)*expunge"):
            await session.delete(author)
        assert state_of(author) == before
        assert list(session.new) == ([author] if pending else [])
        assert len(session.deleted) == 0


@pytest.mark.parametrize("committed", [False, True])
async def test_a05_a_deleted_object_is_not_added_again(
    Session: SessionFactory, committed: bool
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        await session.delete(author)
        await session.flush()
        if committed:
            await session.commit()
        with pytest.raises(InvalidRequestError, match=r"has been deleted(.|\n)*make_transient"):
            session.add(author)
        assert author not in session
        asyncorm.make_transient(author)
        author.id = 7
        session.add(author)
        await session.commit()
        assert state_of(author) == "persistent"
        assert await session.all(select(Author.id)) == [7]


async def test_a06_adding_takes_a_deletion_back(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.delete(author)
        session.add(author)
        assert len(session.deleted) == 0
        sent()
        await session.flush()
        assert sent() == []
        assert state_of(author) == "persistent"
        await session.commit()
    assert await rows(engine, ALL_AUTHORS) == [(1, "a")]


@pytest.mark.parametrize("persistent", [True, False], ids=["persistent", "pending"])
async def test_a07_an_object_of_another_session_is_refused(
    Session: SessionFactory, persistent: bool
) -> None:
    async with Session() as first, Session() as second:
        author = Author(name="a")
        first.add(author)
        if persistent:
            await first.commit()
        with pytest.raises(InvalidRequestError, match="already attached to another session"):
            second.add(author)
        with pytest.raises(InvalidRequestError, match=r"attached to another session|not persisted"):
            await second.delete(author)
        assert author in first
        assert author not in second
        assert inspect(author).session is first
        assert len(second.new) == len(second.deleted) == len(first.deleted) == 0
        await first.commit()
        assert state_of(author) == "persistent"


async def test_a09_a_detached_object_whose_key_is_taken_is_refused(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        first = await session.get_one(Author, 1)
        session.expunge(first)
        second = await session.get_one(Author, 1)
        assert second is not first
        with pytest.raises(InvalidRequestError, match=r"Author(.|\n)*already in the session"):
            session.add(first)
        assert state_of(first) == "detached"
        assert list(session.identity_map.values()) == [second]
        assert await session.get(Author, 1) is second


async def test_a10_iteration_the_map_and_membership_tell_the_same(
    Session: SessionFactory,
) -> None:
    await store(Session, *(Author(name=name) for name in "abcd"))
    async with Session() as session:
        loaded, marked, gone, away = await session.all(select(Author).order_by(Author.id))
        await session.delete(gone)
        await session.flush()
        await session.delete(marked)
        session.expunge(away)
        pending = Author(name="p")
        session.add(pending)
        stranger = Author(name="s")
        assert next(iter(session)) is pending
        assert set(session) == {loaded, marked, pending}
        assert len(session.identity_map) == 2
        assert set(session.identity_map.values()) == {loaded, marked}
        everybody = [loaded, marked, gone, away, pending, stranger]
        assert [one in session for one in everybody] == [True, True, False, False, True, False]
        assert list(session.new) == [pending]
        assert list(session.deleted) == [marked]
        await session.commit()
        assert set(session) == {loaded, pending}
        assert len(session.identity_map) == 2


@pytest.mark.parametrize("expire_on_commit", [False, True])
async def test_a11_a_commit_detaches_what_was_deleted_even_if_nothing_expires(
    Session: SessionFactory, expire_on_commit: bool
) -> None:
    await store(Session, Author(name="a"), Author(name="b"))
    async with Session(expire_on_commit=expire_on_commit) as session:
        author, other = await session.all(select(Author).order_by(Author.id))
        await session.delete(author)
        await session.commit()
        assert state_of(author) == "detached"
        assert inspect(author).was_deleted
        assert inspect(author).session is None
        assert author.name == "a"
        if expire_on_commit:
            with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
                _ = other.name
        else:
            assert other.name == "b"


async def test_a12_made_transient_an_object_is_inserted_a_second_time(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Order(name="o"))
    async with Session() as session:
        order = await session.get_one(Order, 1)
        asyncorm.make_transient(order)
        assert state_of(order) == "transient"
        assert order not in session
        assert inspect(order).identity_key is None
        assert order.name == "o"
        order.id = 2
        session.add(order)
        await session.commit()
        assert state_of(order) == "persistent"
        assert inspect(order).identity_key == (Order, (2,))
    assert await rows(engine, "select id, name from orders order by id") == [(1, "o"), (2, "o")]


async def test_a13_made_detached_by_its_key_an_object_loads_on_demand(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Stamp(text="s"), Order(name="o", lines=[Line(text="l")]))
    stamp, order = Stamp(id=1, text="mine"), Order(id=1)
    for instance in (stamp, order):
        asyncorm.make_transient_to_detached(instance)
        assert state_of(instance) == "detached"
    async with Session() as session:
        sent()
        session.add_all([stamp, order])
        assert state_of(stamp) == state_of(order) == "persistent"
        assert (stamp.id, stamp.text) == (1, "mine")
        with pytest.raises(UnloadedAttributeError, match=r"Stamp\.state"):
            _ = stamp.state
        with pytest.raises(UnloadedAttributeError, match=r"Order\.lines"):
            _ = order.lines
        assert sent() == []
        await session.refresh(stamp)
        assert stamp.state == "new"
        assert [line.text for line in await session.load(order, Order.lines)] == ["l"]
        assert sent.work() == ["SELECT stamp", "SELECT line"]


async def test_a13_only_a_transient_object_with_its_key_can_be_made_detached(
    Session: SessionFactory,
) -> None:
    await store(Session, Order(name="o"))
    async with Session() as session:
        persistent, pending = await session.get_one(Order, 1), Order(id=2)
        session.add(pending)
        for instance in (persistent, pending, Order()):
            before = state_of(instance)
            with pytest.raises(InvalidRequestError, match="Order"):
                asyncorm.make_transient_to_detached(instance)
            assert state_of(instance) == before
