"""passive_updates=False: children follow a changed key by an UPDATE, not by ON UPDATE CASCADE."""

from __future__ import annotations

import pytest

from asyncorm import FlushError, Session, func
from asyncorm.engine.engine import Engine
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Base(Model):
    metadata = MetaData()


class Land(Base, table="land"):
    code: Mapped[str] = column(primary_key=True)
    towns: Related[list[Town]] = relationship(back_populates="land", passive_updates=False)
    rivers: Related[list[River]] = relationship(passive_updates=False)


class Town(Base, table="town"):
    """Its key has its land's in it."""

    land_code: Mapped[str] = foreign_key(Land.code, primary_key=True, initially="DEFERRED")
    number: Mapped[int] = column(primary_key=True)
    land: Related[Land] = relationship(back_populates="towns")


class River(Base, table="river"):
    id: Mapped[int] = generated(primary_key=True)
    land_code: Mapped[str | None] = foreign_key(Land.code)


class Branch(Base, table="branch"):
    name: Mapped[str] = column(primary_key=True)
    trunk_name: Mapped[str | None] = foreign_key("branch.name", initially="DEFERRED")
    trunk: Related[Branch | None] = relationship(back_populates="branches", remote_side="name")
    branches: Related[list[Branch]] = relationship(back_populates="trunk", passive_updates=False)


Base.metadata.configure()


@pytest.mark.parametrize("load", [True, False])
async def test_k2_k3_children_are_loaded_and_follow(
    engine: Engine, tables: CreateTables, sent: Sent, load: bool
) -> None:
    await tables(Land, Town, River)
    async with Session(engine) as session:
        session.add(Land(code="a", towns=[Town(number=1), Town(number=2)]))
        await session.commit()
    async with Session(engine) as session:
        land = await session.get_one(Land, "a")
        if load:
            await session.load(land, Land.towns)
            await session.load(land, Land.rivers)
        land.code = "b"
        sent()
        await session.flush()
        assert [v for v in sent.verbs() if v != "SELECT"] == ["BEGIN", "UPDATE", "UPDATE"]
        for town in land.towns:
            assert await session.get(Town, ("b", town.number)) is town
        await session.commit()
    assert await rows(engine, "select land_code from town") == [("b",), ("b",)]


async def test_i07_children_follow_a_key_that_the_server_computes(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Land, Town, River)
    async with Session(engine) as session:
        land = Land(code="a", towns=[Town(number=1)])
        session.add(land)
        await session.commit()
        land.code = func.upper("xyz")  # type: ignore[assignment]
        await session.commit()
        assert land.code == "XYZ"
        assert await session.get(Land, "XYZ") is land
        assert await session.get(Town, ("XYZ", 1)) is land.towns[0]


async def test_i08_a_row_that_refers_to_its_own_table_is_renamed(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Branch)
    async with Session(engine) as session:
        branch = Branch(name="m", branches=[Branch(name="a"), Branch(name="z")])
        session.add(branch)
        await session.commit()
        branch.name = "n"
        await session.flush()
        assert {b.trunk_name for b in branch.branches} == {"n"}
        await session.rollback()
        await session.refresh(branch)
        assert branch.name == "m"
        branch.name = "o"
        await session.commit()
    assert await rows(engine, "select name, trunk_name from branch order by name") == [
        ("a", "o"),
        ("o", None),
        ("z", "o"),
    ]


async def test_k2_a_key_that_is_checked_at_once_is_an_error_before_sql(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Land, Town, River)
    async with Session(engine) as session:
        land = Land(code="a", rivers=[River()])
        session.add(land)
        await session.commit()
        land.code = "b"
        with pytest.raises(FlushError, match=r"River\.land_code"):
            await session.flush()


async def test_k7_children_of_a_renamed_and_deleted_object_are_found(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Land, Town, River)
    async with Session(engine) as session:
        session.add(Land(code="a", rivers=[River()]))
        await session.commit()
    async with Session(engine) as session:
        land = await session.get_one(Land, "a")
        land.code = "b"
        await session.delete(land)
        await session.commit()
    assert await rows(engine, "select land_code from river") == [(None,)]
