"""Transactions: how they begin, end, fail, and what may be done in them."""

from __future__ import annotations

import pytest

from asyncorm import (
    DataError,
    ForeignKeyViolation,
    InvalidRequestError,
    PendingRollbackError,
    UniqueViolation,
    cast,
    create_engine,
    inspect,
    literal,
    select,
    sessionmaker,
    sql,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book
from tests.support.wire import WireProxy


async def names(Session: SessionFactory) -> list[str]:
    async with Session() as session:
        return await session.all(select(Author.name).order_by(Author.name))


async def test_assigning_an_attribute_begins_without_a_connection(
    Session: SessionFactory, engine: Engine
) -> None:
    """C01 T1"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        assert not session.in_transaction()
        author.name = "b"
        assert session.in_transaction()
        assert engine.pool.in_use == 0


async def test_beginning_twice_is_refused(Session: SessionFactory) -> None:
    """C02 T2"""
    async with Session() as session:
        await session.begin()
        with pytest.raises(InvalidRequestError, match=r"already begun(.|\n)*begin_nested"):
            await session.begin()
        await session.rollback()
        await session.all(select(Author))
        with pytest.raises(InvalidRequestError, match="already begun"):
            async with session.begin():
                raise AssertionError("not reached")


async def test_begin_adopts_what_has_begun_without_work(Session: SessionFactory) -> None:
    """D5"""
    async with Session() as session:
        session.add(Author(name="a"))
        assert session.in_transaction()
        async with session.begin() as same:
            assert same is session
            session.add(Author(name="b"))
        assert not session.in_transaction()
    assert await names(Session) == ["a", "b"]


async def test_a_savepoint_from_idle_begins_the_transaction_too(Session: SessionFactory) -> None:
    """C03 T3"""
    async with Session() as session:
        savepoint = await session.begin_nested()
        assert session.in_transaction()
        assert session.in_nested_transaction()
        session.add(Author(name="a"))
        await savepoint.commit()
        assert not savepoint.is_active
        assert session.in_transaction()
        assert not session.in_nested_transaction()
        await session.rollback()
        assert not session.in_transaction()
    assert await names(Session) == []


async def test_rollback_undoes_all_levels(Session: SessionFactory) -> None:
    """C04 T7"""
    async with Session() as session:
        session.add(Author(name="a"))
        first = await session.begin_nested()
        session.add(Author(name="b"))
        second = await session.begin_nested()
        session.add(Author(name="c"))
        await session.flush()
        await session.rollback()
        assert not session.in_transaction()
        assert not first.is_active
        assert not second.is_active
        with pytest.raises(InvalidRequestError, match="closed already"):
            await second.rollback()
    assert await names(Session) == []


async def test_commit_commits_all_levels(Session: SessionFactory) -> None:
    """C05 T7"""
    async with Session() as session:
        session.add(Author(name="a"))
        await session.begin_nested()
        session.add(Author(name="b"))
        await session.begin_nested()
        session.add(Author(name="c"))
        await session.commit()
        assert not session.in_nested_transaction()
    assert await names(Session) == ["a", "b", "c"]


async def test_an_exception_rolls_the_block_back_and_comes_out_unchanged(
    Session: SessionFactory,
) -> None:
    """C06 T15"""
    error = ZeroDivisionError("mine")
    async with Session() as session:
        with pytest.raises(ZeroDivisionError) as caught:
            async with session.begin():
                session.add(Author(name="a"))
                await session.flush()
                raise error
        assert caught.value is error
        assert not session.in_transaction()
        async with session.begin():
            session.add(Author(name="b"))
    assert await names(Session) == ["b"]


@pytest.mark.parametrize("way", ["commit", "rollback"])
async def test_nothing_goes_on_in_a_block_whose_transaction_was_ended(
    Session: SessionFactory, way: str
) -> None:
    """C07 T14"""
    async with Session() as session:
        async with session.begin():
            session.add(Author(name="a"))
            await getattr(session, way)()
            for use in (
                lambda: session.get(Author, 1),
                lambda: session.all(select(Author)),
                lambda: session.commit(),
                lambda: session.begin_nested().__aenter__(),
            ):
                with pytest.raises(InvalidRequestError, match="committed or rolled back already"):
                    await use()
            with pytest.raises(InvalidRequestError, match="committed or rolled back already"):
                session.add(Author(name="b"))
        assert len(await session.all(select(Author))) == (way == "commit")


async def test_nothing_goes_on_in_the_block_of_a_savepoint_that_was_ended(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        async with session.begin():
            async with session.begin_nested() as savepoint:
                await savepoint.rollback()
                with pytest.raises(InvalidRequestError, match="rolled back already"):
                    await session.get(Author, 1)
            session.add(Author(name="a"))
    assert await names(Session) == ["a"]


async def test_a_factory_begins_commits_and_closes(Session: SessionFactory) -> None:
    """Y9"""
    async with Session.begin() as session:
        session.add(Author(name="a"))
    with pytest.raises(InvalidRequestError, match="closed for good"):
        session.add(Author(name="b"))
    with pytest.raises(ZeroDivisionError):
        async with Session.begin() as session:
            session.add(Author(name="b"))
            raise ZeroDivisionError
    assert await names(Session) == ["a"]


async def fail_a_flush(session: SessionType) -> Author:
    session.add(Author(name="a"))
    await session.commit()
    again = Author(name="a")
    session.add(again)
    with pytest.raises(UniqueViolation) as caught:
        await session.flush()
    assert caught.value.objects == (again,)
    return again


async def test_after_a_failed_flush_only_a_rollback_helps(
    Session: SessionFactory, sent: Sent
) -> None:
    """C08 T9 T10"""
    async with Session() as session:
        again = await fail_a_flush(session)
        assert not session.is_active
        assert session.in_transaction()
        assert inspect(again).transient
        sent()
        for use in (
            lambda: session.execute(select(Author)),
            lambda: session.commit(),
            lambda: session.begin_nested().__aenter__(),
            lambda: session.begin().__aenter__(),
            lambda: session.get(Author, 1),
            lambda: session.flush(),
            lambda: session.merge(Author(name="x")),
            lambda: session.stream(select(Author)),
            lambda: session.connection(),
            lambda: session.explain(select(Author)),
        ):
            with pytest.raises(PendingRollbackError, match=r"UniqueViolation(.|\n)*rollback") as e:
                await use()
            assert isinstance(e.value.__cause__, UniqueViolation)
        assert sent() == []
        await session.rollback()
        assert session.is_active
        assert not session.in_transaction()
        again.name = "b"
        session.add(again)
        await session.commit()
    assert await names(Session) == ["a", "b"]


async def test_work_in_a_failed_session_is_refused_or_discarded(Session: SessionFactory) -> None:
    """C17 T11"""
    async with Session() as session:
        kept = Author(name="kept")
        session.add(kept)
        await session.commit()
        await fail_a_flush(session)
        with pytest.raises(PendingRollbackError):
            session.add(Author(name="b"))
        with pytest.raises(PendingRollbackError):
            await session.delete(kept)
        kept.age = 5
        await session.rollback()
        assert not session.is_modified(kept)
        await session.refresh(kept)
        assert kept.age is None
        assert session.new == session.deleted == ()


async def test_a_failed_statement_is_remembered(Session: SessionFactory, sent: Sent) -> None:
    """C18 T12 D6"""
    async with Session() as session:
        session.add(Author(name="a"))
        await session.flush()
        with pytest.raises(DataError) as first:
            await session.execute(sql("select 1 / 0"))
        assert not session.is_active
        sent()
        with pytest.raises(PendingRollbackError, match="DataError") as second:
            await session.execute(select(Author))
        assert second.value.__cause__ is first.value
        with pytest.raises(PendingRollbackError):
            await session.commit()
        assert sent() == []
        await session.rollback()
        assert await session.all(select(Author)) == []


async def test_a_failed_read_outside_a_transaction_costs_nothing(Session: SessionFactory) -> None:
    """D6"""
    async with Session() as session:
        with pytest.raises(DataError):
            await session.all(select(cast(literal("no number"), int)))
        assert session.is_active
        assert await session.all(select(Author)) == []


async def test_an_error_of_the_driver_leaves_the_transaction_alone(
    Session: SessionFactory,
) -> None:
    """D6: what was never sent has not aborted anything."""
    async with Session() as session:
        session.add(Author(name="a"))
        await session.flush()
        with pytest.raises(DataError):
            await session.execute(update(Author).where(Author.id == 2**80).values(age=1))
        assert session.is_active
        await session.commit()
    assert await names(Session) == ["a"]


async def test_a_flush_that_fails_in_a_savepoint_costs_only_the_savepoint(
    Session: SessionFactory,
) -> None:
    """T13"""
    async with Session() as session:
        async with session.begin():
            session.add(Author(name="a"))
            with pytest.raises(UniqueViolation):
                async with session.begin_nested():
                    session.add(Author(name="b"))
                    await session.flush()
                    session.add(Author(name="a"))
                    await session.flush()
            assert session.is_active
            session.add(Author(name="c"))
    assert await names(Session) == ["a", "c"]


async def test_a_statement_that_fails_in_a_savepoint_costs_only_the_savepoint(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        async with session.begin():
            session.add(Author(name="a"))
            with pytest.raises(DataError):
                async with session.begin_nested():
                    async with session.begin_nested():
                        session.add(Author(name="b"))
                        await session.execute(sql("select 1 / 0"))
            assert session.is_active
            assert await session.all(select(Author.name)) == ["a"]
    assert await names(Session) == ["a"]


async def test_a_flush_that_can_not_be_planned_leaves_everything_to_be_put_right(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author, book = Author(name="a"), Book(title="t")
        session.add_all([Author(name="b"), author])
        author.books.append(book)
        session.expunge(book)
        sent()
        with pytest.raises(InvalidRequestError, match="not in this session"):
            await session.flush()
        assert sent() == []
        assert session.is_active
        assert [a.name for a in session.new] == ["b", "a"]
        session.add(book)
        await session.commit()
        assert book.author_id == author.id


async def test_commit_without_a_transaction_sends_nothing(
    Session: SessionFactory, sent: Sent
) -> None:
    """C15 T6"""
    async with Session() as session:
        await session.commit()
        await session.rollback()
        assert sent() == []
        assert not session.in_transaction()


async def test_rollback_without_a_transaction_expires_nothing(Session: SessionFactory) -> None:
    """S21 T8"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        await session.rollback()
        assert author.name == "a"


async def test_a_failing_commit_leaves_a_session_that_works(
    Session: SessionFactory, engine: Engine
) -> None:
    """A constraint that is checked at COMMIT only."""
    async with engine.begin() as connection:
        await connection.execute(sql("alter table book drop constraint fk_book_author_id_author"))
        await connection.execute(
            sql(
                "alter table book add foreign key (author_id) references author "
                "deferrable initially deferred"
            )
        )
    async with Session() as session:
        book = Book(title="t", author_id=99)
        session.add(book)
        await session.flush()
        with pytest.raises(ForeignKeyViolation):
            await session.commit()
        assert inspect(book).transient
        assert not session.in_transaction()
        session.add(Author(name="a"))
        await session.commit()
    assert engine.pool.in_use == 0
    assert await names(Session) == ["a"]


async def test_a_transaction_ended_by_hand_is_not_reported_as_committed(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        await session.flush()
        await session.execute(sql("rollback"))
        with pytest.raises(InvalidRequestError, match="ended on the server"):
            await session.commit()
        assert not session.in_transaction()
    assert await names(Session) == []


async def test_reads_send_no_begin_and_a_single_insert_commits_itself(
    Session: SessionFactory, database_url: str
) -> None:
    """Counted on the wire."""
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        Proxied = sessionmaker(engine)
        async with Proxied() as session:
            session.add(Author(name="a"))
            await session.commit()
        proxy.reset()
        async with Proxied() as session:
            author = await session.get(Author, 1)
            await session.all(select(Author))
            await session.load(author, Author.books)
            await session.commit()
        assert all(s.startswith("SELECT") for s in proxy.statements), proxy.statements
        proxy.reset()
        async with Proxied() as session:
            await session.get(Author, 1)
        assert proxy.round_trips == 1, proxy.messages
        proxy.reset()
        async with Proxied() as session:
            session.add(Author(name="b"))
            await session.commit()
        assert proxy.round_trips == 1, proxy.messages


@pytest.mark.parametrize("work", ["write", "lock", "raw", "stream", "isolation", "savepoint"])
async def test_begin_is_sent_for_the_first_work_that_needs_it(
    Session: SessionFactory, sent: Sent, work: str
) -> None:
    isolation = "SERIALIZABLE" if work == "isolation" else None
    async with Session(isolation_level=isolation) as session:
        await session.begin()
        assert sent() == []
        if work != "isolation":
            await session.all(select(Author))
            assert sent.verbs() == ["SELECT"]
        match work:
            case "write":
                session.add(Author(name="a"))
                await session.flush()
            case "lock":
                await session.all(select(Author).with_for_update())
            case "raw":
                await session.execute(sql("select 1"))
            case "stream":
                async for _ in await session.stream(select(Author)):
                    pass
            case "isolation":
                await session.all(select(Author))
            case _:
                await session.begin_nested()
        statements = sent()
        assert statements[0] == (
            "BEGIN" if isolation is None else "BEGIN ISOLATION LEVEL SERIALIZABLE"
        )
        assert sum(s.startswith("BEGIN") for s in statements) == 1
        await session.rollback()
        assert sent() == ["ROLLBACK"]


async def test_a_commit_of_two_statements_is_one_transaction(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        session.add(Author(name="a", books=[Book(title="t")]))
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "COMMIT"]


async def test_a_single_statement_commit_that_fails_stays_failed_until_rollback(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        await session.commit()
        author = Author(name="a")
        session.add(author)
        with pytest.raises(UniqueViolation):
            await session.commit()
        assert not session.is_active
        assert inspect(author).transient
        await session.rollback()
        author.name = "b"
        session.add(author)
        await session.commit()
    assert await names(Session) == ["a", "b"]


async def test_the_connection_is_the_transactions(Session: SessionFactory) -> None:
    """T27"""
    async with Session() as session:
        session.add(Author(name="a"))
        await session.flush()
        connection = await session.connection()
        assert (await connection.execute(select(Author.name))).all() == ["a"]
        assert connection is await session.connection()
        await session.rollback()
    assert await names(Session) == []
