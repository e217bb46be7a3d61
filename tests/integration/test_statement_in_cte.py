"""A SELECT whose CTE writes belongs to the transaction like any other write."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import UnloadedAttributeError, insert, select, update
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book
from tests.support.rows import rows


async def test_what_a_cte_writes_is_rolled_back_with_the_transaction(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    written = insert(Author).values(name="a").returning(Author.id, Author.name).cte("written")
    statement = select(written.c.name)
    async with Session() as session:
        sent()
        assert await session.all(statement) == ["a"]
        assert sent.verbs() == ["BEGIN", "WITH"]
        await session.rollback()
        assert await rows(engine, "select 1 from author") == []
        assert [name async for name in await session.stream(statement)] == ["a"]
        changed = update(Author).values(age=5).returning(Author.age).cte()
        assert await session.all(select(changed.c.age)) == [5]
        await session.commit()
    assert await rows(engine, "select name, age from author") == [("a", 5)]


@pytest.mark.parametrize("kind", ["select", "insert"])
async def test_objects_of_rows_that_a_cte_has_changed_are_expired(
    Session: SessionFactory, kind: str
) -> None:
    changed = update(Author).values(age=Author.age + 1).where(Author.name == "a").cte()
    statement: Any = select(Author.name) if kind == "select" else insert(Book).values(title="x")
    async with Session() as session:
        author, book = Author(name="a", age=1), Book(title="b")
        session.add_all([author, book])
        await session.commit()
        unsynchronized = statement.add_cte(changed).execution_options(synchronize_session=False)
        await session.execute(unsynchronized)
        assert author.age == 1
        await session.execute(statement.add_cte(changed))
        with pytest.raises(UnloadedAttributeError):
            _ = author.age
        assert book.title == "b"
        await session.refresh(author)
        assert author.age == 3


async def test_new_rows_of_a_cte_expire_nothing(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        await session.execute(select(Author.id).add_cte(insert(Author).values(name="b").cte()))
        assert author.age == 1
        upsert = (
            insert(Author)
            .values(name="a")
            .on_conflict_do_update(index_elements=["name"], set_={"age": 7})
        )
        await session.execute(select(Author.id).add_cte(upsert.cte()))
        await session.refresh(author)
        assert author.age == 7
