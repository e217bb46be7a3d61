"""passive_deletes: which children are left to the server when their parent is deleted."""

from __future__ import annotations

import pytest

from asyncorm import (
    ConfigurationError,
    ForeignKeyViolation,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    foreign_key,
    inspect,
    relationship,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class Parent(Own, table="passive_parent"):
    id: Mapped[int] = column(primary_key=True)
    nulled: Related[list[Nulled]] = relationship(passive_deletes=True)
    owned: Related[list[Owned]] = relationship(passive_deletes=True, cascade="all, delete-orphan")
    eager: Related[list[Eager]] = relationship(passive_deletes=False, cascade="all")


class Nulled(Own, table="passive_nulled"):
    """The server does nothing about it."""

    id: Mapped[int] = column(primary_key=True)
    parent_id: Mapped[int | None] = foreign_key(Parent.id)


class Owned(Own, table="passive_owned"):
    id: Mapped[int] = column(primary_key=True)
    parent_id: Mapped[int] = foreign_key(Parent.id, ondelete="CASCADE")


class Eager(Own, table="passive_eager"):
    id: Mapped[int] = column(primary_key=True)
    parent_id: Mapped[int] = foreign_key(Parent.id, ondelete="CASCADE")


class Town(Own, table="passive_town"):
    id: Mapped[int] = column(primary_key=True)
    streets: Related[list[Street]] = relationship(passive_deletes="all")


class Street(Own, table="passive_street"):
    id: Mapped[int] = column(primary_key=True)
    town_id: Mapped[int | None] = foreign_key(Town.id)


class Firm(Own, table="passive_firm"):
    """The server would do a part of what its cascade says."""

    id: Mapped[int] = column(primary_key=True)
    desks: Related[list[Desk]] = relationship(cascade="all")
    rooms: Related[list[Room]] = relationship(cascade="all")
    signs: Related[list[Sign]] = relationship()


class Desk(Own, table="passive_desk"):
    id: Mapped[int] = column(primary_key=True)
    firm_id: Mapped[int | None] = foreign_key(Firm.id, ondelete="SET NULL")


class Sign(Own, table="passive_sign"):
    id: Mapped[int] = column(primary_key=True)
    firm_id: Mapped[int | None] = foreign_key(Firm.id, ondelete="SET NULL")


class Room(Own, table="passive_room"):
    id: Mapped[int] = column(primary_key=True)
    firm_id: Mapped[int] = foreign_key(Firm.id, ondelete="CASCADE")
    lamps: Related[list[Lamp]] = relationship(cascade="all")


class Lamp(Own, table="passive_lamp"):
    id: Mapped[int] = column(primary_key=True)
    room_id: Mapped[int] = foreign_key(Room.id)


async def stored(engine: Engine) -> None:
    async with Session(engine) as session:
        session.add(
            Parent(
                id=1,
                nulled=[Nulled(id=1), Nulled(id=2)],
                owned=[Owned(id=1), Owned(id=2)],
                eager=[Eager(id=1)],
            )
        )
        session.add(Town(id=1, streets=[Street(id=1)]))
        await session.commit()


async def test_unloaded_children_are_not_touched(  # C5, H12
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Parent, Nulled, Owned, Eager, Town, Street)
    await stored(engine)
    async with Session(engine) as session:
        parent = await session.get_one(Parent, 1)
        sent()
        await session.delete(parent)
        assert sent.verbs() == ["SELECT"]  # those of Parent.eager, which is not passive
        with pytest.raises(ForeignKeyViolation, match="passive_nulled"):
            await session.flush()
    assert len(await rows(engine, "select 1 from passive_nulled where parent_id = 1")) == 2


async def test_loaded_children_are_nulled_or_deleted(  # C5, H12
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Parent, Nulled, Owned, Eager, Town, Street)
    await stored(engine)
    async with Session(engine) as session:
        parent = await session.get_one(
            Parent, 1, options=[selectinload(Parent.nulled), selectinload(Parent.owned)]
        )
        sent()
        await session.delete(parent)
        await session.commit()
        statements = sent()
        assert [text.split()[0] for text in statements] == [
            "SELECT", "BEGIN", "UPDATE", "DELETE", "DELETE", "DELETE", "COMMIT",
        ]  # fmt: skip
        assert parent.nulled[0].parent_id is None
        assert inspect(parent.owned[0]).was_deleted
    assert await rows(engine, "select id, parent_id from passive_nulled") == [(1, None), (2, None)]
    assert await rows(engine, "select 1 from passive_owned") == []


async def test_unloaded_owned_children_are_deleted_by_the_server(  # C5
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Parent, Nulled, Owned, Eager, Town, Street)
    await stored(engine)
    async with Session(engine) as session:
        parent = await session.get_one(Parent, 1, options=[selectinload(Parent.nulled)])
        sent()
        await session.delete(parent)
        await session.flush()
        assert sent.verbs() == ["SELECT", "BEGIN", "UPDATE", "DELETE", "DELETE"]
        await session.commit()
    assert (
        await rows(engine, "select 1 from passive_owned union all select 1 from passive_eager")
        == []
    )


async def test_what_the_server_does_a_part_of_only_is_not_left_to_it(  # C4, C5
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Firm, Desk, Sign, Room, Lamp)
    async with Session(engine) as session:
        rooms = [Room(id=1, lamps=[Lamp(id=1)])]
        session.add(Firm(id=1, desks=[Desk(id=1)], rooms=rooms, signs=[Sign(id=1)]))
        await session.commit()
    async with Session(engine) as session:
        firm = await session.get_one(Firm, 1)
        sent()
        await session.delete(firm)
        assert [text.split("FROM ")[1].split('"')[1] for text in sent()] == [
            "passive_desk", "passive_room", "passive_lamp",
        ]  # fmt: skip
        await session.commit()
    for table in ("passive_desk", "passive_room", "passive_lamp"):
        assert await rows(engine, f"select 1 from {table}") == []
    assert await rows(engine, "select firm_id from passive_sign") == [(None,)]


@pytest.mark.parametrize("load", [True, False])
async def test_all_leaves_loaded_children_alone_too(  # C5, H12
    engine: Engine, tables: CreateTables, sent: Sent, load: bool
) -> None:
    await tables(Parent, Nulled, Owned, Eager, Town, Street)
    await stored(engine)
    async with Session(engine) as session:
        options = [selectinload(Town.streets)] if load else []
        town = await session.get_one(Town, 1, options=options)
        sent()
        await session.delete(town)
        with pytest.raises(ForeignKeyViolation):
            await session.flush()
        assert sent.verbs() == ["BEGIN", "DELETE", "ROLLBACK"]
        await session.rollback()
        await session.refresh(town)
        await session.load(town, Town.streets)
        street = town.streets.pop()
        sent()
        await session.commit()  # nor is what was taken out
        assert sent() == []
        assert street.town_id == 1


def test_all_does_not_go_with_the_delete_cascade() -> None:  # C5
    class Wrong(Model):
        metadata = MetaData()

    class Owner(Wrong, table="owner"):
        id: Mapped[int] = column(primary_key=True)
        things: Related[list[Thing]] = relationship(passive_deletes="all", cascade="all")

    class Thing(Wrong, table="thing"):
        id: Mapped[int] = column(primary_key=True)
        owner_id: Mapped[int] = foreign_key(Owner.id)

    Owner.__annotations__["things"] = Thing
    with pytest.raises(ConfigurationError, match=r'Owner\.things: passive_deletes="all"'):
        Wrong.metadata.configure()
