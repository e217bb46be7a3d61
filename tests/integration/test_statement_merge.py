"""MERGE statements: what they have changed is forgotten, and read again when it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    InvalidRequestError,
    ObjectDeletedError,
    Session,
    UnloadedAttributeError,
    event,
    merge,
    merge_action,
    select,
)
from asyncorm.engine.engine import Engine
from asyncorm.loading.execution import Execution
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book
from tests.support.rows import rows


def renaming() -> Any:
    """Authors of books get another name, and every book without one an author of its name."""
    return (
        merge(Author)
        .using(Book, Book.author_id == Author.id)
        .when_matched()
        .update(name=Author.name + "!")
        .when_not_matched()
        .insert(name=Book.title)
    )


async def authors(session: Session) -> tuple[Author, Author]:
    """One with a book and one without; there is a book without an author, too."""
    first, second = Author(name="a", age=1), Author(name="b", age=2)
    session.add_all([first, second, Book(title="x", author=first), Book(title="y")])
    await session.commit()
    return first, second


async def test_loaded_objects_are_expired_and_a_rollback_returns_the_rows(
    Session: SessionFactory, engine: Engine
) -> None:
    async with Session() as session:
        first, second = await authors(session)
        result = await session.execute(renaming())
        assert (result.rowcount, result.all()) == (2, [])
        for author in (first, second):
            with pytest.raises(UnloadedAttributeError):
                _ = author.name
            await session.refresh(author)
        assert (first.name, second.name) == ("a!", "b")
        assert not session.dirty
        await session.rollback()
        await session.refresh(first)
        assert first.name == "a"
    assert await rows(engine, "select name from author order by id") == [("a",), ("b",)]


async def test_returned_objects_are_as_the_statement_left_them(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        first, _ = await authors(session)
        sent()
        found = await session.all(renaming().returning(Author, merge_action()))
        assert sent.verbs() == ["BEGIN", "MERGE"]
        assert {(author.name, done) for author, done in found} == {
            ("a!", "UPDATE"),
            ("y", "INSERT"),
        }
        assert any(author is first for author, _ in found)
        assert first.name == "a!"
        await session.commit()


async def test_the_object_of_a_deleted_row_is_found_out(Session: SessionFactory) -> None:
    async with Session() as session:
        first, second = await authors(session)
        await session.execute(
            merge(Author)
            .using(Book, Book.title == Author.name)
            .when_not_matched_by_source(Author.name == "b")
            .delete()
        )
        await session.refresh(first)
        with pytest.raises(ObjectDeletedError):
            await session.refresh(second)


async def test_unflushed_changes_stay(Session: SessionFactory, engine: Engine) -> None:
    async with Session(autoflush=False) as session:
        first, _ = await authors(session)
        first.age = 50
        await session.execute(renaming())
        assert first.age == 50
        await session.commit()
    assert await rows(engine, "select name, age from author where name like 'a%'") == [("a!", 50)]


async def test_without_synchronizing_objects_stay_as_they_are(Session: SessionFactory) -> None:
    async with Session() as session:
        first, _ = await authors(session)
        await session.execute(renaming().execution_options(synchronize_session=False))
        assert first.name == "a"


async def test_what_is_pending_is_flushed_before(Session: SessionFactory, engine: Engine) -> None:
    async with Session() as session:
        session.add_all([Author(name="a"), Book(title="x")])
        await session.execute(renaming())
        await session.commit()
    assert await rows(engine, "select name from author order by 1") == [("a",), ("x",)]


async def test_a_merge_that_deletes_can_return_no_objects(Session: SessionFactory) -> None:
    statement = (
        merge(Author).using(Book, Book.author_id == Author.id).when_matched().delete()
    ).returning(Author)
    async with Session() as session:
        with pytest.raises(InvalidRequestError, match=r"merge\(Author\) deletes rows"):
            await session.execute(statement)


async def test_listeners_hear_that_it_is_a_merge(Session: SessionFactory) -> None:
    heard: list[tuple[bool, bool, bool]] = []

    def listen(_: Session, execution: Execution) -> None:
        heard.append((execution.is_merge, execution.is_select, execution.is_update))

    async with Session() as session:
        event.listen(session, "do_orm_execute", listen)
        await session.execute(renaming())
        await session.execute(select(Author))
    assert heard == [(True, False, False), (False, True, False)]


async def test_a_merge_takes_no_rows_from_outside(Session: SessionFactory) -> None:
    async with Session() as session:
        with pytest.raises(InvalidRequestError, match=r"insert\(\) and update\(\) only"):
            await session.execute(renaming(), [{"name": "x"}])
