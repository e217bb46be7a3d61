"""Scenarios N: what is not loaded, and deferred columns."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    SessionFactory,
    UnloadedAttributeError,
    column,
    inspect,
    select,
    sessionmaker,
    undefer,
)
from tests.conftest import CreateTables
from tests.support.rows import rows
from tests.support.scenario_models import Author, Book
from tests.support.sent import Sent
from tests.support.store import store


class Base(Model):
    metadata = MetaData()


class Paper(Base, table="n_paper"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    body: Mapped[str] = column(deferred=True, deferred_group="texts")
    summary: Mapped[str] = column(deferred=True, deferred_group="texts")


@pytest.fixture
async def Papers(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    await tables(Paper)
    return sessionmaker(engine)


async def test_n07_reading_what_is_not_loaded_raises_where_memory_has_no_answer(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a", age=1, books=[Book(title="t")]))
    async with Session() as session:
        book = await session.one(select(Book))
        sent()
        with pytest.raises(UnloadedAttributeError, match=r"session\.load\(obj, Book\.author\)"):
            _ = book.author
        assert sent() == []
        author = await session.one(select(Author))
        sent()
        assert book.author is author
        with pytest.raises(UnloadedAttributeError, match=r"selectinload\(Author\.books\)"):
            _ = author.books
        assert sent() == []


async def test_n07_a_flush_does_not_mind(Session: SessionFactory) -> None:
    await store(Session, Author(name="a", age=1, books=[Book(title="t")]))
    async with Session() as session:
        author = await session.one(select(Author))
        author.name = "b"
        await session.commit()
        assert "books" in inspect(author).unloaded


async def test_n08_a_deferred_column_is_changed_without_being_loaded(
    Papers: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Papers.begin() as session:
        session.add_all([Paper(title=t, body=f"body {t}", summary="s") for t in "ab"])
    async with Papers() as session:
        papers = await session.all(select(Paper).order_by(Paper.id))
        (text,) = sent()[-1:]
        assert "body" not in text
        assert "summary" not in text
        papers[0].body = "new"
        sent()
        await session.commit()
        assert sent.verbs() == ["UPDATE"]
        assert papers[0].body == "new"
        assert inspect(papers[0]).unloaded == {"summary"}
        with pytest.raises(UnloadedAttributeError, match=r"undefer\(Paper\.body\)"):
            _ = papers[1].body
    found = await rows(engine, "select body, summary from n_paper order by id")
    assert [tuple(row) for row in found] == [("new", "s"), ("body b", "s")]


async def test_n08_the_columns_of_a_group_are_read_by_one_select(
    Papers: SessionFactory, sent: Sent
) -> None:
    async with Papers.begin() as session:
        session.add(Paper(title="a", body="b", summary="s"))
    async with Papers() as session:
        paper = await session.one(select(Paper))
        sent()
        await session.refresh(paper, ["body", "summary"])
        assert sent.verbs() == ["SELECT"]
        assert (paper.body, paper.summary) == ("b", "s")
        assert await session.get(Paper, paper.id) is paper
        session.clear()
        paper = await session.one(select(Paper))
        await session.refresh(paper)
        assert inspect(paper).unloaded == {"body", "summary"}


async def test_n08_what_the_error_advises_works(Papers: SessionFactory, sent: Sent) -> None:
    async with Papers.begin() as session:
        session.add(Paper(title="a", body="b", summary="s"))
    async with Papers() as session:
        paper = await session.one(select(Paper))
        sent()
        assert await session.load(paper, Paper.body) == "b"
        assert sent.verbs() == ["SELECT"]
        assert paper.body == "b"
        session.clear()
        (paper,) = await session.all(select(Paper).options(undefer(Paper.body)))
        assert paper.body == "b"
