"""Raw SQL gives entities whose documents are what a select of them gives."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from asyncorm import JSONB, Mapped, MetaData, Model, Session, column, select, sql
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
