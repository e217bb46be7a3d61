"""Names and texts of declarations that would end a quote (#5, #22): they arrive as they are."""

from __future__ import annotations

import enum
import types
from typing import TYPE_CHECKING, Any

import pglast
import pytest

from asyncorm import (
    AsyncORMError,
    CreateTable,
    Index,
    Mapped,
    MetaData,
    Model,
    Session,
    UniqueConstraint,
    column,
    delete,
    ident,
    insert,
    select,
    sql,
    update,
)

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

EVIL = ["a'b", 'a"b', "a;b--", "/*a*/", "a\\b", "$1", "{}", "%s", "a\nb", "a.b", "$do$", "$$", "É"]


def declared(name: str) -> Any:
    """A model whose every name and text is that one."""
    labels = enum.Enum("Labels", {"FIRST": name, "SECOND": "x"})

    def body(namespace: dict[str, Any]) -> None:
        namespace.update(
            __module__=__name__,
            metadata=MetaData(),
            __annotations__={"id": Mapped[int], "text": Mapped[str], "kind": Mapped[labels]},
            id=column(primary_key=True, init=False, name=f"{name}id"),
            text=column(name=name, server_default=name),
            kind=column(name=f"{name}kind", default=labels(name)),
            __table_args__=(
                UniqueConstraint("text", name=f"{name}u"),
                Index(f"{name}i", "text"),
            ),
        )

    arguments = {"table": name, "schema": f"{name}s"}
    model = types.new_class("Evil", (Model,), arguments, body)
    model.__table__.comment = name
    return model


@pytest.mark.parametrize("name", EVIL, ids=ascii)
async def test_a_name_that_ends_quotes_is_a_name(engine: Engine, name: str) -> None:
    model = declared(name)
    assert len(pglast.parse_sql(str(CreateTable(model)))) == 1
    await engine.create_all(model)
    try:
        async with Session(engine) as session:
            one = model(text=name)
            session.add(one)
            await session.flush()
            one.text = f"{name}{name}"
            await session.commit()
            for statement in (
                select(model).where(model.text == f"{name}{name}").order_by(model.text),
                insert(model).values(text="x", kind=type(one.kind)(name)).returning(model.text),
                update(model).values(text="y").where(model.text == "x").returning(model.id),
                delete(model).where(model.text == "y").returning(model),
                sql(
                    "select {} from {} where {} = {}", model, model.__table__, model.text, name * 2
                ),
            ):
                assert len(await session.all(statement)) == 1
                assert len(pglast.parse_sql(str(statement))) == 1
            found = await session.one(
                sql(
                    "select obj_description(c.oid) from pg_class c join pg_namespace n "
                    "on n.oid = relnamespace where relname = {} and nspname = {}",
                    name,
                    f"{name}s",
                )
            )
            assert found == name
            await session.commit()
    finally:
        await engine.drop_all(model)
        async with engine.begin() as connection:
            await connection.execute(sql("drop schema {}", ident(f"{name}s")))


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64], ids=ascii)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(AsyncORMError):
        CreateTable(declared(name))
