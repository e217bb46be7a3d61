"""EXCLUDE constraints: declared, created, and told of when they are broken."""

from __future__ import annotations

from datetime import date

import pytest

from asyncorm import (
    CreateTable,
    ExcludeConstraint,
    Mapped,
    MetaData,
    Model,
    Range,
    Session,
    column,
    generated,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.errors import ConfigurationError, ExclusionViolation
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
