"""delete-orphan, and what becomes of the children of deleted parents."""

from __future__ import annotations

import pytest

from asyncorm import (
    ConfigurationError,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    foreign_key,
    inspect,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.library import City, Country, Line, Note, Order, Street
from tests.support.rows import rows, run


class Own(Model):
    metadata = MetaData()


class Folder(Own, table="folder"):
    """A tree whose parts go with what they are in."""

    id: Mapped[int] = column(primary_key=True)
    parent_id: Mapped[int | None] = foreign_key("folder.id")
    parent: Related[Folder | None] = relationship(back_populates="folders", remote_side="id")
    folders: Related[list[Folder]] = relationship(
        back_populates="parent", cascade="all, delete-orphan"
    )


class House(Own, table="house"):
    id: Mapped[int] = column(primary_key=True)
    pets: Related[list[Pet]] = relationship(back_populates="house", cascade="all, delete-orphan")


class Owner(Own, table="owner"):
    id: Mapped[int] = column(primary_key=True)
    pets: Related[list[Pet]] = relationship(back_populates="owner", cascade="all, delete-orphan")
    passport: Related[Passport | None] = relationship(
        back_populates="owner", cascade="all, delete-orphan"
    )


class Pet(Own, table="pet"):
    """Kept by a house, or an owner, or both."""

    id: Mapped[int] = column(primary_key=True)
    house_id: Mapped[int | None] = foreign_key(House.id)
    owner_id: Mapped[int | None] = foreign_key(Owner.id)
    house: Related[House | None] = relationship(back_populates="pets")
    owner: Related[Owner | None] = relationship(back_populates="pets")


class Passport(Own, table="passport"):
    id: Mapped[int] = column(primary_key=True)
    owner_id: Mapped[int] = foreign_key(Owner.id)
    owner: Related[Owner] = relationship(back_populates="passport")


async def stored_order(engine: Engine, lines: int = 3) -> None:
    async with Session(engine) as session:
        texts = [Line(id=n, text=str(n), notes=[Note(id=n)]) for n in range(1, lines + 1)]
        session.add(Order(id=1, lines=texts))
        await session.commit()


async def test_a_child_appended_to_an_attached_parent_is_pending(  # H01
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        order = Order()
        session.add(order)
        await session.flush()
        line = Line(notes=[Note()])
        order.lines.append(line)
        assert line in session.new
        assert line.notes[0] in session.new
        await session.commit()
    assert len(await rows(engine, "select 1 from note")) == 1


async def test_children_replaced_in_their_collection_are_deleted(  # H02, C17
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    await stored_order(engine)
    async with Session(engine) as session:
        order = await session.one(select(Order).options(selectinload(Order.lines)))
        first, second, third = order.lines
        order.lines = [second, Line(id=4)]
        await session.flush()
        assert inspect(first).deleted
        assert inspect(third).deleted
        assert inspect(second).persistent
        await session.rollback()
        assert inspect(first).persistent  # D03
        await session.refresh(order)
        await session.load(order, Order.lines)
        assert len(order.lines) == 3
        order.lines.clear()
        await session.commit()
        assert inspect(first).was_deleted
    assert await rows(engine, "select 1 from line union all select 1 from note") == []


async def test_the_children_of_an_orphan_are_loaded_and_deleted(  # H05, H10
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    await stored_order(engine)
    async with Session(engine) as session:
        order = await session.one(select(Order).options(selectinload(Order.lines)))
        order.lines.pop(0)
        await session.commit()
    assert await rows(engine, "select id from line order by id") == [(2,), (3,)]
    assert await rows(engine, "select id from note order by id") == [(2,), (3,)]


async def test_a_branch_taken_from_a_tree_is_deleted_as_a_whole(  # H10
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Folder)
    async with Session(engine) as session:
        session.add(
            Folder(
                id=1,
                folders=[
                    Folder(id=2, folders=[Folder(id=3, folders=[Folder(id=4)])]),
                    Folder(id=5),
                ],
            )
        )
        await session.commit()
    async with Session(engine) as session:
        root = await session.get_one(Folder, 1, options=[selectinload(Folder.folders)])
        root.folders.pop(0)
        await session.commit()
    assert await rows(engine, "select id from folder order by id") == [(1,), (5,)]


async def test_a_pending_child_taken_away_is_never_inserted(  # H03
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        order = Order()
        session.add(order)
        await session.flush()
        line = Line()
        order.lines.append(line)
        order.lines.remove(line)
        assert line not in session
        assert inspect(line).transient
        await session.commit()
    assert await rows(engine, "select 1 from line") == []


async def test_a_pending_child_given_to_another_parent_is_inserted_once(  # H04
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        here, there, line = Order(id=1), Order(id=2), Line(id=3)
        here.lines.append(line)
        session.add_all([here, there])
        here.lines.remove(line)
        there.lines.append(line)
        await session.commit()
    assert await rows(engine, "select id, order_id from line") == [(3, 2)]


async def test_a_child_that_moves_is_kept(engine: Engine, tables: CreateTables) -> None:  # C9, G01
    await tables(Order, Line, Note)
    await stored_order(engine, 2)
    async with Session(engine) as session:
        here = await session.get_one(Order, 1, options=[selectinload(Order.lines)])
        there = Order(id=2)
        session.add(there)
        first, second = here.lines
        here.lines.remove(first)
        there.lines.append(first)
        second.order = there
        await session.commit()
        assert (first.order_id, second.order_id) == (2, 2)
        assert (here.lines, there.lines) == ([], [first, second])
    assert await rows(engine, "select order_id from line") == [(2,), (2,)]


@pytest.mark.parametrize("delete_first", [True, False])
@pytest.mark.parametrize("by_child", [True, False])
async def test_a_child_moved_from_a_parent_that_is_deleted_is_kept(  # C11
    engine: Engine, tables: CreateTables, delete_first: bool, by_child: bool
) -> None:
    await tables(Order, Line, Note)
    await stored_order(engine, 1)
    async with Session(engine) as session:
        here = await session.get_one(Order, 1, options=[selectinload(Order.lines)])
        there = Order(id=2)
        session.add(there)
        await session.flush()
        line = here.lines[0]
        if delete_first:
            await session.delete(here)
        if by_child:
            line.order = there
        else:
            there.lines.append(line)
        if not delete_first:
            await session.delete(here)
        await session.commit()
        assert inspect(line).persistent
        assert inspect(here).was_deleted
    assert await rows(engine, "select order_id from line") == [(2,)]
    assert await rows(engine, "select id from note") == [(1,)]


async def test_only_the_last_parent_that_keeps_a_child_takes_it_along(  # H07, C8
    engine: Engine, tables: CreateTables
) -> None:
    await tables(House, Owner, Pet, Passport)
    async with Session(engine) as session:
        house, owner, pet = House(id=1), Owner(id=1), Pet(id=1)
        house.pets.append(pet)
        owner.pets.append(pet)
        session.add_all([house, owner])
        await session.commit()
        house.pets.remove(pet)
        await session.commit()
        assert await rows(engine, "select house_id, owner_id from pet") == [(None, 1)]
        owner.pets.remove(pet)
        await session.commit()
    assert await rows(engine, "select id from pet") == []


async def test_the_old_one_of_one_to_one_is_deleted(  # G06
    engine: Engine, tables: CreateTables
) -> None:
    await tables(House, Owner, Pet, Passport)
    async with Session(engine) as session:
        owner = Owner(id=1, passport=Passport(id=1))
        session.add(owner)
        await session.commit()
        owner.passport = Passport(id=2)
        await session.commit()
        assert await rows(engine, "select id from passport") == [(2,)]
        owner.passport = None
        await session.commit()
    assert await rows(engine, "select id from passport") == []


@pytest.mark.parametrize("load", [True, False])
async def test_deleting_a_parent_deletes_its_children(  # H05, C4
    engine: Engine, tables: CreateTables, load: bool
) -> None:
    await tables(Order, Line, Note)
    await stored_order(engine)
    async with Session(engine) as session:
        options = [selectinload(Order.lines)] if load else []
        await session.delete(await session.get_one(Order, 1, options=options))
        assert [str(batch) for batch in (await session.plan()).batches] == [
            "DELETE note: 3 rows",
            "DELETE line: 3 rows",
            "DELETE order: 1 row",
        ]
        await session.commit()
    assert await rows(engine, "select 1 from line union all select 1 from note") == []


async def test_children_left_to_the_server_are_not_loaded(  # C5
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        session.add(Country(code="de", cities=[City(number=1), City(number=2)]))
        await session.commit()
    async with Session(engine) as session:
        await session.delete(await session.get_one(Country, "de"))
        assert len(session.identity_map) == 1
        await session.commit()
    assert await rows(engine, "select 1 from city") == []


async def test_what_the_server_deletes_along_is_deleted_in_memory_too(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        first, second = City(number=1), City(number=2)
        country = Country(code="de", cities=[first, second])
        street, other = Street(city=first), Street()
        session.add_all([country, street, other])
        await session.commit()
        await session.delete(country)
        await session.flush()
        assert inspect(first).deleted
        assert inspect(second).deleted
        assert (street.country_code, street.city_number, street.city) == (None, None, None)
        await session.rollback()
        assert inspect(first).persistent
        await session.refresh(street)
        assert street.city_number == 1
        assert await session.get(City, ("de", 1)) is first
        await session.delete(country)
        await session.commit()
        assert inspect(first).was_deleted
    assert await rows(engine, "select country_code, city_number from street") == [(None, None)] * 2


async def test_what_the_server_did_is_undone_with_its_savepoint(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        city = City(number=1)
        country, street = Country(code="de", cities=[city]), Street(city=city)
        session.add_all([country, street])
        await session.flush()
        savepoint = await session.begin_nested()
        await session.delete(country)
        await session.flush()
        assert inspect(city).deleted
        await savepoint.rollback()
        assert inspect(city).persistent
        assert await session.get(Street, street.id) is street
        assert street.country_code == "de"


async def test_an_orphan_of_a_failed_flush_is_back_after_the_rollback(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    await stored_order(engine)
    await run(engine, "alter table line add check (text <> '2' or order_id = 1)")
    async with Session(engine) as session:
        order = await session.get_one(Order, 1, options=[selectinload(Order.lines)])
        first, second, _ = order.lines
        order.lines.remove(first)
        session.add(Order(id=2, lines=[second]))
        with pytest.raises(Exception, match="check"):
            await session.flush()
        await session.rollback()
        assert inspect(first).persistent
        await session.refresh(first)
        await session.load(order, Order.lines)
        assert order.lines == [first, second, await session.get(Line, 3)]


def test_delete_orphan_belongs_to_the_side_of_the_owner() -> None:
    class Wrong(Model):
        metadata = MetaData()

    class Parent(Wrong, table="parent"):
        id: Mapped[int] = column(primary_key=True)

    class Child(Wrong, table="child"):
        id: Mapped[int] = column(primary_key=True)
        parent_id: Mapped[int] = foreign_key(Parent.id)
        parent: Related[Parent] = relationship(cascade="all, delete-orphan")

    with pytest.raises(ConfigurationError, match=r"Child.parent: .*delete-orphan") as caught:
        Wrong.metadata.configure()
    assert "declare it on Parent" in str(caught.value)
