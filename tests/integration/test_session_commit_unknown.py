"""A connection that breaks during COMMIT: the session says so until a rollback takes note of it."""

from __future__ import annotations

import pytest

from asyncorm import (
    CommitUnknown,
    PendingRollbackError,
    create_engine,
    inspect,
    select,
    sessionmaker,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.support.bookshop import Author, Book
from tests.support.wire import WireProxy


@pytest.mark.parametrize("answered", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize(("books", "cut_at"), [(1, "COMMIT"), (0, "INSERT")])
async def test_an_unknown_commit_is_neither_done_nor_undone_until_a_rollback(
    database_url: str,
    Session: SessionFactory,
    engine: Engine,
    answered: bool,
    books: int,
    cut_at: str,
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
