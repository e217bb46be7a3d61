"""Scenarios C: the life of a transaction."""

from __future__ import annotations

from typing import Any

import pytest

import asyncorm
from asyncorm import (
    ConnectionLost,
    DataError,
    Engine,
    FlushError,
    InvalidRequestError,
    PendingRollbackError,
    SessionFactory,
    UniqueViolation,
    create_engine,
    select,
    sessionmaker,
    sql,
)
from asyncorm import (
    Session as SessionClass,
)
from tests.support.rows import rows
from tests.support.scenario_models import Author, Node
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store
from tests.support.wire import WireProxy

ALL_AUTHORS = "select name from author order by name"


async def names(engine: Engine) -> list[str]:
    return [name for (name,) in await rows(engine, ALL_AUTHORS)]


async def test_c01_setting_an_attribute_begins_without_a_connection(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await session.commit()
        assert not session.in_transaction()
        sent()
        author.name = "b"
        assert session.in_transaction()
        assert engine.pool.in_use == 0
        assert sent() == []


async def test_c02_a_transaction_cannot_be_begun_twice(Session: SessionFactory) -> None:
    async with Session() as session:
        await session.begin()
        with pytest.raises(InvalidRequestError, match="already begun"):
            await session.begin()
        assert session.in_transaction()
        await session.rollback()
        await session.all(select(Author))
        with pytest.raises(InvalidRequestError, match="already begun"):
            await session.begin()


async def test_c02_one_that_has_sent_nothing_is_adopted(
    Session: SessionFactory, engine: Engine
) -> None:
    """D5"""
    async with Session() as session:
        session.add(Author(name="a"))
        assert session.in_transaction()
        async with session.begin():
            session.add(Author(name="b"))
    assert await names(engine) == ["a", "b"]


async def test_c03_a_savepoint_begins_the_transaction_around_it(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        savepoint = await session.begin_nested()
        assert session.in_transaction()
        assert session.in_nested_transaction()
        session.add(Author(name="a"))
        await savepoint.commit()
        assert session.in_transaction()
        assert not session.in_nested_transaction()
        assert sent.verbs() == ["BEGIN", "SAVEPOINT", "INSERT", "RELEASE"]
        await session.rollback()
        assert await session.all(select(Author)) == []


async def test_c03_a_savepoint_is_preceded_by_a_flush(Session: SessionFactory, sent: Sent) -> None:
    """T4"""
    async with Session(autoflush=False) as session:
        session.add(Author(name="a"))
        with session.no_autoflush:
            savepoint = await session.begin_nested()
        assert sent.verbs() == ["BEGIN", "INSERT", "SAVEPOINT"]
        await savepoint.rollback()
        assert sent.verbs() == ["ROLLBACK"]
        await session.commit()
    async with Session() as session:
        assert await session.all(select(Author.name)) == ["a"]


async def test_c04_a_rollback_of_the_session_ends_all_levels(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        made = [Author(name=name) for name in "abc"]
        session.add(made[0])
        await session.begin_nested()
        session.add(made[1])
        await session.begin_nested()
        session.add(made[2])
        await session.flush()
        await session.rollback()
        assert not session.in_transaction()
        assert not session.in_nested_transaction()
        assert [state_of(one) for one in made] == ["transient"] * 3
        await session.commit()
    assert await names(engine) == []


async def test_c05_a_commit_of_the_session_ends_all_levels(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        outer = await session.begin_nested()
        session.add(Author(name="b"))
        inner = await session.begin_nested()
        session.add(Author(name="c"))
        await session.commit()
        assert not session.in_transaction()
        assert not session.in_nested_transaction()
        assert not outer.is_active
        assert not inner.is_active
        await session.rollback()
    assert await names(engine) == ["a", "b", "c"]


async def test_c06_an_exception_in_a_begin_block_rolls_back_and_comes_out_unchanged(
    Session: SessionFactory, engine: Engine
) -> None:
    error = RuntimeError("mine")
    async with Session() as session:
        author = Author(name="a")
        with pytest.raises(RuntimeError) as caught:
            async with session.begin():
                session.add(author)
                await session.flush()
                raise error
        assert caught.value is error
        assert error.__cause__ is None
        assert not hasattr(error, "__notes__")
        assert not session.in_transaction()
        assert state_of(author) == "transient"
    assert await names(engine) == []


@pytest.mark.parametrize("way", ["commit", "rollback"])
async def test_c07_after_its_end_by_hand_a_begin_block_does_nothing_more(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    async with Session() as session:
        async with session.begin():
            session.add(Author(name="a"))
            await session.flush()
            await getattr(session, way)()
            with pytest.raises(InvalidRequestError, match="async with"):
                await session.all(select(Author))
            with pytest.raises(InvalidRequestError, match="async with"):
                session.add(Author(name="b"))
        assert not session.in_transaction()
        session.add(Author(name="c"))
        await session.commit()
    assert await names(engine) == (["a", "c"] if way == "commit" else ["c"])


async def test_c08_a_failed_flush_leaves_nothing_to_do_but_a_rollback(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        old = await session.get_one(Author, 1)
        first, twin = Author(name="b"), Author(name="a")
        session.add_all([first, twin])
        with pytest.raises(UniqueViolation) as caught:
            await session.flush()
        assert caught.value.objects == (twin,)
        assert not session.is_active
        assert session.in_transaction()
        sent()
        for attempt in (
            session.execute(select(Author)),
            session.commit(),
            session.begin_nested().__aenter__(),
            session.get(Author, 1),
            session.flush(),
            session.stream(select(Author)),
        ):
            with pytest.raises(PendingRollbackError, match=r"UniqueViolation(.|\n)*rollback"):
                await attempt
        assert sent() == []
        await session.rollback()
        assert session.is_active
        assert not session.in_transaction()
        assert state_of(old) == "persistent"
        assert state_of(first) == state_of(twin) == "transient"
        twin.name = "c"
        session.add_all([first, twin])
        await session.commit()
    assert await names(engine) == ["a", "b", "c"]


async def test_c08_in_a_savepoint_only_the_savepoint_is_lost(
    Session: SessionFactory, engine: Engine
) -> None:
    """T13"""
    async with Session() as session:
        before = Author(name="a")
        session.add(before)
        with pytest.raises(UniqueViolation):
            async with session.begin_nested():
                session.add(Author(name="a"))
        assert session.is_active
        assert state_of(before) == "persistent"
        session.add(Author(name="b"))
        await session.commit()
    assert await names(engine) == ["a", "b"]


async def test_c10_a_commit_flushes_until_clean_and_gives_up_after_a_hundred_rounds(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        left, rounds = 3, 0

        def add_another(session: SessionClass) -> None:
            nonlocal rounds
            rounds += 1
            if rounds <= left:
                session.add(Author(name=f"{rounds:03}"))

        asyncorm.event.listen(session, "after_flush_postexec", add_another)
        session.add(Author(name="000"))
        await session.commit()
        assert await names(engine) == ["000", "001", "002", "003"]
        left, rounds = 1_000, 3
        session.add(Author(name="x"))
        with pytest.raises(FlushError, match="100"):
            await session.commit()
        assert rounds - 3 == 100
        await session.rollback()
    assert await names(engine) == ["000", "001", "002", "003"]


async def test_c12_a_connection_whose_begin_fails_is_closed_and_the_pool_goes_on(
    database_url: str, Session: SessionFactory, engine: Engine
) -> None:
    async with (
        WireProxy(database_url) as proxy,
        create_engine(proxy.url, pool_size=1) as fragile,
        sessionmaker(fragile)() as session,
    ):
        author = Author(name="a")
        proxy.cut("BEGIN")
        with pytest.raises(ConnectionLost):
            async with session.begin():
                await session.execute(sql("select 1"))
        assert fragile.pool.in_use == 0
        session.add(author)
        await session.commit()
        assert proxy.connections == 2
        assert fragile.pool.in_use == 0
    assert await names(engine) == ["a"]


@pytest.mark.parametrize("way", ["commit", "rollback"])
async def test_c13_no_sql_is_sent_while_a_transaction_ends(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    async with Session() as session:
        refused: list[str] = []

        async def read(session: SessionClass) -> None:
            with pytest.raises(InvalidRequestError) as caught:
                await session.all(select(Author))
            refused.append(str(caught.value))

        asyncorm.event.listen(session, f"after_{way}", read)
        session.add(Author(name="a"))
        await session.flush()
        await getattr(session, way)()
        assert len(refused) == 1
        assert not session.in_transaction()
        await session.all(select(Author))
    assert await names(engine) == (["a"] if way == "commit" else [])


async def test_c14_a_session_in_somebody_elses_transaction_never_ends_it(
    Session: SessionFactory, engine: Engine
) -> None:
    async with engine.connect() as connection:
        await connection.begin()
        joined: Any = sessionmaker(connection, join_transaction_mode="create_savepoint")  # type: ignore[arg-type]
        async with joined() as session:
            session.add(Author(name="committed"))
            await session.commit()
            lost = Author(name="rolled back")
            session.add(lost)
            await session.flush()
            await session.rollback()
            assert state_of(lost) == "transient"
            session.add(Author(name="closed"))
            await session.flush()
        assert connection.in_transaction
        async with joined() as session:
            assert await session.all(select(Author.name)) == ["committed"]
        await connection.rollback()
    assert await names(engine) == []


async def test_c14_creating_a_savepoint_is_the_default_on_a_connection(
    Session: SessionFactory, engine: Engine
) -> None:
    """D8"""
    async with engine.begin() as connection:
        session: Any
        async with SessionClass(connection) as session:  # type: ignore[arg-type]
            session.add(Author(name="a"))
            await session.commit()
            session.add(Author(name="b"))
            await session.flush()
            await session.rollback()
        assert connection.in_transaction
    assert await names(engine) == ["a"]


async def test_c14_in_the_mode_rollback_only_a_rollback_ends_the_outer_one(
    Session: SessionFactory, engine: Engine
) -> None:
    """D8"""
    async with engine.connect() as connection:
        await connection.begin()
        session: Any
        async with SessionClass(  # type: ignore[call-arg]
            connection,  # type: ignore[arg-type]
            join_transaction_mode="rollback_only",
        ) as session:
            session.add(Author(name="a"))
            await session.commit()
            assert connection.in_transaction
            session.add(Author(name="b"))
            await session.flush()
            await session.rollback()
        assert not connection.in_transaction
    assert await names(engine) == []


async def test_c15_committing_nothing_fires_the_hooks_and_sends_nothing(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        fired: list[str] = []
        for name in ("before_commit", "after_commit"):
            asyncorm.event.listen(session, name, lambda _, name=name: fired.append(name))
        assert not session.in_transaction()
        await session.commit()
        assert fired == ["before_commit", "after_commit"]
        assert sent() == []
        assert not session.in_transaction()


async def test_c16_without_autobegin_nothing_begins_by_itself(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    await store(Session, Author(name="a"))
    async with Session(autobegin=False) as session:
        await session.begin()
        author = await session.get_one(Author, 1)
        await session.commit()
        sent()
        with pytest.raises(InvalidRequestError, match=r"(?i)autobegin"):
            session.add(Author(name="b"))
        for attempt in (
            session.all(select(Author)),
            session.get(Author, 1),
            session.delete(author),
            session.merge(Author(id=1, name="x")),
            session.refresh(author),
            session.connection(),
            session.begin_nested().__aenter__(),
        ):
            with pytest.raises(InvalidRequestError, match=r"(?i)autobegin"):
                await attempt
        assert sent() == []
        assert not session.in_transaction()
        assert list(session.new) == list(session.deleted) == []
        async with session.begin():
            session.add(Author(name="b"))
            await session.delete(author)
    assert await names(engine) == ["b"]


async def test_c17_a_failed_session_takes_no_more_work(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Author(name="a"), Author(name="b"))
    async with Session() as session:
        old, other = await session.all(select(Author).order_by(Author.id))
        session.add(Author(name="a"))
        with pytest.raises(UniqueViolation):
            await session.flush()
        late = Author(name="late")
        with pytest.raises(PendingRollbackError):
            session.add(late)
        with pytest.raises(PendingRollbackError):
            session.add_all([late])
        with pytest.raises(PendingRollbackError):
            await session.delete(old)
        assert list(session.new) == list(session.deleted) == []
        try:
            other.name = "changed in vain"
        except PendingRollbackError:
            assert state_of(other) == "persistent"
        await session.rollback()
        assert state_of(late) == "transient"
        await session.commit()
        await session.refresh(other)
        assert other.name == "b"
    assert await names(engine) == ["a", "b"]


async def test_c18_after_a_failed_statement_the_session_knows_that_it_is_aborted(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        with pytest.raises(DataError):
            await session.execute(sql("select 1/0"))
        assert not session.is_active
        assert session.in_transaction()
        sent()
        with pytest.raises(PendingRollbackError, match="DataError") as caught:
            await session.all(select(Author))
        assert isinstance(caught.value.__cause__, DataError)
        with pytest.raises(PendingRollbackError):
            await session.commit()
        assert sent() == []
        await session.rollback()
        assert session.is_active
        assert state_of(author) == "transient"
        assert await session.all(select(Author)) == []


async def test_c18_a_failed_statement_in_a_savepoint_harms_only_the_savepoint(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        with pytest.raises(DataError):
            async with session.begin_nested():
                session.add(Author(name="b"))
                await session.execute(sql("select 1/0"))
        assert session.is_active
        session.add(Node(name="n"))
        await session.commit()
    assert await names(engine) == ["a"]
