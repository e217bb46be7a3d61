"""A connection that breaks during COMMIT: the session says so until a rollback takes note of it."""

from __future__ import annotations

import pytest

from asyncorm import (
    CommitUnknown,
    ConnectionLost,
    PendingRollbackError,
    create_engine,
    inspect,
    select,
    sessionmaker,
)
from asyncorm.engine import pipelining
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
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
