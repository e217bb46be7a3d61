"""Types of our own that are stored as ones that COPY can carry travel by COPY."""

from __future__ import annotations

from enum import Enum

import pytest

from asyncorm import (
    CheckViolation,
    CustomType,
    DataError,
    Domain,
    EnumType,
    Mapped,
    MetaData,
    Model,
    Session,
    Text,
    column,
    select,
)
from asyncorm.engine.engine import Engine
from asyncorm.flush.statements import COPY_MINIMUM, uses_copy
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class Color(Enum):
    RED = "red"
    BLUE = "it's blue"


class Name:
    def __init__(self, text: str) -> None:
        self.text = text


class NameType(CustomType[Name]):
    sql = Text

    def to_sql(self, value: Name) -> str:
        if value.text == "secret":
            raise ValueError(value.text)
        return value.text

    def from_sql(self, value: str) -> Name:
        return Name(value)


class Row(Base, table="row_by_copy"):
    id: Mapped[int] = column(primary_key=True)
    email: Mapped[str] = column(Domain("mail_address", Text, check="VALUE ~ '@'"))
    color: Mapped[Color | None] = column(EnumType(Color, native=False), default=None)
    name: Mapped[Name] = column(NameType)


def objects() -> list[Row]:
    colors = [None, *Color]
    return [
        Row(id=number, email=f"{number}@x", color=colors[number % 3], name=Name(f"\t{number}\\N"))
        for number in range(COPY_MINIMUM)
    ]


async def test_rows_are_copied(engine: Engine, tables: CreateTables) -> None:
    await tables(Row)
    given = objects()
    async with Session(engine) as session:
        session.add_all(given)
        [batch] = (await session.plan()).batches
        assert uses_copy(batch)
        await session.commit()
    async with Session(engine) as session:
        found = await session.all(select(Row).order_by(Row.id))
    assert [(r.email, r.color, r.name.text) for r in found] == [
        (r.email, r.color, r.name.text) for r in given
    ]


@pytest.mark.parametrize("size", [1, 3, COPY_MINIMUM])
async def test_what_is_refused_is_named_and_not_quoted(
    engine: Engine, tables: CreateTables, size: int
) -> None:
    await tables(Row)
    given = objects()[:size]
    given[-1].name = Name("secret")
    async with Session(engine) as session:
        session.add_all(given)
        with pytest.raises(DataError, match=r"^Row.name: .*NameType.to_sql\(\) raised") as caught:
            await session.commit()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("size", [1, 3, COPY_MINIMUM])
async def test_rules_of_domains_name_the_row(
    engine: Engine, tables: CreateTables, size: int
) -> None:
    await tables(Row)
    given = objects()[:size]
    given[-1].email = "nobody"
    async with Session(engine) as session:
        session.add_all(given)
        with pytest.raises(CheckViolation) as caught:
            await session.commit()
    assert caught.value.objects == (given[-1],)
    assert "nobody" not in str(caught.value)
