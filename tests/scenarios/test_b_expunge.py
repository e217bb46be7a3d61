"""Scenarios B: expunge, expunge_all, clear and close."""

from __future__ import annotations

import pytest

from asyncorm import (
    DetachedInstanceError,
    Engine,
    InvalidRequestError,
    PendingRollbackError,
    SessionFactory,
    UnflushedChangesError,
    UniqueViolation,
    inspect,
    select,
)
from tests.support.rows import rows
from tests.support.scenario_models import Author, Book, Line, Order
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store

ALL_AUTHORS = "select id, name from author order by id"


async def test_b01_an_expunged_pending_object_is_not_written(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        session.expunge(author)
        assert state_of(author) == "transient"
        assert len(session.new) == 0
        await session.flush()
        assert sent() == []


async def test_b02_an_expunged_object_takes_its_changes_along(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        author.name = "b"
        session.expunge(author)
        sent()
        await session.flush()
        assert sent() == []
        assert author.name == "b"
        assert state_of(author) == "detached"
        session.add(author)
        assert state_of(author) == "persistent"
        assert list(session.dirty) == [author]
        assert session.is_modified(author)
        await session.commit()
        assert sent.work() == ["UPDATE author"]
    assert await rows(engine, ALL_AUTHORS) == [(1, "b")]


async def test_b03_expunging_cancels_a_deletion(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.delete(author)
        session.expunge(author)
        sent()
        await session.commit()
        assert sent.work() == []
        assert state_of(author) == "detached"
        assert not inspect(author).was_deleted
    assert await rows(engine, ALL_AUTHORS) == [(1, "a")]


async def test_b05_expunge_follows_its_cascade_over_what_is_loaded_only(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Order(lines=[Line(text="1"), Line(text="2")]), Order(lines=[Line()]))
    async with Session() as session:
        lines = await session.all(select(Line).order_by(Line.id))
        loaded, unloaded = await session.all(select(Order).order_by(Order.id))
        await session.load(loaded, Order.lines)
        # the collection of the sibling came along; a fresh one is not loaded
        session.expire(unloaded, ["lines"])
        sent()
        session.expunge(loaded)
        session.expunge(unloaded)
        assert sent() == []
        assert [state_of(o) for o in (loaded, unloaded)] == ["detached", "detached"]
        assert [state_of(line) for line in lines] == ["detached", "detached", "persistent"]
        assert [line in session for line in lines] == [False, False, True]
        assert loaded.lines == lines[:2]
        with pytest.raises(DetachedInstanceError, match=r"Order\.lines"):
            _ = unloaded.lines


async def test_b05_without_the_cascade_loaded_children_stay(Session: SessionFactory) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        (book,) = await session.load(author, Author.books)
        session.expunge(author)
        assert state_of(author) == "detached"
        assert state_of(book) == "persistent"
        assert book in session


async def test_b06_a_transient_object_cannot_be_expunged(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a")
        with pytest.raises(InvalidRequestError, match="Author is not present in this session"):
            session.expunge(author)
        assert state_of(author) == "transient"


async def test_b07_expunge_all_keeps_what_was_flushed_and_drops_the_rest(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="modified"), Author(name="marked"), Author(name="clean"))
    async with Session() as session:
        modified, marked, clean = await session.all(select(Author).order_by(Author.id))
        flushed = Author(name="flushed")
        session.add(flushed)
        await session.flush()
        pending = Author(name="pending")
        session.add(pending)
        modified.name = "changed"
        await session.delete(marked)
        sent()
        counts = session.expunge_all()
        assert (counts.new, counts.modified, counts.deleted, counts.clean) == (1, 1, 1, 2)
        assert sent() == []
        assert session.in_transaction()
        assert state_of(pending) == "transient"
        assert [state_of(o) for o in (modified, marked, clean, flushed)] == ["detached"] * 4
        assert list(session) == list(session.new) == list(session.deleted) == []
        assert len(session.identity_map) == 0
        await session.commit()
        assert sent.work() == []
    assert await rows(engine, ALL_AUTHORS) == [
        (1, "modified"),
        (2, "marked"),
        (3, "clean"),
        (4, "flushed"),
    ]


@pytest.mark.parametrize("work", ["new", "modified", "deleted"])
@pytest.mark.parametrize("way", ["flush", "rollback", "discard"])
async def test_b10_clear_refuses_to_lose_work(
    Session: SessionFactory, sent: Sent, engine: Engine, work: str, way: str
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        if work == "new":
            session.add(Author(name="b"))
        elif work == "modified":
            author.name = "c"
        else:
            await session.delete(author)
        before = (list(session.new), list(session.dirty), list(session.deleted), set(session))
        sent()
        with pytest.raises(UnflushedChangesError, match=r"Author(.|\n)*discard=True") as caught:
            session.clear()
        assert isinstance(caught.value, InvalidRequestError)
        after = (list(session.new), list(session.dirty), list(session.deleted), set(session))
        assert after == before
        assert sent() == []
        if way == "discard":
            session.clear(discard=True)
        else:
            await getattr(session, way)()
            session.clear()
        assert list(session) == []
        assert len(session.identity_map) == 0
        await session.commit()
    kept = way == "flush"
    expected = {
        "new": [(1, "a"), (2, "b")],
        "modified": [(1, "c")],
        "deleted": [],
    }[work]
    assert await rows(engine, ALL_AUTHORS) == (expected if kept else [(1, "a")])


async def test_b10_a_cleared_session_reads_new_objects(Session: SessionFactory) -> None:
    """E13"""
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        counts = session.clear()
        assert (counts.new, counts.modified, counts.deleted, counts.clean) == (0, 0, 0, 1)
        assert session.in_transaction()
        again = await session.get_one(Author, 1)
        assert again is not author
        assert state_of(author) == "detached"


async def test_b11_what_has_no_net_change_is_no_work_to_clear(Session: SessionFactory) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        author.name = "b"
        author.name = "a"
        assert list(session.dirty) == [author]
        session.clear()
        assert state_of(author) == "detached"
        assert list(session.dirty) == []


@pytest.mark.parametrize("way", ["close", "reset"])
async def test_b13_closing_undoes_what_was_flushed(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    await store(Session, Author(name="old"))
    session = Session()
    old = await session.get_one(Author, 1)
    new = Author(name="new")
    session.add(new)
    await session.flush()
    assert engine.pool.in_use == 1
    await getattr(session, way)()
    assert engine.pool.in_use == 0
    assert state_of(old) == "detached"
    # its row is gone with the transaction
    assert state_of(new) == "transient"
    assert await rows(engine, ALL_AUTHORS) == [(1, "old")]
    if way == "close":
        with pytest.raises(InvalidRequestError, match="closed"):
            await session.get(Author, 1)
        with pytest.raises(InvalidRequestError, match="closed"):
            session.add(Author(name="x"))
        await session.close()
    else:
        assert not session.in_transaction()
        assert list(session) == []
        session.add(Author(name="again"))
        await session.commit()
        await session.close()
        with pytest.raises(InvalidRequestError, match="closed"):
            await session.reset()


async def test_b14_after_a_failed_flush_everything_can_be_let_go_but_not_the_rollback(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        old = await session.get_one(Author, 1)
        twin = Author(name="a")
        session.add(twin)
        with pytest.raises(UniqueViolation):
            await session.flush()
        sent()
        session.expunge_all()
        assert sent() == []
        assert state_of(twin) == "transient"
        assert state_of(old) == "detached"
        assert not session.is_active
        with pytest.raises(PendingRollbackError, match="UniqueViolation"):
            await session.get(Author, 1)
        await session.rollback()
        assert session.is_active
        assert await session.get(Author, 1) is not None
