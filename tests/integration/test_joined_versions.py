"""The version of a base's row counts the changes of all tables of an object."""

from __future__ import annotations

import pytest

from asyncorm import Mapped, Model, Session, StaleDataError, column, foreign_key
from asyncorm.engine.engine import Engine
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run


class Versions(Model):
    metadata = MetaData()


class Plan(Versions, table="plan"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str]
    name: Mapped[str] = column(default="")
    version: Mapped[int] = column(version=True, init=False)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "plan"}


class Trip(Plan, table="trip"):
    id: Mapped[int] = foreign_key(Plan.id, primary_key=True)
    days: Mapped[int] = column(default=1)
    other_id: Mapped[int | None] = foreign_key("trip.id")
    __mapper_args__ = {"polymorphic_identity": "trip"}


class Note(Versions, table="note"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str]
    text: Mapped[str] = column(default="")
    __mapper_args__ = {
        "version": "xmin",
        "polymorphic_on": "kind",
        "polymorphic_identity": "note",
    }


class Memo(Note, table="memo"):
    id: Mapped[int] = foreign_key(Note.id, primary_key=True)
    mark: Mapped[str] = column(default="")
    __mapper_args__ = {"polymorphic_identity": "memo"}


async def test_a_change_in_any_table_counts(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Versions)
    async with Session(engine) as session:
        session.add_all([trip := Trip(), other := Trip()])
        await session.commit()
        assert trip.version == 1
        trip.days = 2
        sent()
        await session.commit()
        assert [text.split(" SET ")[0] for text in sent() if "UPDATE" in text] == [
            'UPDATE "plan" AS t',
            'UPDATE "trip" AS t',
        ]
        assert (trip.version, other.version) == (2, 1)
        trip.days, trip.name, other.days = 3, "x", 2
        await session.commit()
        assert (trip.version, other.version) == (3, 2)
    assert await rows(
        engine, "select name, days, version from plan natural join trip order by id"
    ) == [("x", 3, 3), ("", 2, 2)]


@pytest.mark.parametrize("change", ["days", "name"])
async def test_a_version_that_somebody_else_has_made_is_noticed_in_any_table(
    engine: Engine, tables: CreateTables, change: str
) -> None:
    await tables(Versions)
    async with Session(engine) as session:
        session.add_all([trip := Trip(), Trip()])
        await session.commit()
        await run(engine, f"update plan set version = 7, name = 'theirs' where id = {trip.id}")
        if change == "days":
            trip.days = 2
        else:
            trip.name = "mine"
        with pytest.raises(StaleDataError) as caught:
            await session.commit()
        assert caught.value.objects == (trip,)
        [conflict] = caught.value.conflicts
        assert conflict.theirs is not None
        assert (conflict.theirs["name"], conflict.theirs["days"]) == ("theirs", 1)
        assert conflict.theirs["version"] == 7
        await session.rollback()
    assert await rows(engine, "select days from trip") == [(1,), (1,)]


async def test_a_delete_checks_the_version(engine: Engine, tables: CreateTables) -> None:
    await tables(Versions)
    async with Session(engine) as session:
        session.add_all([trip := Trip(), other := Trip()])
        await session.commit()
        await run(engine, f"update plan set version = 7 where id = {trip.id}")
        await session.delete(trip)
        await session.delete(other)
        with pytest.raises(StaleDataError) as caught:
            await session.commit()
        assert caught.value.objects == (trip,)
        await session.rollback()
    assert await rows(engine, "select count(*) from trip") == [(2,)]


async def test_a_version_of_the_server_is_made_anew_by_a_change_in_any_table(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Versions)
    async with Session(engine) as session:
        session.add_all([memo := Memo(), other := Memo()])
        await session.commit()
        before = memo.xmin  # type: ignore[attr-defined]
        memo.mark = "a"
        await session.commit()
        assert memo.xmin != before  # type: ignore[attr-defined]
        memo.mark, other.mark = "b", "c"
        await session.commit()
        await run(engine, f"update note set text = 'theirs' where id = {memo.id}")
        memo.mark = "d"
        with pytest.raises(StaleDataError):
            await session.commit()
        await session.rollback()
    assert await rows(engine, "select mark from memo order by id") == [("b",), ("c",)]
