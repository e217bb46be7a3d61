"""Scenarios N10 to N14: statements that write rows of loaded objects, and what the server made."""

from __future__ import annotations

import pytest

from asyncorm import SessionFactory, delete, func, insert, inspect, select, update
from tests.support.scenario_models import Author, Stamp
from tests.support.sent import Sent
from tests.support.store import store


@pytest.mark.parametrize("choice", ["auto", "evaluate", "fetch"])
async def test_n10_an_update_changes_loaded_dirty_and_expired_objects(
    Session: SessionFactory, choice: str
) -> None:
    await store(Session, *(Author(name=name, age=20) for name in "abc"))
    async with Session() as session:
        loaded, dirty, expired = await session.all(select(Author).order_by(Author.name))
        with session.no_autoflush:
            dirty.age = 99
            session.expire(expired)
            await session.execute(
                update(Author).values(age=Author.age + 1),
                execution_options={"synchronize_session": choice},
            )
        assert loaded.age == 21
        assert dirty.age == 21
        assert not session.is_modified(dirty), "a change of the same attribute is overwritten"
        await session.refresh(expired)
        assert expired.age == 21


async def test_n10_without_synchronizing_objects_keep_their_values(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a", age=20))
    async with Session() as session:
        author = await session.one(select(Author))
        await session.execute(
            update(Author).values(age=30), execution_options={"synchronize_session": False}
        )
        assert author.age == 20


@pytest.mark.parametrize("choice", ["auto", "evaluate", "fetch"])
async def test_n11_matched_objects_leave_and_a_rollback_returns_them(
    Session: SessionFactory, choice: str
) -> None:
    await store(Session, Author(name="a"), Author(name="b"))
    async with Session() as session:
        a, b = await session.all(select(Author).order_by(Author.name))
        async with session.begin_nested() as savepoint:
            await session.execute(
                delete(Author).where(Author.name == "a"),
                execution_options={"synchronize_session": choice},
            )
            assert a not in session
            assert b in session
            assert inspect(a).deleted
            await savepoint.rollback()
        assert a in session
        assert await session.get(Author, a.id) is a


async def test_n12_an_upsert_updates_the_object_in_memory(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.one(select(Author))
        statement = insert(Author).values([{"name": "a", "age": 2}, {"name": "b", "age": 3}])
        statement = statement.on_conflict_do_update(
            index_elements=[Author.name], set_={"age": statement.excluded.age}
        ).returning(Author)
        sent()
        found = await session.all(statement.execution_options(populate_existing=True))
        assert sent.work() == ["INSERT author"]
        assert found[0] is author
        assert [(one.name, one.age) for one in found] == [("a", 2), ("b", 3)]


async def test_n14_values_of_the_server_come_back_with_the_statement(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        made, given = Stamp(), Stamp()
        given.state = "given"
        session.add_all([made, given])
        sent()
        await session.flush()
        assert (made.state, given.state) == ("new", "given")
        made.state = func.upper("changed")
        await session.flush()
        assert made.state == "CHANGED"
        assert not {"SELECT"} & set(sent.verbs())
