"""EXCLUDE constraints: declared, created, and told of when they are broken."""

from __future__ import annotations

from datetime import date
from enum import Enum

import pytest

from asyncorm import (
    CreateTable,
    Domain,
    ExcludeConstraint,
    Index,
    Mapped,
    MetaData,
    Model,
    Range,
    Session,
    String,
    column,
    generated,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.errors import ConfigurationError, ExclusionViolation
from asyncorm.schema.create import create_statements
from tests.conftest import CreateTables


class Hotel(Model):
    metadata = MetaData()


class Stay(Hotel, table="stay"):
    id: Mapped[int] = generated(primary_key=True)
    room: Mapped[Range[int]]
    nights: Mapped[Range[date]]
    cancelled: Mapped[bool] = column(default=False)
    __table_args__ = ExcludeConstraint(
        ("room", "&&"), ("nights", "&&"), where="NOT cancelled", name="one_guest"
    )


def stay(first: int, last: int, *, cancelled: bool = False) -> Stay:
    nights = Range(date(2026, 1, first), date(2026, 1, last))
    return Stay(room=Range(7, 8), nights=nights, cancelled=cancelled)


async def test_what_overlaps_is_refused_with_its_own_error(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Hotel)
    async with Session(engine) as session:
        session.add_all([stay(1, 5), stay(5, 7), stay(2, 3, cancelled=True)])
        await session.commit()
        session.add(stay(4, 6))
        with pytest.raises(ExclusionViolation) as caught:
            await session.commit()
    assert caught.value.constraint == "one_guest"


async def test_plain_values_are_compared_as_well(engine: Engine, tables: CreateTables) -> None:
    class Base(Model):
        metadata = MetaData()

    class Kind(Enum):
        SINGLE = "single"
        DOUBLE = "double"

    class Night(Base, table="night"):
        id: Mapped[int] = generated(primary_key=True)
        house: Mapped[str] = column(Domain("house_name", String(20)))
        room: Mapped[int]
        kind: Mapped[Kind]
        nights: Mapped[Range[date]]
        __table_args__ = (
            ExcludeConstraint(("house", "="), ("room", "="), ("kind", "="), ("nights", "&&")),
            Index("ix_night_room", "room", using="gist"),
        )

    await tables(Base)
    week = Range(date(2026, 1, 5), date(2026, 1, 12))
    async with Session(engine) as session:
        for room in (1, 2):
            session.add(Night(house="Inn", room=room, kind=Kind.SINGLE, nights=week))
        await session.commit()
        session.add(Night(house="Inn", room=2, kind=Kind.SINGLE, nights=week))
        with pytest.raises(ExclusionViolation):
            await session.commit()


def test_no_extension_is_made_for_ranges_alone() -> None:
    texts = [str(statement) for statement in create_statements([Stay.__table__])]
    assert not [text for text in texts if "EXTENSION" in text]


def test_the_text() -> None:
    class Other(Model):
        metadata = MetaData()

    class Slot(Other, table="slot"):
        id: Mapped[int] = column(primary_key=True)
        low: Mapped[int]
        high: Mapped[int]
        __table_args__ = (
            ExcludeConstraint((sql("int8range(low, high)"), "&&"), initially="DEFERRED"),
        )

    assert (
        'CONSTRAINT "ex_slot_1" EXCLUDE USING "gist" ((int8range(low, high)) WITH &&)'
        " DEFERRABLE INITIALLY DEFERRED"
    ) in str(CreateTable(Slot))


@pytest.mark.parametrize(
    "constraint",
    [
        ExcludeConstraint(),
        ExcludeConstraint(("id", "&& ) ; DROP TABLE x; --")),
        ExcludeConstraint(("nope", "&&")),
        ExcludeConstraint(("id", "="), using="gist; --"),
    ],
)
def test_what_can_not_be_created_is_refused(constraint: ExcludeConstraint) -> None:
    class Other(Model):
        metadata = MetaData()

    class Slot(Other, table="slot"):
        id: Mapped[int] = column(primary_key=True)
        __table_args__ = (constraint,)

    with pytest.raises(ConfigurationError):
        CreateTable(Slot)
