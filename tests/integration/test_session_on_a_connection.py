"""Sessions inside the transaction of a connection, as a test suite uses them: it is rolled back at
the end of each test, whatever the code under test commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Connection,
    ConnectionLost,
    DataError,
    InvalidRequestError,
    PendingRollbackError,
    UniqueViolation,
    cast,
    insert,
    inspect,
    literal,
    select,
    sessionmaker,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book

NAMES = select(Author.name).order_by(Author.id)


async def names(Session: SessionFactory, **options: Any) -> list[str]:
    async with Session(**options) as session:
        return await session.all(NAMES)


@asynccontextmanager
async def rolled_back(engine: Engine) -> AsyncIterator[Connection]:
    """The fixture of a test suite: a transaction that is never committed."""
    async with engine.connect() as connection:
        await connection.begin()
        await connection.fetch("SELECT 1")  # BEGIN goes along with it
        yield connection
        assert connection.in_transaction
        await connection.rollback()


async def test_c14_nothing_a_test_commits_outlives_it(
    Session: SessionFactory, engine: Engine
) -> None:
    """T25: sessions one after another on one connection, each committing and rolling back."""
    async with rolled_back(engine) as connection:
        async with Session(bind=connection) as session:
            session.add(Author(name="a", books=[Book(title="t")]))
            await session.commit()
            session.add(Author(name="undone"))
            await session.flush()
            await session.rollback()
            session.add(Author(name="b"))
            await session.commit()
            assert await session.all(NAMES) == ["a", "b"]
        async with Session.begin(bind=connection) as session:
            author = await session.one(select(Author).where(Author.name == "a"))
            author.name = "c"
        async with Session(bind=connection) as session:
            session.add(Author(name="never committed"))
            await session.flush()
        assert await names(Session, bind=connection) == ["c", "b"]
        assert await names(Session) == []
    assert await names(Session) == []


async def test_t25_commit_is_release_and_rollback_is_rollback_to(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with rolled_back(engine) as connection:
        session = Session(bind=connection)
        sent()
        session.add(Author(name="a"))
        await session.commit()
        assert sent.verbs() == ["SAVEPOINT", "INSERT", "RELEASE"]
        session.add(Author(name="b"))
        await session.flush()
        await session.rollback()
        statements = sent()
        assert [s.split()[0] for s in statements] == ["SAVEPOINT", "INSERT", "ROLLBACK"]
        assert statements[-1].startswith("ROLLBACK TO SAVEPOINT")
        async with session.begin_nested():
            session.add(Author(name="c"))
        await session.commit()
        assert sent.verbs() == ["SAVEPOINT", "SAVEPOINT", "INSERT", "RELEASE", "RELEASE"]
        await session.commit()
        await session.close()
        assert sent() == []
        assert connection.joined == []


class Application:
    """A web application in little: a dependency that gives a session, and two requests."""

    def __init__(self, Session: SessionFactory) -> None:
        self.Session = Session

    async def get_session(self) -> AsyncIterator[SessionType]:
        async with self.Session() as session:
            yield session

    async def request(self, handler: Callable[[SessionType], Any]) -> Any:
        dependency = self.get_session()
        session = await anext(dependency)
        try:
            return await handler(session)
        finally:
            await dependency.aclose()  # type: ignore[attr-defined]


async def create(session: SessionType) -> int:
    author = Author(name="made by a request")
    session.add(author)
    await session.commit()
    return author.id


@pytest.mark.parametrize("time", [1, 2])
async def test_t25_an_application_under_test_works_in_the_transaction_of_the_test(
    Session: SessionFactory, engine: Engine, time: int
) -> None:
    async with rolled_back(engine) as connection:
        application = Application(sessionmaker(connection))
        async with Session(bind=connection) as mine:
            mine.add(Author(name="made by the test"))
            await mine.commit()
            key = await application.request(create)
            found = await application.request(lambda s: s.get_one(Author, key))
            assert found.name == "made by a request"
            assert await mine.all(NAMES) == ["made by the test", "made by a request"]
            with pytest.raises(UniqueViolation):
                await application.request(create)
            # the request that failed has not harmed the transaction of the test
            assert await mine.all(NAMES) == ["made by the test", "made by a request"]
    assert await names(Session) == []


async def test_t25_a_failure_costs_the_session_and_not_the_outer_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as connection:
        async with Session(bind=connection) as session:
            session.add(Author(name="a"))
            await session.commit()
            again = Author(name="a")
            session.add(again)
            with pytest.raises(UniqueViolation):
                await session.commit()
            assert not session.is_active
            with pytest.raises(PendingRollbackError):
                await session.all(NAMES)
            await session.rollback()
            assert inspect(again).transient
            with pytest.raises(DataError):
                await session.execute(sql("select 1 / 0"))
            await session.rollback()
            # a read is protected as well
            with pytest.raises(DataError):
                await session.all(select(cast(literal("no number"), int)))
            await session.rollback()
            with pytest.raises(UniqueViolation):
                async with session.begin_nested():
                    session.add(Author(name="a"))
            session.add(Author(name="b"))
            await session.commit()
        assert await names(Session, bind=connection) == ["a", "b"]


async def test_t25_the_owner_decides_in_the_end(Session: SessionFactory, engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.execute(sql("insert into author (name) values ('raw')"))
        async with Session(bind=connection) as session:
            assert await session.all(NAMES) == ["raw"]
            session.add(Author(name="a"))
            await session.commit()
        assert await names(Session) == []
    assert await names(Session) == ["raw", "a"]


@pytest.mark.parametrize("mode", ["create_savepoint", "rollback_only"])
@pytest.mark.parametrize("end", ["commit", "rollback", "nothing"])
async def test_t25_without_a_transaction_one_is_begun_that_its_owner_ends(
    Session: SessionFactory, engine: Engine, end: str, mode: str
) -> None:
    async with engine.connect() as connection:
        async with Session(bind=connection, join_transaction_mode=mode) as session:
            session.add(Author(name="a"))
            await session.commit()
        assert connection.in_transaction
        if end != "nothing":
            await getattr(connection, end)()
    assert await names(Session) == (["a"] if end == "commit" else [])


async def test_t25_rollback_only_commits_nothing_and_rolls_everything_back(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    Joined = sessionmaker(engine, join_transaction_mode="rollback_only")
    async with engine.connect() as connection:
        await connection.begin()
        await connection.fetch("SELECT 1")
        session = Joined(bind=connection)
        sent()
        session.add(Author(name="a"))
        await session.commit()
        await session.commit()
        session.add(Author(name="b"))
        await session.flush()
        await session.close()
        assert sent.verbs() == ["INSERT", "INSERT"]
        assert await names(Joined, bind=connection) == ["a", "b"]
        assert connection.in_transaction
        session = Joined(bind=connection)
        author = await session.one(select(Author).where(Author.name == "a"))
        await session.delete(author)
        await session.flush()
        await session.rollback()
        assert not connection.in_transaction
        assert inspect(author).persistent
        with pytest.raises(InvalidRequestError, match="joined was rolled back"):
            await session.all(NAMES)
        await session.rollback()
        await connection.begin()
        assert await session.all(NAMES) == []
        await session.close()
        await connection.rollback()


async def test_t25_a_failing_flush_in_rollback_only_loses_the_outer_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    async with engine.connect() as connection:
        await connection.begin()
        async with Session(bind=connection, join_transaction_mode="rollback_only") as session:
            session.add(Author(name="a"))
            await session.commit()
            session.add(Author(name="a"))
            with pytest.raises(UniqueViolation):
                await session.commit()
            assert not connection.in_transaction
    assert await names(Session) == []


async def test_t25_other_modes_and_other_binds_are_refused(engine: Engine) -> None:
    for mode in ("control_fully", "conditional_savepoint", None):
        with pytest.raises(ArgumentError, match=r"'create_savepoint' or 'rollback_only'"):
            SessionType(engine, join_transaction_mode=mode)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="can't work on a str"):
        SessionType("postgresql://host/database")  # type: ignore[arg-type]


async def test_t25_sessions_in_each_other_end_in_reverse_order(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as connection:
        outer, inner = Session(bind=connection), Session(bind=connection)
        outer.add(Author(name="outer"))
        await outer.flush()
        inner.add(Author(name="inner"))
        await inner.flush()
        with pytest.raises(InvalidRequestError, match=r"joined the same connection later"):
            await outer.commit()
        await inner.commit()
        await outer.commit()
        assert await outer.all(NAMES) == ["outer", "inner"]
        inner.add(Author(name="lost"))
        await inner.flush()
        await outer.rollback()
        with pytest.raises(InvalidRequestError, match="rolled back with that of a session around"):
            await inner.commit()
        await inner.rollback()
        assert await inner.all(NAMES) == ["outer", "inner"]
        await inner.close()
        await outer.close()


async def test_t25_the_owner_can_not_commit_what_a_session_has_not(
    Session: SessionFactory, engine: Engine
) -> None:
    session = Session()
    with pytest.raises(InvalidRequestError, match="neither committed nor rolled back"):
        async with engine.begin() as connection:
            session = Session(bind=connection)
            session.add(Author(name="a"))
            await session.flush()
    with pytest.raises(InvalidRequestError):
        await session.commit()
    await session.rollback()
    with pytest.raises(InvalidRequestError, match="released to the pool"):
        await session.all(NAMES)
    await session.close()
    assert engine.pool.in_use == 0
    assert await names(Session) == []


async def test_t25_a_session_left_behind_does_not_touch_the_connection_of_the_next(
    Session: SessionFactory, engine: Engine
) -> None:
    async with engine.connect() as connection:
        await connection.begin()
        session = Session(bind=connection)
        session.add(Author(name="a"))
        await session.flush()
    async with engine.begin() as other:
        await other.execute(sql("insert into author (name) values ('kept')"))
        await session.invalidate()
        assert not other.is_closed
    assert await names(Session) == ["kept"]


async def test_t25_after_a_timeout_a_rollback_saves_the_outer_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as connection:
        async with Session(bind=connection) as session:
            session.add(Author(name="kept"))
            await session.commit()
            session.add(Author(name="lost"))
            await session.flush()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await session.execute(sql("select pg_sleep(10)"))
            with pytest.raises(PendingRollbackError):
                await session.commit()
            await session.rollback()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02), session.begin_nested():
                    await session.execute(sql("select pg_sleep(10)"))
            await session.rollback()
            assert await session.all(NAMES) == ["kept"]


async def test_t25_a_cancelled_session_does_not_leave_its_work_to_the_owner(
    Session: SessionFactory, engine: Engine
) -> None:
    """What can't be undone without waiting takes the connection with it."""
    with pytest.raises(ConnectionLost, match="rolled back"):
        async with engine.begin() as connection:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(None) as deadline, Session(bind=connection) as session:
                    session.add(Author(name="half"))
                    await session.flush()
                    deadline.reschedule(0)
                    await asyncio.sleep(10)
            assert connection.is_closed
    assert engine.pool.in_use == 0
    assert await names(Session) == []


