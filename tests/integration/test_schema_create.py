"""Tables, keys, enums and schemas are created and dropped, again and again, on a real server."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.schema.create import create_statements, drop_statements
from asyncorm.sql.constraints import CheckConstraint, Identity, Index, UniqueConstraint
from asyncorm.sql.table import Column, ForeignKey, NullColumn, Table
from asyncorm.types.arrays import Array
from asyncorm.types.enums import EnumType
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import BIGINT, BOOLEAN, DATE, FLOAT, INTEGER, TEXT, Numeric, String


class Mood(enum.Enum):
    GLAD = "glad"
    ODD = "it's $do$; \\' \" {}"


@pytest.fixture
async def connection(engine: Engine) -> AsyncIterator[Connection]:
    """A connection whose work is rolled back."""
    connection = await engine.acquire()
    await connection.begin()
    yield connection
    await connection.rollback()
    connection.release()


async def value(connection: Connection, sql: str, *arguments: Any) -> Any:
    [[found]] = await connection.fetch(sql, arguments)
    return found


async def run(connection: Connection, statements: Iterable[Any]) -> None:
    for statement in statements:
        await connection.command(str(statement))


def table(name: str, *columns: Any, **options: Any) -> Table:
    key: Any = Column("id", BIGINT, primary_key=True, identity=Identity())
    return Table(name, [key, *columns], **options)


def refer(source: Table, target: Table, **options: Any) -> None:
    column: Any = NullColumn(f"{target.name}_id", BIGINT, nullable=True)
    column.table = source
    source.columns[column.name] = source.by_attribute[column.name] = column
    key = ForeignKey(source, (column,), target, (target.columns["id"],), **options)
    source.foreign_keys.append(key)


def everything() -> list[Table]:
    """Two tables of a circle, one that refers to itself, and one of each kind of column."""
    mood = EnumType(Mood, schema="kinds")
    left, right, node = table("left"), table("right"), table("node", schema="tree")
    refer(left, right)
    refer(right, left, ondelete="SET NULL")
    refer(node, node, ondelete="CASCADE", deferrable=True, initially_deferred=True)
    refer(node, left)
    full: Any = table(
        'fu"ll',
        Column("email", String(50), attribute="mail"),
        NullColumn("select", INTEGER, nullable=True),
        Column("mood", mood, server_default=Mood.ODD),
        Column("moods", Array(mood), server_default=[Mood.ODD]),
        Column("data", JSONB(), server_default="{}"),
        Column("more", JSONB(), server_default={"a": "it's \\"}),
        Column("tags", Array(TEXT), server_default=["a,b", 'c"d', "\\"]),
        Column("price", Numeric(10, 2), server_default=-1),
        Column("ratio", FLOAT, server_default=float("inf")),
        Column("since", DATE, server_default="2024-02-29"),
        Column("flag", BOOLEAN, server_default=False),
        schema='Od"d schema',
        comment="it's \\ a comment",
        unique=[UniqueConstraint("mail", "select"), UniqueConstraint("mail", name='u"q')],
        checks=[CheckConstraint("email <> ''"), CheckConstraint("price < 5", name="cheap")],
        indexes=[
            Index(None, "mail", unique=True, where="flag", include=("id",)),
            Index("tags_gin", "tags", using="gin"),
        ],
    )
    refer(full, node, onupdate="CASCADE")
    return [full, node, left, right]


async def test_creating_twice_and_dropping_twice_works(connection: Connection) -> None:
    tables = everything()
    others = await foreign_keys(connection)
    for _ in range(2):
        await run(connection, create_statements(tables))
    assert await relations(connection) == {'fu"ll', "node", "left", "right"}
    assert await foreign_keys(connection) == others + 5
    for _ in range(2):
        await run(connection, drop_statements(tables))
    assert await relations(connection) == set()
    assert await value(connection, "select to_regtype('kinds.mood')") is None


async def relations(connection: Connection) -> set[str]:
    rows = await connection.fetch(
        "select relname from pg_class where relkind = 'r' and relname = any($1::text[])",
        [['fu"ll', "node", "left", "right"]],
    )
    return {row["relname"] for row in rows}


async def foreign_keys(connection: Connection) -> int:
    count: int = await value(connection, "select count(*) from pg_constraint where contype = 'f'")
    return count


async def test_columns_and_defaults_are_as_declared(connection: Connection) -> None:
    await run(connection, create_statements(everything()))
    [row] = await connection.fetch(
        'insert into "Od""d schema"."fu""ll" (email) values (\'a@b.c\') returning '
        "id, mood::text, moods::text[], data::text, more::text, tags, price, ratio, "
        'since::text, flag, "select"'
    )
    assert tuple(row) == (
        1,
        Mood.ODD.value,
        [Mood.ODD.value],
        "{}",
        '{"a": "it\'s \\\\"}',
        ["a,b", 'c"d', "\\"],
        -1,
        float("inf"),
        "2024-02-29",
        False,
        None,
    )
    comment = await value(
        connection, 'select obj_description(\'"Od""d schema"."fu""ll"\'::regclass)'
    )
    assert comment == "it's \\ a comment"


async def test_constraints_and_indexes_have_their_conventional_names(
    connection: Connection,
) -> None:
    await run(connection, create_statements(everything()))
    rows = await connection.fetch(
        "select conname from pg_constraint where conrelid = $1::text::regclass and contype <> 'n'",
        ['"Od""d schema"."fu""ll"'],
    )
    assert {row["conname"] for row in rows} == {
        'pk_fu"ll',
        'uq_fu"ll_email_select',
        'u"q',
        'ck_fu"ll_1',
        "cheap",
        'fk_fu"ll_node_id_node',
    }
    rows = await connection.fetch(
        "select indexname, indexdef from pg_indexes where tablename = 'fu\"ll'"
    )
    indexes = {row["indexname"]: row["indexdef"] for row in rows}
    assert "WHERE flag" in indexes['ix_fu"ll_email']
    assert "USING gin" in indexes["tags_gin"]


async def test_a_deferred_key_is_checked_at_the_end(connection: Connection) -> None:
    await run(connection, create_statements(everything()))
    await connection.command("insert into tree.node (id, node_id) values (1, 2)")
    await connection.command("insert into tree.node (id, node_id) values (2, 1)")
    await connection.command("set constraints all immediate")


async def test_an_enum_that_another_table_uses_is_kept(connection: Connection) -> None:
    mine, other = (
        table("mine", Column("m", EnumType(Mood))),
        table("other", Column("m", EnumType(Mood))),
    )
    await run(connection, create_statements([mine, other]))
    await run(connection, drop_statements([mine]))
    await connection.command("insert into other (m) values ('glad')")
    await run(connection, drop_statements([other]))
    assert await value(connection, "select to_regtype('mood')") is None


async def test_dropping_what_never_existed_works(connection: Connection) -> None:
    await run(connection, drop_statements(everything()))
