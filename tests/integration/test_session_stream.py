"""stream: rows through a server-side cursor, as long as the session stays as it was."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, select, selectinload, sql
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book
from tests.support.rows import run


async def fill(Session: SessionFactory, count: int) -> None:
    async with Session() as session:
        await session.execute(
            sql("insert into author (name) select 'n' || n from generate_series(1, {}) n", count)
        )
        await session.commit()


async def test_ten_thousand_rows_in_bounded_memory(Session: SessionFactory) -> None:
    """O08"""
    await fill(Session, 10_000)
    async with Session() as session:
        count = most = 0
        async for author in await session.stream(select(Author), prefetch=100):
            assert author in session
            count += 1
            most = max(most, len(session.identity_map))
        assert count == 10_000
        assert most <= 201


async def test_rows_come_in_partitions(Session: SessionFactory) -> None:
    await fill(Session, 25)
    async with Session() as session:
        stream = await session.stream(select(Author.id).order_by(Author.id), prefetch=7)
        assert [len(part) async for part in stream.partitions(10)] == [10, 10, 5]
        stream = await session.stream_scalars(select(Author.id, Author.name).order_by(Author.id))
        assert [row async for row in stream] == list(range(1, 26))


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7, 8, 24, 25, 26, 100])
@pytest.mark.parametrize("prefetch", [1, 3, 7, 25, 26])
async def test_partitions_hold_all_rows_in_order_whatever_the_sizes(
    Session: SessionFactory, size: int | None, prefetch: int
) -> None:
    await fill(Session, 25)
    async with Session() as session:
        ordered = select(Author.id).order_by(Author.id)
        stream = await session.stream(ordered, prefetch=prefetch)
        assert await anext(stream) == 1  # what was read by itself does not come again
        parts = [part async for part in stream.partitions(size)]
        assert [row for part in parts for row in part] == list(range(2, 26))
        assert all(parts)
        if size is not None:
            assert {len(part) for part in parts[:-1]} <= {size}
        assert [part async for part in stream.partitions(size)] == []
        nothing = await session.stream(ordered.where(Author.id < 0), prefetch=prefetch)
        assert [part async for part in nothing.partitions(size)] == []


async def test_partitions_end_with_their_transaction(Session: SessionFactory) -> None:
    await fill(Session, 25)
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=25)
        parts = stream.partitions(10)
        assert len(await anext(parts)) == 10
        await session.commit()
        with pytest.raises(InvalidRequestError, match="end of the transaction"):
            await anext(parts)


async def test_a_stream_takes_execution_options_beside_the_statement(
    Session: SessionFactory, engine: Engine
) -> None:
    await fill(Session, 1)
    async with Session() as session:
        author = await session.one(select(Author))
        await run(engine, "update author set name = 'new'")
        populate = {"populate_existing": True}
        names = await session.stream_scalars(select(Author.name), execution_options=populate)
        assert [name async for name in names] == ["new"]
        assert author.name == "n1"
        found = await session.stream(select(Author), execution_options=populate)
        assert [one async for one in found] == [author]
        assert author.name == "new"


async def test_an_early_exit_leaves_a_session_that_works(
    Session: SessionFactory, engine: Engine
) -> None:
    """O08"""
    await fill(Session, 50)
    async with Session() as session:
        async for _ in await session.stream(select(Author), prefetch=10):
            break
        assert len(await session.all(select(Author))) == 50
        await session.commit()
        assert engine.pool.in_use == 0
        cursors = sql("select count(*) from pg_cursors where statement like 'SELECT%'")
        assert await session.scalar(cursors) == 0


@pytest.mark.parametrize("way", ["commit", "rollback", "reset"])
async def test_the_end_of_the_transaction_ends_the_stream_clearly(
    Session: SessionFactory, way: str
) -> None:
    """O08 Q6"""
    await fill(Session, 50)
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=10)
        await anext(stream)
        await getattr(session, way)()
        with pytest.raises(InvalidRequestError, match=r"stream(.|\n)*read the stream to its end"):
            [row async for row in stream]
        await session.all(select(Author))
        with pytest.raises(InvalidRequestError, match="stream"):
            [row async for row in stream]


@pytest.mark.parametrize("prefetch", [10, 500])
@pytest.mark.parametrize("way", ["expunge_all", "clear"])
async def test_a_stream_gives_no_objects_of_a_map_that_was_dropped(
    Session: SessionFactory, way: str, prefetch: int
) -> None:
    """E10 W8"""
    await fill(Session, 50)
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=prefetch)
        await anext(stream)
        getattr(session, way)()
        with pytest.raises(InvalidRequestError, match="expunged meanwhile"):
            await anext(stream)


@pytest.mark.parametrize("prefetch", [1, 500])
@pytest.mark.parametrize("way", ["commit", "rollback"])
async def test_a_stream_ends_with_its_transaction_whatever_was_fetched_already(
    Session: SessionFactory, way: str, prefetch: int
) -> None:
    """O08 Q6"""
    await fill(Session, 3)
    async with Session() as session:
        stream = await session.stream(select(Author), prefetch=prefetch)
        await anext(stream)
        await getattr(session, way)()
        with pytest.raises(InvalidRequestError, match="end of the transaction"):
            await anext(stream)


async def test_other_statements_may_run_between_the_rows(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        for name in "abc":
            session.add(Author(name=name, books=[Book(title=name)]))
        await session.commit()
    async with Session() as session:
        titles: list[str] = []
        options = select(Author).options(selectinload(Author.books)).order_by(Author.id)
        async for author in await session.stream(options, prefetch=1):
            titles += [book.title for book in author.books]
            author.age = 1
            await session.flush()
        assert titles == ["a", "b", "c"]
        await session.commit()
