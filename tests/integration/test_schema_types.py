"""create_all makes the types and extensions that tables need, and drop_all the types."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, NamedTuple

import pglast
import pytest

from asyncorm import (
    Array,
    CheckViolation,
    Composite,
    ConfigurationError,
    DatabaseError,
    Domain,
    EnumType,
    HStore,
    Index,
    Integer,
    Mapped,
    MetaData,
    Model,
    NotNullViolation,
    Session,
    Text,
    Vector,
    column,
)
from asyncorm.engine.engine import Engine
from asyncorm.schema.create import create_statements, drop_statements
from asyncorm.schema.ddl import CreateExtension
from tests.conftest import CreateTables
from tests.support.rows import rows, run


class Base(Model):
    metadata = MetaData()


class Mood(Enum):
    GOOD = "good"
    BAD = "it's bad"


POSITIVE = Domain("positive", Integer, check="VALUE > 0")
LARGE = Domain("large", POSITIVE, check="VALUE > 10", not_null=True, default=11)


class Inner(NamedTuple):
    mood: Mood
    names: list[str]


@dataclass
class Outer:
    inner: Annotated[Inner | None, Composite(Inner)]
    number: int = 0


class Holder(Base, table="holder"):
    """What depends on what: domains of domains, composites with enums."""

    id: Mapped[int] = column(primary_key=True)
    outers: Mapped[list[Outer]] = column(Array(Composite(Outer, schema="kept apart")))
    large: Mapped[int] = column(LARGE)
    word: Mapped[Mood] = column(EnumType(Mood, native=False))
    words: Mapped[list[Mood | None]] = column(Array(EnumType(Mood, native=False)))


@pytest.fixture
async def holder(engine: Engine, tables: CreateTables) -> AsyncIterator[None]:
    await tables(Holder)
    yield
    await engine.drop_all(Holder)
    await run(engine, 'drop schema "kept apart"')


TYPES = (
    "select typname from pg_type where typname in ('positive', 'large', 'outer', 'inner', 'mood') "
    "order by 1"
)


def holding(number: int, **given: object) -> Holder:
    values: dict[str, object] = {
        "outers": [Outer(Inner(Mood.BAD, ["a"])), Outer(None, number)],
        "large": 11 + number,
        "word": Mood.BAD,
        "words": [Mood.GOOD, None],
    }
    return Holder.model_construct(id=number, **{**values, **given})


async def test_types_are_created_in_order_and_dropped(engine: Engine) -> None:
    assert await rows(engine, TYPES) == []
    await engine.create_all(Holder)
    await engine.create_all(Holder)
    found = [name for (name,) in await rows(engine, TYPES)]
    assert found == ["inner", "large", "mood", "outer", "positive"]
    await engine.drop_all(Holder)
    await engine.drop_all(Holder)
    assert await rows(engine, TYPES) == []
    await run(engine, 'drop schema "kept apart"')


@pytest.mark.usefixtures("holder")
async def test_rules_of_domains_and_checked_enums_hold(engine: Engine) -> None:
    async with Session(engine) as session:
        session.add_all([holding(number) for number in range(3)])
        await session.commit()
        found = await session.get_one(Holder, 2)
        assert found.outers == [Outer(Inner(Mood.BAD, ["a"])), Outer(None, 2)]
    for wrong in ({"large": 10}, {"large": -1}):
        async with Session(engine) as session:
            session.add(holding(7, **wrong))
            with pytest.raises(CheckViolation) as caught:
                await session.commit()
            assert caught.value.objects
    for command in (
        "update holder set word = 'unknown'",
        "update holder set words = '{unknown}'",
    ):
        with pytest.raises(CheckViolation):
            await run(engine, command)
    with pytest.raises(NotNullViolation):
        await run(engine, "update holder set large = null")
    await run(engine, "update holder set large = default where id = 1")
    assert await rows(engine, "select large from holder where id = 1") == [(11,)]


def test_every_statement_of_the_schema_parses() -> None:
    for statement in [*create_statements([Holder.__table__]), *drop_statements([Holder.__table__])]:
        assert pglast.parse_sql(str(statement))


def test_extensions_are_made_before_types_and_tables() -> None:
    class Shelf(Model, table="shelf"):
        metadata = MetaData()
        id: Mapped[int] = column(primary_key=True)
        pairs: Mapped[dict[str, str | None]] = column(HStore)
        place: Mapped[list[float]] = column(Vector(3))
        name: Mapped[str]
        __table_args__ = (
            Index("ix_name", "name", using="gin", ops={"name": "gin_trgm_ops"}),
            Index(
                "ix_place",
                "place",
                using="hnsw",
                ops={"place": "vector_cosine_ops"},
                with_={"m": 16, "ef_construction": 64},
            ),
        )

    texts = [str(statement) for statement in create_statements([Shelf.__table__])]
    assert texts[:3] == [
        'CREATE EXTENSION IF NOT EXISTS "hstore"',
        'CREATE EXTENSION IF NOT EXISTS "vector"',
        'CREATE EXTENSION IF NOT EXISTS "pg_trgm"',
    ]
    assert texts[-1] == (
        'CREATE INDEX IF NOT EXISTS "ix_place" ON "shelf" USING "hnsw" '
        '("place" "vector_cosine_ops") WITH ("m" = 16, "ef_construction" = 64)'
    )
    assert all(pglast.parse_sql(text) for text in texts)


async def test_an_extension_that_the_server_has_not_is_named(engine: Engine) -> None:
    with pytest.raises(DatabaseError) as caught:
        await engine._run_all([CreateExtension("no_such_extension")])
    assert "install the files of the extension no_such_extension" in str(caught.value)


def test_a_type_can_not_have_the_name_of_a_table() -> None:
    class Shelf(NamedTuple):
        width: int

    class Board(Model, table="shelf"):
        metadata = MetaData()
        id: Mapped[int] = column(primary_key=True)
        shelf: Mapped[Shelf] = column(Composite(Shelf))

    with pytest.raises(ConfigurationError, match="are both named 'shelf'"):
        create_statements([Board.__table__])


def test_two_domains_of_one_name_are_refused() -> None:
    class Twice(Model, table="twice"):
        metadata = MetaData()
        id: Mapped[int] = column(primary_key=True)
        one: Mapped[str] = column(Domain("word", Text))
        other: Mapped[str] = column(Domain("word", Text, check="VALUE <> ''"))

    with pytest.raises(ConfigurationError, match=r'that of twice\.other\) are both named "word"'):
        create_statements([Twice.__table__])
