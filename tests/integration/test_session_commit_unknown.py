"""A COMMIT whose answer is lost or unreadable: the session says so until a rollback takes note."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from datetime import date

import pytest

from asyncorm import (
    CommitUnknown,
    ConnectionLost,
    DatabaseError,
    DataError,
    Mapped,
    MetaData,
    Model,
    PendingRollbackError,
    column,
    create_engine,
    func,
    inspect,
    select,
    sessionmaker,
    sql,
)
from asyncorm.engine import pipelining
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.support.backends import eventually
from tests.support.bookshop import Author, Book
from tests.support.wire import WireProxy


@pytest.mark.parametrize(
    ("books", "cut_at", "answered"),
    [(1, "COMMIT", False), (1, "COMMIT", True), (0, "INSERT", True)],
    ids=["request lost", "answer lost", "answer to the only statement lost"],
)
async def test_an_unknown_commit_is_neither_done_nor_undone_until_a_rollback(
    database_url: str,
    Session: SessionFactory,
    engine: Engine,
    books: int,
    cut_at: str,
    answered: bool,
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with sessionmaker(through)() as session:
            author = Author(name="a", books=[Book(title="t") for _ in range(books)])
            session.add(author)
            proxy.cut(cut_at, answer=answered)
            with pytest.raises(CommitUnknown):
                await session.commit()
            assert not session.is_active
            with pytest.raises(PendingRollbackError, match="CommitUnknown"):
                await session.get(Author, 1)
            await session.rollback()
            assert session.is_active
            assert inspect(author).transient
        assert through.pool.in_use == 0
    async with Session() as session:
        assert len(await session.all(select(Author))) == int(answered)


@pytest.mark.skipif(not pipelining.enabled, reason="what was sent is not known")
@pytest.mark.parametrize("books", [0, 1], ids=["no transaction", "a transaction"])
async def test_a_last_statement_that_was_lost_while_it_was_prepared_is_no_unknown_commit(
    database_url: str, Session: SessionFactory, books: int
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with sessionmaker(through)() as session:
            author = Author(name="a", books=[Book(title="t") for _ in range(books)])
            session.add(author)
            proxy.cut("WITH written" if books else "INSERT")
            with pytest.raises(ConnectionLost):
                await session.commit()
            with pytest.raises(PendingRollbackError, match="ConnectionLost"):
                await session.get(Author, 1)
            await session.rollback()
            assert inspect(author).transient
    async with Session() as session:
        assert await session.all(select(Author)) == []
        session.add(author)
        await session.commit()
        assert len(await session.all(select(Book))) == books


async def test_a_cancelled_block_says_that_its_commit_is_unknown(
    database_url: str, Session: SessionFactory
) -> None:
    async with WireProxy(database_url) as proxy:
        async with create_engine(proxy.url, commit_grace=0.05) as through:

            async def store() -> None:
                async with sessionmaker(through).begin() as session:
                    session.add(Author(name="a", books=[Book(title="t")]))
                    proxy.blackhole("COMMIT")

            storing = asyncio.create_task(store())
            await eventually(lambda: "COMMIT" in proxy.statements)
            storing.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await storing
            told = cancelled.value.__notes__
            assert told == ["COMMIT was under way: check whether the work is there"]
            proxy.cut()
            proxy.heal()


# ------------------------------------------------------------- what came back can't be read


class Moods(Model):
    metadata = MetaData()


class Mood(enum.Enum):
    GLAD = "glad"


class Note(Moods, table="note_with_mood"):
    id: Mapped[int] = column(primary_key=True, init=False)
    mood: Mapped[Mood] = column(server_default="glad", init=False)
    day: Mapped[date] = column(server_default=func.current_date(), init=False)


UNREADABLE = {
    "by the driver": """
        CREATE FUNCTION long_ago() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN NEW.day = '0044-03-15 BC'; RETURN NEW; END $$;
        CREATE TRIGGER long_ago BEFORE INSERT ON note_with_mood
            FOR EACH ROW EXECUTE FUNCTION long_ago()""",
    "by the type": "ALTER TABLE note_with_mood ALTER mood SET DEFAULT 'sad'",
}


@pytest.fixture
async def notes(engine: Engine, tables: CreateTables) -> AsyncIterator[None]:
    await tables(Note)
    async with engine.connect() as connection:
        await connection.command("ALTER TYPE mood ADD VALUE 'sad'")
    yield
    async with engine.begin() as connection:
        await connection.command("DROP FUNCTION IF EXISTS long_ago() CASCADE")


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("command", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("before", [0, 1], ids=["no transaction", "a transaction"])
async def test_what_was_stored_but_can_not_be_read_is_not_reported_as_rolled_back(
    database_url: str, Session: SessionFactory, command: str, count: int, before: int
) -> None:
    async with create_engine(database_url) as pool, sessionmaker(pool)() as session:
        if before:  # so that COMMIT goes along
            session.add_all([Author(name="first"), *(Note() for _ in range(count))])
            await session.commit()
        async with Session() as other:
            await other.execute(sql("DELETE FROM note_with_mood"))
            await (await other.connection()).command(command)
            await other.commit()
        session.add_all([Author(name="a") for _ in range(before)])
        notes = [Note() for _ in range(count)]
        session.add_all(notes)
        with pytest.raises(DatabaseError) as caught:
            await session.commit()
        with pytest.raises(PendingRollbackError, match=type(caught.value).__name__):
            await session.get(Author, 1)
        await session.rollback()
        assert all(inspect(note).transient for note in notes)
        (stored,) = await session.all(sql("SELECT count(*) FROM note_with_mood"))
    assert stored == (count if isinstance(caught.value, CommitUnknown) else 0)
    if isinstance(caught.value, CommitUnknown):
        assert "can't be read" in caught.value.message


@pytest.mark.usefixtures("notes")
async def test_what_can_not_be_read_before_commit_is_rolled_back(
    Session: SessionFactory, engine: Engine
) -> None:
    async with engine.begin() as connection:
        await connection.command(UNREADABLE["by the type"])
    async with Session() as session:
        session.add(Note())
        with pytest.raises(DataError):
            await session.flush()
        await session.rollback()
        assert await session.all(sql("SELECT count(*) FROM note_with_mood")) == [0]
