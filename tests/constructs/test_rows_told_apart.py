"""DISTINCT, set operations and their order go by the types themselves, not by their texts."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from asyncorm import (
    JSON,
    JSONB,
    CIText,
    Mapped,
    MetaData,
    Model,
    NamedType,
    Session,
    column,
    func,
    intersect,
    select,
    sql,
    union,
    union_all,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Apart(Model):
    metadata = MetaData()


class Size(enum.Enum):
    SMALL = "s"
    MIDDLE = "m"
    LARGE = "l"


class Shirt(Apart, table="shirt"):
    id: Mapped[int] = column(primary_key=True)
    size: Mapped[Size]
    lsn: Mapped[str] = column(NamedType("pg_lsn"))
    number: Mapped[Any] = column(JSONB)
    note: Mapped[Any] = column(JSON)


class Word(Apart, table="word"):
    id: Mapped[int] = column(primary_key=True)
    text: Mapped[str] = column(CIText)


@pytest.fixture(autouse=True)
async def shirts(engine: Engine, tables: CreateTables) -> None:
    await tables(Shirt)
    async with Session(engine) as session:
        for number, (size, lsn) in enumerate(zip([*Size, *Size], ["0/9", "0/10"] * 3, strict=True)):
            session.add(Shirt(id=number, size=size, lsn=lsn, number=number % 2, note={}))
        await session.commit()
        # as text two of one value: of jsonb 1.0 is 1
        await session.execute(sql("update shirt set number = '1.0' where id = 1"))
        await session.commit()


async def test_distinct_rows_are_ordered_as_the_type_is(engine: Engine) -> None:
    async with Session(engine) as session:
        assert await session.all(select(Shirt.size).distinct().order_by(Shirt.size)) == [*Size]
        down = select(Shirt.size.label("it")).distinct().order_by(Shirt.size.desc()).limit(2)
        assert await session.all(down) == [Size.LARGE, Size.MIDDLE]
        assert await session.all(down.offset(1)) == [Size.MIDDLE, Size.SMALL]
        pairs = select(Shirt.size, Shirt.lsn, func.upper("x")).distinct()
        found = await session.all(pairs.order_by(Shirt.lsn, Shirt.size).where(Shirt.id < 4))
        assert [(size, lsn) for size, lsn, _ in found] == [
            (Size.SMALL, "0/9"),
            (Size.LARGE, "0/9"),
            (Size.SMALL, "0/10"),
            (Size.MIDDLE, "0/10"),
        ]
        assert len(await session.all(select(Shirt.number).distinct())) == 2


async def test_entities_are_distinct_and_of_types_without_equality(engine: Engine) -> None:
    async with Session(engine) as session:
        found = await session.all(select(Shirt).distinct().order_by(Shirt.size, Shirt.id))
        assert [shirt.id for shirt in found] == [0, 3, 1, 4, 2, 5]
        assert found[0].note == {}
        assert await session.all(select(Shirt.note).distinct()) == [{}]
        stream = await session.stream(select(Shirt.size).distinct().order_by(Shirt.size))
        assert [size async for size in stream] == [*Size]


async def test_set_operations(engine: Engine) -> None:
    first, second = select(Shirt.size).where(Shirt.id < 2), select(Shirt.size).where(Shirt.id > 0)
    async with Session(engine) as session:
        assert await session.all(union(first, second).order_by(Shirt.size)) == [*Size]
        assert await session.all(intersect(first, second).order_by(Shirt.size.desc())) == [
            Size.MIDDLE,
            Size.SMALL,
        ]
        both = union_all(first, second)
        assert "told_apart" not in str(both)
        assert sorted(size.value for size in await session.all(both)) == list("llmmmss")
        every = await session.all(both.order_by(Shirt.size).limit(3))
        assert every == [Size.SMALL, Size.SMALL, Size.MIDDLE]
        nested = union_all(union(first, second), select(Shirt.size).distinct())
        assert len(await session.all(nested)) == 6
        numbers = union(select(Shirt.number), select(Shirt.number))
        assert len(await session.all(numbers)) == 2
        whole = union(select(Shirt).where(Shirt.id < 2), select(Shirt).where(Shirt.id > 3))
        assert {shirt.id for shirt in await session.all(whole)} == {0, 1, 4, 5}


async def test_nothing_is_put_around_what_needs_no_cast() -> None:
    assert "told_apart" not in str(select(Shirt.id).distinct())
    assert "told_apart" not in str(union(select(Shirt.id), select(Shirt.id)))
    assert "told_apart" not in str(select(Shirt.size).order_by(Shirt.size))


async def test_citext_knows_no_case(engine: Engine, tables: CreateTables) -> None:
    async with engine.connect() as connection:
        found = await connection.fetch("select name from pg_available_extensions")
    if "citext" not in {record[0] for record in found}:
        pytest.skip("the server has not the extension citext")
    await tables(Word)
    async with Session(engine) as session:
        session.add_all([Word(id=1, text="a"), Word(id=2, text="A"), Word(id=3, text="b")])
        await session.flush()
        found = await session.all(select(Word.text).distinct().order_by(Word.text))
        assert [word.lower() for word in found] == ["a", "b"]
        assert len(await session.all(union(select(Word.text), select(Word.text)))) == 2
