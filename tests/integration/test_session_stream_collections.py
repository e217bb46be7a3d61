"""Streams of entities with their collections: in order, in bounded memory, without losing work."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakSet

import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    inspect,
    joinedload,
    relationship,
    select,
    selectinload,
    sessionmaker,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.testing import assert_queries
from tests.support.rows import rows, run


class Press(Model):
    metadata = MetaData()


class Paper(Press, table="stream_paper"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    issues: Related[list[Issue]] = relationship(
        back_populates="paper", order_by="id", cascade="all, delete-orphan"
    )


class Issue(Press, table="stream_issue"):
    id: Mapped[int] = column(primary_key=True)
    paper_id: Mapped[int] = foreign_key(Paper.id, index=True)
    paper: Related[Paper] = relationship(back_populates="issues")
    topics: Related[list[Topic]] = relationship(secondary="stream_issue_topic")


class Topic(Press, table="stream_topic"):
    id: Mapped[int] = column(primary_key=True)


class Reader(Press, table="stream_reader"):
    """Whose papers come by default."""

    id: Mapped[int] = column(primary_key=True)
    paper_id: Mapped[int] = foreign_key(Paper.id)
    paper: Related[Paper] = relationship(lazy="selectin")


PAPERS = select(Paper).order_by(Paper.id)


@pytest.fixture
async def Papers(engine: Engine) -> AsyncIterator[SessionFactory]:  # noqa: N802 - a factory
    await engine.create_all(Press)
    yield sessionmaker(engine)
    await engine.drop_all(Press)
    assert engine.pool.in_use == 0


async def fill(engine: Engine, papers: int) -> None:
    """So many papers, two issues each (of one topic), the keys of issues in order of the papers."""
    await run(
        engine,
        f"insert into stream_paper select n, 'p' || n from generate_series(1, {papers}) n",
        f"insert into stream_issue select n, (n + 1) / 2 from generate_series(1, {2 * papers}) n",
        "insert into stream_topic select n from generate_series(1, 3) n",
        "insert into stream_issue_topic"
        f" select n, n % 3 + 1 from generate_series(1, {2 * papers}) n",
    )


async def test_twenty_thousand_papers_with_their_issues_in_bounded_memory(
    Papers: SessionFactory, engine: Engine
) -> None:
    """Objects that refer to each other go when the collector runs: here after each list."""
    await fill(engine, 20_000)
    gc.collect()
    gc.freeze()  # it collects forty times: what other tests have made is 0.15 s of every one
    alive: WeakSet[Any] = WeakSet()
    count = most = 0
    statement = PAPERS.options(selectinload(Paper.issues))
    async with Papers() as session:
        async with await session.stream(statement, prefetch=500) as papers:
            async for part in papers.partitions(500):
                for paper in part:
                    count += 1
                    assert [issue.id for issue in paper.issues] == [2 * count - 1, 2 * count]
                    alive.add(paper)
                    alive.update(paper.issues)
                gc.collect()
                most = max(most, len(alive))
                del part, paper
    assert count == 20_000
    # the list in hand and the one before it, which is let go while the next one is fetched
    assert most <= 2 * 500 * 3
    gc.collect()
    assert len(alive) == 0


async def test_nested_options_load_once_for_each_list_that_is_fetched(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 25)
    statement = PAPERS.options(selectinload(Paper.issues).selectinload(Issue.topics))
    async with Papers() as session:
        with assert_queries(1 + 3 * 2):
            found = [
                (paper.id, [(issue.id, [topic.id for topic in issue.topics])])
                async for paper in await session.stream(statement, prefetch=10)
                for issue in paper.issues
            ]
    assert found == [((n + 1) // 2, [(n, [n % 3 + 1])]) for n in range(1, 51)]


async def test_partitions_have_their_collections_whatever_their_size(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 25)
    statement = PAPERS.options(selectinload(Paper.issues))
    async with Papers() as session:
        stream = await session.stream(statement, prefetch=10)
        parts = [part async for part in stream.partitions(8)]
        assert [len(part) for part in parts] == [8, 8, 8, 1]
        assert [p.id for part in parts for p in part] == list(range(1, 26))
        assert all(len(paper.issues) == 2 for part in parts for paper in part)
        stream = await session.stream(PAPERS, prefetch=10)
        assert [len(part) async for part in stream.partitions()] == [10, 10, 5]


async def test_what_relationships_load_by_default_comes_with_each_list(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 5)
    await run(engine, "insert into stream_reader select n, n % 5 + 1 from generate_series(1, 20) n")
    async with Papers() as session:
        stream = await session.stream(select(Reader).order_by(Reader.id), prefetch=10)
        assert [r.paper.id async for r in stream] == [n % 5 + 1 for n in range(1, 21)]


async def test_a_single_object_that_is_joined_comes_with_its_row(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 15)
    statement = select(Issue).order_by(Issue.id).options(joinedload(Issue.paper))
    async with Papers() as session:
        with assert_queries(1):
            found = [i.paper.id async for i in await session.stream(statement, prefetch=10)]
    assert found == [(n + 1) // 2 for n in range(1, 31)]


async def test_a_collection_that_is_joined_is_refused(
    Papers: SessionFactory, engine: Engine
) -> None:
    """Q7: its members would be in several lists."""
    async with Papers() as session:
        with assert_queries(0, transaction_control=True):
            with pytest.raises(InvalidRequestError, match=r"selectinload\(Paper.issues\)"):
                await session.stream(PAPERS.options(joinedload(Paper.issues)))
        assert await session.all(PAPERS) == []


async def test_load_in_the_loop_loads_for_the_list_that_was_fetched(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 30)
    async with Papers() as session:
        with assert_queries(1 + 3):
            async for part in (await session.stream(PAPERS, prefetch=10)).partitions():
                for paper in part:
                    assert len(await session.load(paper, Paper.issues)) == 2


async def test_what_is_changed_while_streaming_is_not_lost(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 100)
    statement = PAPERS.options(selectinload(Paper.issues))
    async with Papers() as session:
        async for paper in await session.stream(statement, prefetch=10):
            paper.name = f"new {paper.id}"
            paper.issues.pop()
            paper.issues.append(Issue(id=1000 + paper.id))
            del paper
            gc.collect(0)
        await session.commit()
    assert await rows(engine, "select id from stream_paper where name <> 'new ' || id") == []
    left = await rows(engine, "select id from stream_issue order by id")
    assert left == [(n,) for n in [*range(1, 200, 2), *range(1001, 1101)]]


async def test_changed_objects_that_come_again_keep_their_changes(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 20)
    async with Papers() as session:
        last = await session.get_one(Paper, 20)
        last.name = "mine"
        with session.no_autoflush:
            papers = [p async for p in await session.stream(PAPERS, prefetch=7)]
        assert papers[-1] is last
        assert last.name == "mine"
        assert last in session.dirty


async def test_populate_existing_overwrites_what_is_loaded_with_its_collections(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 20)
    statement = PAPERS.options(selectinload(Paper.issues))
    async with Papers() as session:
        held = await session.all(statement)
        await run(
            engine,
            "update stream_paper set name = 'theirs'",
            "delete from stream_issue_topic",
            "delete from stream_issue where id % 2 = 0",
        )
        stream = await session.stream(statement, prefetch=7)
        assert [p.name async for p in stream] == [f"p{n}" for n in range(1, 21)]
        fresh = statement.execution_options(populate_existing=True)
        async for paper in await session.stream(fresh, prefetch=7):
            assert paper.name == "theirs"
            assert [issue.id for issue in paper.issues] == [2 * paper.id - 1]
        assert [p.name for p in held] == ["theirs"] * 20


async def test_a_later_list_forgets_nothing_of_what_an_earlier_one_has_read_again(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 2)
    statement = select(Issue).order_by(Issue.id)
    tree = selectinload(Issue.paper).selectinload(Paper.issues)
    statement = statement.options(tree, selectinload(Issue.topics))
    fresh = statement.execution_options(populate_existing=True)
    async with Papers() as session:
        found = [issue async for issue in await session.stream(fresh, prefetch=1)]
        assert len(found) == 4
        assert not any("topics" in inspect(issue).unloaded for issue in found)


async def test_objects_may_be_expunged_as_they_come(Papers: SessionFactory, engine: Engine) -> None:
    await fill(engine, 30)
    statement = PAPERS.options(selectinload(Paper.issues))
    async with Papers() as session:
        kept = []
        async for paper in await session.stream(statement, prefetch=10):
            session.expunge(paper)
            kept.append(paper)
        assert [paper.id for paper in kept] == list(range(1, 31))
        assert not any(paper in session for paper in kept)
        assert all(len(paper.issues) == 2 for paper in kept)


async def test_deleting_and_flushing_while_streaming_goes_on_with_the_rows_as_they_were(
    Papers: SessionFactory, engine: Engine
) -> None:
    await fill(engine, 30)
    await run(engine, "delete from stream_issue_topic", "delete from stream_issue")
    async with Papers() as session:
        count = 0
        async for part in (await session.stream(PAPERS, prefetch=10)).partitions():
            await session.delete_all(part)
            await session.flush()
            count += len(part)
        await session.commit()
    assert count == 30
    assert await rows(engine, "select count(*) from stream_paper") == [(0,)]


async def test_raw_sql_streams_too(Papers: SessionFactory, engine: Engine) -> None:
    await fill(engine, 5)
    async with Papers() as session:
        stream = await session.stream(sql("select id, name from stream_paper order by id"))
        assert [tuple(row) async for row in stream] == [(n, f"p{n}") for n in range(1, 6)]
