"""assert_queries: a test says how many statements a block may send, and sees which were sent."""

from __future__ import annotations

import asyncio
import re

import pytest

from asyncorm import create_engine, select, selectinload, sql
from asyncorm.engine.engine import Engine
from asyncorm.engine.query_watch import WATCHES
from asyncorm.session.factory import SessionFactory
from asyncorm.testing import assert_queries
from tests.support.bookshop import Author, Book, Country
from tests.support.lines import marked


@pytest.fixture(autouse=True)
async def filled(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        session.add_all([Author(name=f"a{n}", books=[Book(title="b")]) for n in range(5)])


async def read(Session: SessionFactory) -> list[Author]:
    async with Session() as session:
        return await session.all(select(Author).options(selectinload(Author.books)))


async def test_the_statements_of_a_block_are_counted(Session: SessionFactory) -> None:
    with assert_queries(2) as statements:
        assert statements == []
        await read(Session)
        assert len(statements) == 2
    assert [re.findall(r'FROM "(\w+)"', statement) for statement in statements] == [
        ["author"],
        ["book"],
    ]
    await read(Session)
    assert len(statements) == 2
    assert set() == WATCHES


async def test_the_failure_lists_each_statement_and_its_line(Session: SessionFactory) -> None:
    async with Session() as session:
        with pytest.raises(AssertionError) as caught:
            with assert_queries(1):
                await session.scalar(select(Author.id).limit(1))  # the end of the first call
                await session.all(select(Book.id))  # the second call
    lines = str(caught.value).splitlines()
    assert lines[0] == "statements expected: 1, sent: 2"
    assert [line.split()[0] for line in lines[1::2]] == ["1.", "2."]
    assert lines[3] == '  2. SELECT "book"."id" FROM "book"'
    first, second = (line.removeprefix("     from ").split(":") for line in lines[2::2])
    assert first[0] == second[0] == __file__
    end = marked(__file__, "the end of the first call")
    assert end - 2 <= int(first[1]) <= end
    assert int(second[1]) == marked(__file__, "the second call")


async def test_too_few_statements_fail_as_well(Session: SessionFactory) -> None:
    with pytest.raises(AssertionError, match="statements expected: 3, sent: 2"):
        async with assert_queries(3):
            await read(Session)


async def test_at_most_allows_less(Session: SessionFactory) -> None:
    async with assert_queries(at_most=3) as statements:
        await read(Session)
    assert len(statements) == 2
    with pytest.raises(AssertionError, match="statements expected: at most 1, sent: 2"):
        async with assert_queries(at_most=1):
            await read(Session)


async def test_nothing_sent_is_zero(Session: SessionFactory) -> None:
    async with Session() as session:
        author = await session.get(Author, 1)
        with assert_queries(0):
            assert await session.get(Author, 1) is author


async def test_a_connection_that_is_checked_out_already_counts_too(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        await session.all(select(Author))
        with assert_queries(1):
            await session.all(select(Author))


async def test_transaction_control_is_counted_on_request_only(Session: SessionFactory) -> None:
    async def work() -> None:
        async with Session.begin() as session:
            async with session.begin_nested():
                session.add(Author(name="new"))
            await session.execute(sql("delete from author where name = 'new'"))

    with assert_queries(2):
        await work()
    with assert_queries(6, transaction_control=True) as statements:
        await work()
    assert [statement.split()[0] for statement in statements] == [
        "BEGIN",
        "SAVEPOINT",
        "INSERT",
        "RELEASE",
        "delete",
        "COMMIT",
    ]


async def test_a_commit_in_one_statement_names_its_line(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="new"))
        with assert_queries(1, transaction_control=True) as statements:
            await session.commit()  # the commit
    assert statements[0].startswith("INSERT")
    assert statements[0].line == f"{__file__}:{marked(__file__, 'the commit')}"


async def test_a_batch_is_one_statement_and_so_is_a_copy(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        session.add_all([Country(code=str(n), name=str(n)) for n in range(100)])
        with assert_queries(1):
            await session.commit()
    async with engine.begin() as connection:
        with assert_queries(1) as statements:
            await connection.copy_records("country", ["code", "name"], [("x", "y"), ("z", "z")])
    assert statements == ["COPY country (code, name) FROM STDIN"]


async def test_a_stream_counts_once_and_its_loads_each_time(Session: SessionFactory) -> None:
    async with Session() as session:
        with assert_queries(1):
            assert [row async for row in await session.stream(select(Author.id), prefetch=1)]
        options = select(Author).options(selectinload(Author.books)).order_by(Author.id)
        with assert_queries(1 + 3):
            assert [row async for row in await session.stream(options, prefetch=2)]


async def test_statements_without_a_session_count(engine: Engine) -> None:
    with assert_queries(3):
        async with engine.begin() as connection:
            await connection.scalar(select(Author.id).limit(1))
            await connection.scalar(sql("select 1"))
            await connection.command("select 1")


async def test_every_engine_counts(Session: SessionFactory, database_url: str) -> None:
    async with create_engine(database_url) as other:
        with assert_queries(3):
            await read(Session)
            async with other.connect() as connection:
                await connection.scalar(sql("select 1"))


async def test_tasks_started_inside_count_and_others_do_not(Session: SessionFactory) -> None:
    inside, done = asyncio.Event(), asyncio.Event()

    async def other() -> None:
        await inside.wait()
        await read(Session)
        done.set()

    task = asyncio.create_task(other())
    with assert_queries(4):
        inside.set()
        await done.wait()
        await asyncio.gather(read(Session), asyncio.create_task(read(Session)))
    await task


async def test_a_task_that_outlives_the_block_is_not_watched(Session: SessionFactory) -> None:
    go = asyncio.Event()

    async def later() -> None:
        await go.wait()
        await read(Session)

    with assert_queries(0) as statements:
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    go.set()
    with assert_queries(0) as meanwhile:
        await task
    assert statements == meanwhile == []


async def test_blocks_may_be_nested(Session: SessionFactory) -> None:
    with assert_queries(4):
        await read(Session)
        with assert_queries(2):
            await read(Session)


async def test_one_assertion_may_be_used_again(Session: SessionFactory) -> None:
    assertion = assert_queries(2)
    for _ in range(2):
        with assertion:
            await read(Session)


async def test_an_error_of_the_block_comes_out_as_it_is(Session: SessionFactory) -> None:
    with pytest.raises(ZeroDivisionError):
        with assert_queries(7):
            await read(Session)
            raise ZeroDivisionError
    assert set() == WATCHES


async def test_a_statement_that_fails_was_sent(Session: SessionFactory) -> None:
    async with Session() as session:
        with assert_queries(1):
            with pytest.raises(Exception, match="division by zero"):
                await session.scalar(sql("select 1 / 0"))
