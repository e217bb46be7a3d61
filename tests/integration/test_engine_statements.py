"""Core: statements on a connection, without a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from asyncorm import (
    DDL,
    ArgumentError,
    CreateTable,
    DropTable,
    Mapped,
    Model,
    ProgrammingError,
    column,
    delete,
    func,
    insert,
    select,
    sql,
    update,
)
from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import ConfigurationError, InvalidRequestError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Base(Model):
    pass


class Part(Base, table="core_part"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    colour: Mapped[Colour]
    price: Mapped[Decimal | None] = column(default=None)
    tags: Mapped[list[str]] = column(default_factory=list)
    details: Mapped[dict[str, object]] = column(default_factory=dict)
    made_at: Mapped[datetime] = column(server_default=func.now(), init=False)


@dataclass
class Label:
    name: str
    price: Decimal | None


ROW = {"name": "bolt", "colour": Colour.RED, "price": Decimal("1.50"), "tags": ["a"], "details": {}}


@pytest.fixture
async def connection(engine: Engine):  # type: ignore[no-untyped-def]
    await engine.create_all(Base)
    async with engine.begin() as connection:
        yield connection
    await engine.drop_all(Base)


async def test_create_all_and_drop_all_may_be_repeated(engine: Engine) -> None:
    for _ in range(2):
        await engine.create_all(Base, Part, Base.metadata, Part.__table__)
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count(Part.id))) == 0
    for _ in range(2):
        await engine.drop_all(Part)
    async with engine.connect() as connection:
        assert await connection.scalar(sql("select to_regclass('core_part')")) is None


async def test_create_all_of_something_else_is_refused(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="stands for no table"):
        await engine.create_all(Colour)
    with pytest.raises(ConfigurationError, match="no table was given"):
        await engine.create_all()


async def test_a_mapped_class_yields_its_columns(connection: Connection) -> None:
    inserted = await connection.execute(insert(Part).values(ROW))
    assert inserted.rowcount == 1
    assert inserted.all() == []
    row = (await connection.execute(select(Part))).one()
    assert row.name == "bolt"
    assert row.colour is Colour.RED
    assert row.price == Decimal("1.50")
    assert (row.tags, row.details) == (["a"], {})
    assert row._fields == ("id", "name", "colour", "price", "tags", "details", "made_at")


async def test_one_column_comes_bare_and_several_as_named_tuples(connection: Connection) -> None:
    rows = [{**ROW, "name": name} for name in "abc"]
    assert (await connection.execute(insert(Part), rows)).rowcount == 3
    names = await connection.scalars(select(Part.name).order_by(Part.name))
    assert names.all() == ["a", "b", "c"]
    result = await connection.execute(select(Part.name, Part.colour).where(Part.name == "b"))
    assert result.keys() == ("name", "colour")
    assert result.one() == ("b", Colour.RED)


async def test_returning_gives_rows(connection: Connection) -> None:
    result = await connection.execute(insert(Part).values(ROW).returning(Part.name))
    assert (result.all(), result.rowcount) == (["bolt"], 1)


async def test_update_and_delete_count_their_rows(connection: Connection) -> None:
    await connection.execute(insert(Part), [{**ROW, "name": name} for name in "abc"])
    changed = update(Part).where(Part.name != "a").values(colour=Colour.BLUE)
    assert (await connection.execute(changed)).rowcount == 2
    gone = delete(Part).where(Part.colour == Colour.BLUE)
    assert (await connection.execute(gone)).rowcount == 2


async def test_parameters_are_for_insert_only(connection: Connection) -> None:
    with pytest.raises(InvalidRequestError, match="takes no parameters"):
        await connection.execute(select(Part), {"name": "x"})


async def test_raw_sql_gives_rows_or_counts_them(connection: Connection) -> None:
    result = await connection.execute(sql("select {} as n, {} as t", 5, "x"))
    assert (result.keys(), result.all()) == (("n", "t"), [(5, "x")])
    made = "insert into core_part (name, colour, tags, details) values ({}, 'red', '{{}}', '{{}}')"
    assert (await connection.execute(sql(made, "x"))).rowcount == 1
    assert (await connection.execute(sql("delete from core_part"))).rowcount == 1
    assert (await connection.execute(sql("create temp table t ()"))).rowcount == 0
    assert (await connection.execute(sql("select 1 where false"))).all() == []
    assert connection.used_raw_sql


async def test_statements_that_define_something_run_one_by_one(connection: Connection) -> None:
    await connection.execute(DropTable(Part, if_exists=True))
    await connection.execute(CreateTable(Part))
    await connection.execute(DDL("CREATE VIEW core_view AS SELECT name FROM core_part"))
    assert (await connection.execute(sql("select * from core_view"))).all() == []
    await connection.execute(DDL("DROP VIEW core_view"))
    await connection.command("SAVEPOINT before")
    with pytest.raises(ProgrammingError, match="multiple commands"):
        await connection.execute(DDL("SELECT 1; SELECT 2"))
    await connection.command("ROLLBACK TO SAVEPOINT before")


async def test_text_and_classes_are_no_statements(connection: Connection) -> None:
    text: Any = "select 1"
    with pytest.raises(ArgumentError, match="a str is no statement"):
        await connection.execute(text)


async def test_statements_of_our_own_need_no_reset(connection: Connection) -> None:
    await connection.execute(select(Part))
    assert not connection.used_raw_sql


async def test_rows_may_be_of_another_class(connection: Connection) -> None:
    await connection.execute(insert(Part).values(ROW))
    built = await connection.execute(select(Part.name, Part.price).into(Label))
    assert built.all() == [Label("bolt", Decimal("1.50"))]
    raw = await connection.execute(sql("select name, price from core_part").into(Label))
    assert raw.all() == [Label("bolt", Decimal("1.50"))]


async def test_a_stream_reads_in_pieces(connection: Connection) -> None:
    await connection.execute(insert(Part), [{**ROW, "name": f"{n:02}"} for n in range(10)])
    stream = await connection.stream(select(Part.name).order_by(Part.name), prefetch=4)
    assert await anext(stream) == "00"
    assert [len(rows) async for rows in stream.partitions()] == [3, 4, 2]
    stream = await connection.stream(select(Part.name, Part.colour), prefetch=3)
    assert len([row.colour async for row in stream]) == 10