async def test_t25_a_generator_closed_inside_a_session_leaves_the_outer_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as connection:

        async def rows() -> AsyncIterator[str]:
            async with Session(bind=connection) as session, session.begin():
                session.add(Author(name="half"))
                await session.flush()
                yield "one"

        generator = rows()
        assert await anext(generator) == "one"
        await generator.aclose()  # type: ignore[attr-defined]
        assert await names(Session, bind=connection) == []


async def test_t25_a_session_dropped_on_a_connection_warns(
    Session: SessionFactory, engine: Engine
) -> None:
    async with engine.connect() as connection:
        session = Session(bind=connection)
        await session.all(NAMES)
        with pytest.warns(ResourceWarning, match="dropped without close"):
            del session


async def test_t25_the_isolation_level_is_the_outer_transactions(
    Session: SessionFactory, engine: Engine
) -> None:
    level = sql("show transaction_isolation")
    async with engine.connect() as connection:
        async with Session(bind=connection, isolation_level="SERIALIZABLE") as session:
            assert (await session.execute(level)).scalar() == "serializable"
        async with Session(bind=connection, isolation_level="SERIALIZABLE") as session:
            with pytest.raises(InvalidRequestError, match="isolation level"):
                await session.execute(level)


async def test_t25_the_connection_of_the_session_is_on_the_same_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as outer:
        async with Session(bind=outer) as session:
            connection = await session.connection()
            await connection.execute(sql("insert into author (name) values ('raw')"))
            assert (await outer.execute(NAMES)).all() == ["raw"]
            async for author in await session.stream(select(Author)):
                assert author.name == "raw"
            await session.rollback()
            assert await session.all(NAMES) == []
            with pytest.raises(InvalidRequestError, match="released"):
                await connection.execute(NAMES)


