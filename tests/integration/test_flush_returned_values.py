"""What the server makes comes back to the right object, however many rows go at once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from asyncorm import Identity, Session, func, select
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.library import Author, Node, Sum, Token
from tests.support.rows import rows, run

COUNT = 1500


def shuffled(count: int = COUNT) -> list[int]:
    return random.sample(range(count), count)


async def test_identity_keys_come_back_to_their_objects(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author)
    async with Session(engine) as session:
        authors = [Author(name=f"n{number}", age=number) for number in shuffled()]
        session.add_all(authors)
        await session.commit()
        in_memory = {(author.id, author.name, author.age) for author in authors}
        assert all(author.created_at is not None for author in authors)
    assert set(await rows(engine, "select id, name, age from author")) == in_memory


async def test_keys_in_no_order_come_back_to_their_objects(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Token)
    async with Session(engine) as session:
        tokens = [Token(text=str(number)) for number in shuffled()]
        session.add_all(tokens)
        await session.commit()
        in_memory = {(token.id, token.text) for token in tokens}
        assert await session.get(Token, tokens[7].id) is tokens[7]
    assert set(await rows(engine, "select id, text from token")) == in_memory


async def test_keys_that_descend_come_back_to_their_objects(
    engine: Engine, tables: CreateTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tables(Author)
    await run(engine, "alter table author alter id set increment -1 set no minvalue restart 10")
    monkeypatch.setattr(Author.__table__.columns["id"], "identity", Identity(increment=-1))
    async with Session(engine) as session:
        authors = [Author(name=str(number)) for number in shuffled(50)]
        session.add_all(authors)
        await session.commit()
        in_memory = {(author.id, author.name) for author in authors}
    assert set(await rows(engine, "select id, name from author")) == in_memory


async def test_given_and_made_keys_may_be_mixed(engine: Engine, tables: CreateTables) -> None:
    await tables(Node)
    async with Session(engine) as session:
        nodes: list[Any] = [
            Node(name=str(n)) if n % 3 else Node(id=100_000 + n, name=str(n)) for n in shuffled(300)
        ]
        session.add_all(nodes)
        await session.commit()
        in_memory = {(node.id, node.name, node.made_at) for node in nodes}
    assert set(await rows(engine, "select id, name, made_at from node")) == in_memory


async def test_a_server_default_may_differ_from_row_to_row(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Node)
    await run(engine, "alter table node alter made_at set default clock_timestamp()")
    async with Session(engine) as session:
        nodes = [Node(id=number, name=str(number)) for number in shuffled()]
        session.add_all(nodes)
        await session.commit()
        in_memory = {(node.id, node.made_at) for node in nodes}
    assert set(await rows(engine, "select id, made_at from node")) == in_memory


async def test_computed_values_come_back_after_insert_and_update(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Sum)
    async with Session(engine) as session:
        sums = [Sum(a=number, b=1) for number in shuffled()]
        session.add_all(sums)
        await session.flush()
        assert all(row.total == row.a + 1 for row in sums)
        for row in random.sample(sums, len(sums)):
            row.b = random.randrange(1000)
        await session.flush()
        assert all(row.total == row.a + row.b for row in sums)
        sums[0].a = 10_000
        await session.commit()
        assert sums[0].total == sums[0].b + 10_000


async def test_computed_values_come_back_whatever_order_the_server_updates_in(
    engine: Engine, tables: CreateTables
) -> None:
    """The rows lie in the table in no order of their keys, and it is read from end to end."""
    await tables(Sum)
    await run(
        engine,
        "insert into sum (id, a, b) select n, n, 0 from generate_series(1, 20000) n "
        "order by random()",
        "analyze sum",
    )
    async with Session(engine) as session:
        sums = await session.all(select(Sum).where(Sum.id <= 100))
        for how in (session.flush, session.commit):
            for row in sums:
                row.b += 1
            await how()
            assert all(row.total == row.a + row.b for row in sums)


async def test_computed_values_come_back_from_a_commit_of_one_statement(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Sum)
    async with Session(engine) as session:
        sums = [Sum(a=number, b=1) for number in shuffled(400)]
        session.add_all(sums)
        await session.commit()
        assert all(row.total == row.a + 1 for row in sums)
        for row in sums:
            row.b = random.randrange(1000)
        await session.commit()
        assert all(row.total == row.a + row.b for row in sums)


# ----------------------------------------------------------------------- expressions: A23, D18


async def test_expressions_are_computed_by_the_server_on_insert(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author)
    async with Session(engine) as session:
        author, plain = Author(name="a"), Author(name="b", age=2)
        author.name = func.upper("made")
        author.age = select(func.count()).select_from(Author).scalar_subquery() + 40
        session.add_all([author, plain])
        await session.commit()
        assert (author.name, author.id is not None, author.created_at is not None) == (
            "MADE",
            True,
            True,
        )
        assert author.age in (40, 41)
        assert not session.is_modified(author)


async def test_expressions_are_computed_by_the_server_on_update(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author)
    async with Session(engine) as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        await run(engine, "update author set age = 100")
        author.age = Author.age + 1
        author.name = "b"
        await session.commit()
        assert (author.age, author.name) == (101, "b")
        assert len(await session.plan()) == 0
    assert await rows(engine, "select age, name from author") == [(101, "b")]


# ------------------------------------------------------------------- None is not unset: A22, D19


async def test_none_is_written_and_not_replaced_by_the_default(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Node)
    await run(engine, "alter table node alter made_at drop not null")
    async with Session(engine) as session:
        unset, none = Node(), Node()
        none.made_at = None  # type: ignore[assignment]
        session.add_all([unset, none])
        await session.commit()
        assert unset.made_at is not None
        assert none.made_at is None
    found = await rows(engine, "select id, made_at is null from node")
    assert dict(found) == {unset.id: False, none.id: True}
