"""Listeners of statements and of the objects they bring."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Execution,
    event,
    insert,
    inspect,
    select,
    selectinload,
    sql,
    update,
)
from asyncorm import delete as delete_from
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book


@pytest.fixture(autouse=True)
async def shop(Session: SessionFactory) -> AsyncIterator[None]:
    async with Session.begin() as session:
        session.add(Author(name="a", books=[Book(title="one"), Book(title="two")]))
        session.add(Author(name="b", age=7))
    return


def hear(target: Any, *names: str) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []

    def listen(name: str) -> None:
        event.listen(target, name, lambda session, i: heard.append((name, type(i).__name__)))

    for name in names:
        listen(name)
    return heard


async def test_each_new_object_is_told_of_once(Session: SessionFactory) -> None:
    async with Session() as session:
        heard = hear(session, "loaded_as_persistent")
        kept = await session.all(select(Author).where(Author.name == "a"))
        assert heard == [("loaded_as_persistent", "Author")]
        kept += await session.all(select(Author))
        assert heard == [("loaded_as_persistent", "Author")] * 2
        heard.clear()
        await session.load(kept, Author.books)
        assert heard == [("loaded_as_persistent", "Book")] * 2


async def test_every_way_of_loading_tells(Session: SessionFactory) -> None:
    async with Session() as session:
        ids = await session.all(select(Author.id).order_by(Author.id))
    for load in (
        lambda session: session.get(Author, ids[0]),
        lambda session: session.get_many(Author, ids[:1]),
        lambda session: session.first(select(Author).where(Author.id == ids[0])),
        lambda session: session.all(sql("select * from author where id = {}", ids[0]).into(Author)),
        lambda session: session.execute(
            update(Author).where(Author.id == ids[0]).values(age=1).returning(Author)
        ),
    ):
        async with Session() as session:
            heard = hear(session, "load", "loaded_as_persistent")
            kept = await load(session)
            assert heard == [("loaded_as_persistent", "Author"), ("load", "Author")]
            del kept


async def test_a_stream_tells_of_its_objects(Session: SessionFactory) -> None:
    async with Session() as session:
        heard = hear(session, "load")
        async for _ in await session.stream(select(Author)):
            pass
        assert heard == [("load", "Author")] * 2


async def test_refresh_and_expire_are_told_of(Session: SessionFactory) -> None:
    async with Session() as session:
        heard = hear(session, "refresh", "expire", "load")
        author = await session.one(select(Author).where(Author.name == "a"))
        heard.clear()
        session.expire(author)
        assert heard == [("expire", "Author")]
        await session.refresh(author)
        await session.refresh(author, ["age"])
        assert heard[1:] == [("refresh", "Author")] * 2


async def test_a_commit_and_a_rollback_tell_of_what_they_expire(Session: SessionFactory) -> None:
    async with Session(expire_on_commit=True) as session:
        heard = hear(session, "expire")
        author = await session.one(select(Author).where(Author.name == "a"))
        await session.commit()
        assert heard == [("expire", "Author")]
        await session.refresh(author)
        heard.clear()
        await session.rollback()
        assert heard == [("expire", "Author")]


async def test_an_async_listener_of_load_may_ask_the_database(Session: SessionFactory) -> None:
    async with Session() as session:
        counts: list[Any] = []

        @event.listens_for(session, "load")
        async def count(session: SessionType, author: Author) -> None:
            statement = sql("select count(*) from book where author_id = {}", author.id)
            counts.append(await session.scalar(statement))

        kept = await session.all(select(Author).order_by(Author.id))
        assert counts == [2, 0]
        assert len(kept) == 2


async def test_a_row_that_is_gone_is_told_of(Session: SessionFactory) -> None:
    async with Session() as session:
        heard = hear(session, "persistent_to_deleted")
        author = await session.one(select(Author).where(Author.name == "b"))
        await session.execute(delete_from(Author).where(Author.name == "b"))
        assert heard == [("persistent_to_deleted", "Author")]
        assert inspect(author).deleted
        await session.commit()


@pytest.mark.parametrize("where", ["execute", "all", "stream", "get", "get_many", "load"])
async def test_a_statement_may_be_replaced(Session: SessionFactory, where: str) -> None:
    """As a filter for all of an application's statements: also those the session makes itself."""
    async with Session() as session:
        ids = await session.all(select(Author.id).order_by(Author.id))
        owner = await session.one(select(Author).where(Author.name == "a"))

        @event.listens_for(session, "do_orm_execute")
        async def only_grown_up(session: SessionType, execution: Execution) -> None:
            if execution.is_relationship_load:
                execution.statement = execution.statement.where(Book.title == "two")
            else:
                execution.statement = execution.statement.where(Author.age > 6)

        found: Any
        if where == "execute":
            found = (await session.execute(select(Author.name))).all()
        elif where == "all":
            found = await session.all(select(Author.name))
        elif where == "stream":
            found = [name async for name in await session.stream(select(Author.name))]
        elif where == "get":
            session.expunge(owner)
            assert await session.get(Author, ids[0]) is None
            found = [(await session.get_one(Author, ids[1])).name]
        elif where == "get_many":
            session.expunge(owner)
            found = [i.name for i in await session.get_many(Author, ids) if i is not None]
        else:
            found = [book.title for book in await session.load(owner, Author.books)]
        assert found == (["two"] if where == "load" else ["b"])


