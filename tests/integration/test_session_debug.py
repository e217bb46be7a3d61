"""What sessions of an engine with debug=True say about forgotten connections and work."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator

import pytest

from asyncorm import UnflushedChangesWarning, create_engine, select, sessionmaker
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.support.bookshop import Author, Book


@pytest.fixture
async def Debugged(  # noqa: N802 - a factory
    database_url: str, Session: SessionFactory
) -> AsyncIterator[SessionFactory]:
    async with create_engine(database_url, debug=True) as engine:
        yield sessionmaker(engine)
        assert engine.pool.in_use == 0


def make_it_here(Session: SessionFactory) -> SessionType:
    return Session()


async def test_y7_a_dropped_session_tells_where_it_was_made(Debugged: SessionFactory) -> None:
    """O09"""
    session = make_it_here(Debugged)
    await session.all(select(Author))
    with pytest.warns(ResourceWarning, match="dropped without close") as caught:
        del session
    message = str(caught[0].message)
    assert "make_it_here" in message
    assert "test_session_debug.py" in message
    assert "asyncorm/session/session.py" not in message


async def test_y7_without_debug_it_tells_how_to_learn_that(Session: SessionFactory) -> None:
    session = make_it_here(Session)
    await session.all(select(Author))
    with pytest.warns(ResourceWarning, match=r"debug=True\) tells where"):
        del session


@pytest.mark.parametrize("work", ["new", "modified", "deleted"])
@pytest.mark.parametrize("way", ["block", "close"])
async def test_e14_closing_over_unflushed_work_warns(
    Debugged: SessionFactory, work: str, way: str
) -> None:
    async with Debugged.begin() as session:
        session.add(Author(name="a"))
    session = Debugged()
    author = await session.one(select(Author))
    match work:
        case "new":
            session.add(Author(name="b"))
        case "modified":
            author.name = "b"
        case _:
            await session.delete(author)
    with pytest.warns(UnflushedChangesWarning, match="throws away unflushed work on 1 Author"):
        if way == "close":
            await session.close()
        else:
            async with session:
                pass


async def test_e14_nothing_is_said_on_the_way_of_an_error(Debugged: SessionFactory) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Debugged() as session:
            session.add(Author(name="a"))
            raise ZeroDivisionError


async def test_e14_nothing_is_said_where_nothing_is_lost_or_on_purpose(
    Debugged: SessionFactory, Session: SessionFactory
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with Debugged() as session:
            author = Author(name="a", books=[Book(title="t")])
            session.add(author)
            await session.commit()
            author.name = "a"
        async with Debugged() as session:
            session.add(Author(name="b"))
            session.expunge_all()
        async with Debugged() as session:
            session.add(Author(name="b"))
            await session.rollback()
        async with Session() as session:  # without debug
            session.add(Author(name="b"))
