"""Scenarios D: a rollback restores the states and values of objects."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    InvalidRequestError,
    SessionFactory,
    UniqueViolation,
    UnloadedAttributeError,
    inspect,
    select,
    sql,
)
from tests.support.rows import rows
from tests.support.scenario_models import Author, Book, Country, Line, Member, Note, Order, Stamp
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store


async def test_d01_new_objects_are_transient_again_and_keep_their_values(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        flushed, pending = Author(name="f"), Author(name="p")
        session.add(flushed)
        await session.flush()
        session.add(pending)
        number = flushed.id
        await session.rollback()
        assert state_of(flushed) == state_of(pending) == "transient"
        assert inspect(flushed).identity_key is None
        assert flushed.id == number == 1
        assert flushed.name == "f"
        assert pending.id is None
        assert list(session) == list(session.new) == []
        assert len(session.identity_map) == 0
        session.add_all([flushed, pending])
        await session.commit()
        assert await session.all(select(Author.name).order_by(Author.name)) == ["f", "p"]


@pytest.mark.parametrize("level", ["transaction", "savepoint"])
async def test_d01_what_was_expired_before_reads_none_and_can_be_given_again(
    Session: SessionFactory, engine: Engine, level: str
) -> None:
    """S38"""
    async with Session() as session:
        savepoint = await session.begin_nested() if level == "savepoint" else None
        author, stamp = Author(name="a", age=5), Stamp(text="s")
        session.add_all([author, stamp])
        await session.flush()
        session.expire(author, ["name", "age"])
        session.expire(stamp, ["state"])
        await (savepoint or session).rollback()
        assert state_of(author) == "transient"
        assert (author.name, author.age, stamp.state) == (None, None, None)
        assert author.books == []
        session.add_all([author, stamp])
        author.name = "b"
        await session.commit()
        assert stamp.state == "new"
    assert await rows(engine, "select name, age from author") == [("b", None)]


async def test_d02_a_flushed_delete_is_undone(Session: SessionFactory) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.delete(author)
        await session.flush()
        assert state_of(author) == "deleted"
        await session.rollback()
        assert state_of(author) == "persistent"
        assert not inspect(author).was_deleted
        assert author in session
        assert list(session.identity_map.values()) == [author]
        with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
            _ = author.name
        await session.refresh(author)
        assert author.name == "a"
        assert await session.get(Author, 1) is author


async def test_d03_a_delete_with_its_cascades_and_a_removed_orphan_come_back(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(
        Session,
        Order(name="whole", lines=[Line(text="1", notes=[Note(text="n")]), Line(text="2")]),
        Order(name="part", lines=[Line(text="3"), Line(text="4")]),
    )
    async with Session() as session:
        whole, part = await session.all(select(Order).order_by(Order.id))
        await session.load([whole, part], Order.lines, Line.notes)
        lines, (orphan, kept) = list(whole.lines), list(part.lines)
        note = lines[0].notes[0]
        await session.delete(whole)
        part.lines.remove(orphan)
        await session.flush()
        gone = [whole, *lines, note, orphan]
        assert [state_of(one) for one in gone] == ["deleted"] * 5
        await session.rollback()
        assert [state_of(one) for one in [*gone, part, kept]] == ["persistent"] * 7
        assert all(one in session for one in gone)
        assert len(session.deleted) == 0
        assert await session.load(whole, Order.lines) == lines
        assert await session.load(part, Order.lines) == [orphan, kept]
        assert await session.load(lines[0], Line.notes) == [note]
        await session.commit()
    assert await rows(engine, "select count(*) from line") == [(4,)]


async def test_d04_changed_values_and_collections_are_those_of_the_database(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a", age=1, books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        first, second = await session.load(author, Author.books)
        author.name = "flushed"
        author.books.remove(first)
        await session.flush()
        author.age = 99
        author.books.append(Book(title="new"))
        await session.rollback()
        assert not session.is_modified(author)
        assert list(session.dirty) == []
        for name in ("name", "age", "books"):
            with pytest.raises(UnloadedAttributeError, match=rf"Author\.{name}"):
                getattr(author, name)
        await session.refresh(author)
        assert (author.name, author.age) == ("a", 1)
        assert await session.load(author, Author.books) == [first, second]
        await session.refresh(first)
        assert first.author_id == 1


async def test_d04_a_rolled_back_savepoint_restores_what_it_changed_and_no_more(
    Session: SessionFactory,
) -> None:
    """S22 S25"""
    await store(
        Session,
        Author(name="a", books=[Book(title="t")]),
        Author(name="b"),
        Author(name="c"),
    )
    async with Session() as session:
        inside, before, clean = await session.all(select(Author).order_by(Author.id))
        (book,) = await session.load(inside, Author.books)
        before.name = "before"
        savepoint = await session.begin_nested()
        inside.name = "inside"
        inside.books.clear()
        await session.flush()
        await savepoint.rollback()
        assert clean.name == "c"
        assert before.name == "before"
        with pytest.raises(UnloadedAttributeError):
            _ = inside.name
        await session.refresh(inside)
        assert inside.name == "a"
        assert await session.load(inside, Author.books) == [book]
        await session.commit()
        assert await session.all(select(Author.name).order_by(Author.id)) == ["a", "before", "c"]


async def test_d08_what_a_released_savepoint_made_goes_with_the_outer_rollback(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="old"), Author(name="gone"), Country(code="de"))
    async with Session() as session:
        old, gone = await session.all(select(Author).order_by(Author.id))
        country = await session.get_one(Country, "de")
        async with session.begin_nested():
            async with session.begin_nested():
                new = Author(name="new")
                session.add(new)
                old.name = "changed"
                await session.delete(gone)
                country.code = "dd"
        assert state_of(new) == "persistent"
        assert state_of(gone) == "deleted"
        assert inspect(country).identity_key == (Country, ("dd",))
        await session.rollback()
        assert state_of(new) == "transient"
        assert state_of(gone) == "persistent"
        await session.refresh(old)
        assert old.name == "old"
        assert inspect(country).identity_key == (Country, ("de",))
        assert await session.get(Country, "de") is country


async def test_d09_a_delete_in_a_rolled_back_savepoint_did_not_happen(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Author(name="flushed"), Author(name="marked"))
    async with Session() as session:
        flushed, marked = await session.all(select(Author).order_by(Author.id))
        savepoint = await session.begin_nested()
        await session.delete(flushed)
        await session.flush()
        await session.delete(marked)
        await savepoint.rollback()
        assert state_of(flushed) == state_of(marked) == "persistent"
        assert flushed in session
        assert len(session.deleted) == 0
        await session.commit()
    assert await rows(engine, "select count(*) from author") == [(2,)]


async def test_d10_a_savepoint_lost_on_the_server_does_not_hide_the_error_of_the_block(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        author = Author(name="a")
        with pytest.raises(ZeroDivisionError):
            async with session.begin_nested():
                session.add(author)
                await session.flush()
                await (await session.connection()).execute(sql("rollback"))
                raise ZeroDivisionError
        assert not session.in_nested_transaction()
        await session.rollback()
        assert session.is_active
        assert state_of(author) == "transient"
        session.add(author)
        await session.commit()
    assert await rows(engine, "select name from author") == [("a",)]


async def test_d10_and_its_release_is_an_error_with_a_name(Session: SessionFactory) -> None:
    async with Session() as session:
        savepoint = await session.begin_nested()
        session.add(Author(name="a"))
        await session.flush()
        await (await session.connection()).execute(sql("rollback"))
        with pytest.raises(InvalidRequestError):
            await savepoint.commit()
        await session.rollback()
        assert not session.in_transaction()
        assert await session.all(select(Author)) == []


async def test_d15_a_failed_flush_with_a_row_switch_leaves_nothing_behind(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    await store(Session, Member(email="a", nick="a"), Member(email="b", nick="b"))
    async with Session() as session:
        old, other = await session.all(select(Member).order_by(Member.email))
        switched, twin = Member(email="a", nick="new"), Member(email="c", nick="b")
        await session.delete(old)
        session.add_all([switched, twin])
        with pytest.raises(UniqueViolation) as caught:
            await session.flush()
        assert caught.value.objects == (twin,)
        await session.rollback()
        assert list(session.new) == list(session.deleted) == list(session.dirty) == []
        assert state_of(old) == state_of(other) == "persistent"
        assert state_of(switched) == state_of(twin) == "transient"
        assert await session.get(Member, "a") is old
        await session.refresh(old)
        assert old.nick == "a"
        await session.delete(old)
        session.add(switched)
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE member"]
    assert await rows(engine, "select email, nick from member order by 1") == [
        ("a", "new"),
        ("b", "b"),
    ]
