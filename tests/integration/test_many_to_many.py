"""Many-to-many links: rows of the link table are written and removed, in one statement each."""

from __future__ import annotations

import pytest

from asyncorm import Session, select, selectinload
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.links import Book, Linked, Tag
from tests.support.rows import rows

LINKS = """SELECT b.title, t.name FROM book_tag l JOIN book b ON b.id = l.book_id
    JOIN tag t ON t.id = l.tag_id ORDER BY 1, 2"""


@pytest.fixture(autouse=True)
async def linked(tables: CreateTables) -> None:
    await tables(Linked)


async def test_a_graph_of_new_objects_takes_one_insert_a_table(
    engine: Engine, sent: Sent
) -> None:  # G07
    async with Session(engine) as session:
        tags = [Tag(name=f"t{n}") for n in range(3)]
        session.add_all([Book(title=f"b{n}", tags=tags) for n in range(100)])
        plan = str(await session.plan())
        assert "INSERT book_tag (book_id, tag_id): 300 rows" in plan
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
    assert await rows(engine, "SELECT count(*) FROM book_tag") == [(300,)]


async def test_links_are_added_and_removed_and_the_ends_stay_untouched(
    engine: Engine, sent: Sent
) -> None:  # G07, J09
    a, b, c = Tag(name="a"), Tag(name="b"), Tag(name="c")
    async with Session(engine) as session:
        session.add_all([Book(title="x", tags=[a, b]), Book(title="y", tags=[b]), c])
        await session.commit()
    async with Session(engine) as session:
        books = await session.all(
            select(Book).options(selectinload(Book.tags)).order_by(Book.id)
        )
        c = await session.one(select(Tag).where(Tag.name == "c"))
        x, y = books
        assert [t.name for t in x.tags] == ["a", "b"]
        x.tags.remove(x.tags[0])
        x.tags.append(c)
        y.tags.append(c)
        y.tags.append(x.tags[0])
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
        x.tags.clear()
        await session.commit()
        assert sent.verbs() == ["WITH"]
        tag = y.tags[0]
        y.tags.remove(tag)
        y.tags.append(tag)
        await session.commit()
        assert sent.verbs() == []
    assert await rows(engine, LINKS) == [("y", "b"), ("y", "c")]
