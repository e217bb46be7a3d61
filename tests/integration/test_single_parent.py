"""single_parent: an object that is owned by the one that has the foreign key."""

from __future__ import annotations

import pytest

from asyncorm import (
    ConfigurationError,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    UnloadedAttributeError,
    column,
    foreign_key,
    inspect,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class Stamp(Own, table="single_stamp"):
    id: Mapped[int] = column(primary_key=True)
    address_id: Mapped[int] = foreign_key("single_address.id")


class Address(Own, table="single_address"):
    id: Mapped[int] = column(primary_key=True)
    town: Mapped[str] = column(default="")
    stamps: Related[list[Stamp]] = relationship(cascade="all, delete-orphan")


class User(Own, table="single_user"):
    id: Mapped[int] = column(primary_key=True)
    address_id: Mapped[int | None] = foreign_key(Address.id)
    address: Related[Address | None] = relationship(
        cascade="all, delete-orphan", single_parent=True
    )


class Badge(Own, table="single_badge"):
    id: Mapped[int] = column(primary_key=True)
    guard: Related[Guard | None] = relationship(back_populates="badge")


class Guard(Own, table="single_guard"):
    id: Mapped[int] = column(primary_key=True)
    badge_id: Mapped[int | None] = foreign_key(Badge.id, unique=True)
    badge: Related[Badge | None] = relationship(
        back_populates="guard", cascade="all, delete-orphan", single_parent=True
    )


ADDRESSES = "select id from single_address order by id"


async def stored(engine: Engine) -> None:
    async with Session(engine) as session:
        for n in (1, 2):
            address = Address(id=n, stamps=[Stamp(id=10 * n), Stamp(id=10 * n + 1)])
            session.add(User(id=n, address=address))
        await session.commit()


def test_it_is_needed_for_delete_orphan_beside_the_foreign_key() -> None:  # C10
    class Wrong(Model):
        metadata = MetaData()

    class Parent(Wrong, table="parent"):
        id: Mapped[int] = column(primary_key=True)

    class Child(Wrong, table="child"):
        id: Mapped[int] = column(primary_key=True)
        parent_id: Mapped[int] = foreign_key(Parent.id)
        parent: Related[Parent] = relationship(cascade="all, delete-orphan")

    with pytest.raises(ConfigurationError, match=r"Child\.parent") as caught:
        Wrong.metadata.configure()
    assert "single_parent=True" in str(caught.value)


async def test_a_second_parent_is_refused_and_nothing_changes(  # C10, H09
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Address, Stamp, User)
    address = Address(id=1)
    first = User(id=1, address=address)
    with pytest.raises(InvalidRequestError, match=r"belongs to another User along User\.address"):
        User(id=2, address=address)
    second = User(id=2)
    async with Session(engine) as session:
        session.add_all([first, second])
        with pytest.raises(InvalidRequestError, match="single parent"):
            second.address = address
        assert second.address is None
        assert first.address is address
        await session.commit()
        assert await rows(engine, "select id, address_id from single_user order by id") == [
            (1, 1),
            (2, None),
        ]
        # taken from the one, it may go to the other, and is not deleted
        first.address = None
        second.address = address
        await session.commit()
    assert await rows(engine, "select id, address_id from single_user order by id") == [
        (1, None),
        (2, 1),
    ]


async def test_a_second_parent_is_noticed_among_loaded_objects(  # H09
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Address, Stamp, User)
    await stored(engine)
    async with Session(engine) as session:
        statement = select(User).order_by(User.id).options(selectinload(User.address))
        first, second = await session.all(statement)
        with pytest.raises(InvalidRequestError, match="single parent"):
            second.address = first.address
        assert second.address is not first.address
        assert not session.dirty


@pytest.mark.parametrize("replace", [True, False])
async def test_what_is_replaced_or_let_go_is_deleted_with_its_children(  # C10
    engine: Engine, tables: CreateTables, sent: Sent, replace: bool
) -> None:
    await tables(Address, Stamp, User)
    await stored(engine)
    async with Session(engine) as session:
        user = await session.get_one(User, 1, options=[selectinload(User.address)])
        old = user.address
        user.address = Address(id=3) if replace else None
        await session.commit()
        assert inspect(old).was_deleted
    assert await rows(engine, ADDRESSES) == ([(2,), (3,)] if replace else [(2,)])
    assert await rows(engine, "select id from single_stamp order by id") == [(20,), (21,)]


async def test_a_rollback_returns_it(engine: Engine, tables: CreateTables) -> None:
    await tables(Address, Stamp, User)
    await stored(engine)
    async with Session(engine) as session:
        user = await session.get_one(User, 1, options=[selectinload(User.address)])
        old = user.address
        user.address = None
        await session.flush()
        assert inspect(old).deleted
        await session.rollback()
        assert inspect(old).persistent
        assert await session.load(user, User.address) is old


async def test_two_owners_may_swap_what_they_own(engine: Engine, tables: CreateTables) -> None:
    await tables(Address, Stamp, User)
    await stored(engine)
    async with Session(engine) as session:
        statement = select(User).order_by(User.id).options(selectinload(User.address))
        first, second = await session.all(statement)
        one, two = first.address, second.address
        first.address = second.address = None
        first.address, second.address = two, one
        await session.commit()
    assert await rows(engine, "select address_id from single_user order by id") == [(2,), (1,)]
    assert await rows(engine, ADDRESSES) == [(1,), (2,)]


async def test_it_is_deleted_with_its_owner(engine: Engine, tables: CreateTables) -> None:
    await tables(Address, Stamp, User)
    await stored(engine)
    async with Session(engine) as session:
        await session.delete(await session.get_one(User, 2))
        await session.commit()
    assert await rows(engine, ADDRESSES) == [(1,)]


async def test_a_pending_one_leaves_with_its_place(engine: Engine, tables: CreateTables) -> None:
    await tables(Address, Stamp, User)
    async with Session(engine) as session:
        address = Address(id=1, stamps=[Stamp(id=1)])
        user = User(id=1, address=address)
        session.add(user)
        user.address = None
        assert inspect(address).transient
        await session.commit()
    assert await rows(engine, ADDRESSES) == []


async def test_what_would_be_deleted_must_be_known(  # C16
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Address, Stamp, User)
    await stored(engine)
    async with Session(engine) as session:
        user = await session.get_one(User, 1)
        with pytest.raises(UnloadedAttributeError, match=r"User\.address"):
            user.address = None
        assert not session.dirty
        await session.load(user, User.address)
        user.address = None
        await session.commit()
    assert await rows(engine, ADDRESSES) == [(2,)]


async def test_with_a_way_back(engine: Engine, tables: CreateTables) -> None:  # C10, G06
    await tables(Badge, Guard)
    async with Session(engine) as session:
        first, second = Guard(id=1, badge=Badge(id=1)), Guard(id=2)
        session.add_all([first, second])
        await session.commit()
        badge = first.badge
        with pytest.raises(InvalidRequestError, match="single parent"):
            second.badge = badge
        assert (first.badge, badge.guard, second.badge) == (badge, first, None)  # type: ignore[union-attr]
        first.badge = Badge(id=2)
        await session.commit()
    assert await rows(engine, "select id from single_badge") == [(2,)]
    assert await rows(engine, "select badge_id from single_guard order by id") == [(2,), (None,)]
