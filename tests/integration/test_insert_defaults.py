"""insert() gives the columns that no value was given for the defaults of the model."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from asyncorm import Mapped, MetaData, Model, Session, column, insert
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class Token(Base, table="defaulted_token"):
    id: Mapped[int] = column(primary_key=True, init=False)
    value: Mapped[UUID] = column(default_factory=uuid4)
    active: Mapped[bool] = column(default=True)
    data: Mapped[dict[str, Any]] = column(default_factory=dict)
    note: Mapped[str | None] = column(default=None)


async def test_every_row_gets_a_default_of_its_own(engine: Engine, tables: CreateTables) -> None:
    await tables(Token)
    rows: list[dict[str, Any]] = [{"note": "a"}, {"active": False}]
    async with Session(engine) as session:
        first, second = await session.all(insert(Token).values(rows).returning(Token))
    assert (first.note, first.active, first.data) == ("a", True, {})
    assert (second.note, second.active, second.data) == (None, False, {})
    assert first.value != second.value