async def test_an_execution_says_what_it_is(Session: SessionFactory) -> None:
    async with Session() as session:
        seen: list[str] = []

        @event.listens_for(session, "do_orm_execute")
        def look(session: SessionType, execution: Execution) -> None:
            kinds = [n for n in dir(execution) if n.startswith("is_") and getattr(execution, n)]
            seen.append(" ".join(kinds))

        author = (await session.all(select(Author).options(selectinload(Author.books))))[0]
        await session.execute(insert(Author).values(name="c"))
        await session.execute(update(Author).values(age=1))
        await session.execute(sql("select 1"))
        await session.refresh(author)
        await session.refresh(author, ["age"])
        await session.execute(delete_from(Book))
        assert seen == [
            "is_select",
            "is_relationship_load is_select",
            "is_insert",
            "is_update",
            "is_text",
            "is_column_load is_select",
            "is_relationship_load is_select",
            "is_column_load is_select",
            "is_delete",
        ]


async def test_parameters_are_given_with_the_statement(Session: SessionFactory) -> None:
    async with Session() as session:
        seen: list[Any] = []
        event.listen(session, "do_orm_execute", lambda s, execution: seen.append(execution))
        await session.execute(insert(Author), [{"name": "x"}])
        assert seen[0].parameters == [{"name": "x"}]


async def test_only_a_statement_takes_the_place_of_one(Session: SessionFactory) -> None:
    async with Session() as session:

        @event.listens_for(session, "do_orm_execute")
        def spoil(session: SessionType, execution: Execution) -> None:
            execution.statement = "select 1"

        with pytest.raises(ArgumentError, match="a str can't take the place of a statement"):
            await session.all(select(Author))


async def test_a_listener_of_statements_flushes_no_more_than_the_statement(
    Session: SessionFactory, sent: Sent
) -> None:
    """It comes before the autoflush, which its own statement does in its place."""
    async with Session() as session:
        busy: list[int] = []

        @event.listens_for(session, "do_orm_execute")
        async def nested(session: SessionType, execution: Execution) -> None:
            if not busy:
                busy.append(1)
                await session.execute(sql("select 1"))

        session.add(Author(name="z"))
        sent()
        await session.all(select(Author))
        assert [verb.upper() for verb in sent.verbs()] == ["BEGIN", "INSERT", "SELECT", "SELECT"]


async def test_nobody_listening_means_no_notes(Session: SessionFactory) -> None:
    async with Session() as session:
        await session.all(select(Author))
        assert session._unit.notices == []
