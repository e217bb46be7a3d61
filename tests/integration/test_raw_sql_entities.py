"""Raw SQL gives entities whose documents are what a select of them gives."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from asyncorm import JSONB, Mapped, MetaData, Model, Session, column, inspect, select, sql
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Own(Model):
    metadata = MetaData()


class Settings(BaseModel):
    theme: str = "light"


class Account(Own, table="account"):
    id: Mapped[int] = column(primary_key=True, init=False)
    settings: Mapped[Settings | None] = column(default=None)
    data: Mapped[dict[str, Any]] = column(default_factory=dict)
    note: Mapped[Any] = column(JSONB, default=0)


async def test_documents_are_read(tables: CreateTables, engine: Engine) -> None:
    await tables(Account)
    async with Session(engine) as session:
        session.add_all([Account(settings=Settings(theme="dark"), data={"a": [1]}), Account()])
        await session.commit()
    for statement in (sql("select * from account"), sql("select {} from account", Account)):
        async with Session(engine) as session:
            first, second = await session.all(statement.into(Account))
            assert first.settings == Settings(theme="dark")
            assert first.data == {"a": [1]}
            assert second.settings is None
            assert second.data == {}


async def test_documents_that_are_strings_are_no_text_of_documents(
    tables: CreateTables, engine: Engine
) -> None:
    await tables(Account)
    notes = ["12", "null", "plain", '{"a": 1}', 12, [1], True]
    async with Session(engine) as session:
        session.add_all([Account(note=note) for note in notes])
        await session.commit()
    for statement in (
        sql("select * from account order by id").into(Account),
        sql("select {} from account order by id", Account).into(Account),
        select(Account).order_by(Account.id),
    ):
        async with Session(engine) as session:
            assert [account.note for account in await session.all(statement)] == notes


async def test_many_rows_are_read_whatever_the_order_of_their_columns(
    tables: CreateTables, engine: Engine
) -> None:
    """Some come as they are, some without columns that are not the entity's, some converted."""
    await tables(Account)
    async with Session(engine) as session:
        session.add_all(
            Account(settings=Settings(theme=f"theme {n}") if n % 3 else None, data={"n": n}, note=n)
            for n in range(400)
        )
        await session.commit()
        expected = {a.id: a.model_dump() for a in await session.all(select(Account))}
    for text in (
        sql("select id, settings, data, note from account"),
        sql("select 1 as one, note, data, settings, 2 as two, id from account"),
    ):
        async with Session(engine) as session:
            found = await session.all(text.into(Account))
            assert {account.id: account.model_dump() for account in found} == expected
    async with Session(engine) as session:
        found = await session.all(sql("select 1 as one, id, 2 as two from account").into(Account))
        assert {account.id for account in found} == set(expected)
        assert inspect(found[0]).unloaded == {"settings", "data", "note"}
        whole = await session.all(sql("select * from account").into(Account))
        assert set(whole) == set(found)
        assert {account.id: account.model_dump() for account in found} == expected