async def test_t25_two_tasks_can_not_use_one_connection_at_once(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as connection:
        async with Session(bind=connection) as one, Session(bind=connection) as other:
            outcomes = await asyncio.gather(
                one.execute(sql("select pg_sleep(0.01)")),
                other.execute(sql("select pg_sleep(0.01)")),
                return_exceptions=True,
            )
            assert [isinstance(o, InvalidRequestError) for o in outcomes] == [False, True]
            assert await other.all(NAMES) == []


async def test_a_factory_can_be_given_another_bind_for_good(
    Session: SessionFactory, engine: Engine
) -> None:
    async with rolled_back(engine) as connection:
        Session.configure(bind=connection)
        async with Session.begin() as session:
            session.add(Author(name="a"))
        assert await names(Session) == ["a"]
    Session.configure(bind=engine)
    assert await names(Session) == []


async def test_begin_of_a_connection_gives_its_transaction(
    Session: SessionFactory, engine: Engine
) -> None:
    """C14, as SQLAlchemy's recipe for test suites is written."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        assert transaction.is_active
        async with Session(bind=connection) as session:
            session.add(Author(name="a"))
            await session.commit()
        await transaction.rollback()
        assert not transaction.is_active
        with pytest.raises(InvalidRequestError, match="closed already"):
            await transaction.commit()
    assert await names(Session) == []


async def test_begin_of_a_connection_is_a_block_too(
    Session: SessionFactory, engine: Engine
) -> None:
    async with engine.connect() as connection:
        async with connection.begin():
            await connection.execute(insert(Author).values(name="kept"))
        with pytest.raises(ZeroDivisionError):
            async with connection.begin():
                await connection.execute(insert(Author).values(name="lost"))
                raise ZeroDivisionError
        async with connection.begin() as transaction:
            await connection.execute(insert(Author).values(name="undone"))
            await transaction.rollback()
        assert not connection.in_transaction
    assert await names(Session) == ["kept"]


async def test_a_block_of_a_connection_that_is_cancelled_commits_nothing(
    Session: SessionFactory, engine: Engine
) -> None:
    async def work() -> None:
        async with engine.connect() as connection, connection.begin():
            await connection.execute(insert(Author).values(name="a"))
            await connection.execute(sql("select pg_sleep(60)"))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work(), 0.2)
    assert await names(Session) == []
