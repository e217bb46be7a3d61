"""A SELECT whose CTE writes belongs to the transaction like any other write."""

from __future__ import annotations

from asyncorm import insert, select, update
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author
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
