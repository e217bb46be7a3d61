"""A deleted object's key, taken by a new one in the same flush: one UPDATE of the row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from asyncorm import IdentityConflictError, Session, StaleDataError, func, inspect, select
from asyncorm.engine.engine import Engine
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.statements.raw import sql
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run


class Base(Model):
    metadata = MetaData()


class Shop(Base, table="shop"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(default="unnamed")
    note: Mapped[str | None] = column(default=None)
    rank: Mapped[int] = column(server_default=sql("7"), init=False)
    opened: Mapped[datetime] = generated(server_default=func.now())
    loud: Mapped[str] = column(computed=sql("upper(name)"))
    shelves: Related[list[Shelf]] = relationship(
        back_populates="shop", cascade="all, delete-orphan"
    )
    guests: Related[list[Guest]] = relationship(back_populates="shop")
    sign: Related[Sign | None] = relationship(back_populates="shop", cascade="all, delete-orphan")


class Shelf(Base, table="shelf"):
    """Its key has its shop's in it; the server deletes it with the shop."""

    shop_id: Mapped[int] = foreign_key(Shop.id, primary_key=True, ondelete="CASCADE")
    number: Mapped[int] = column(primary_key=True)
    text: Mapped[str] = column(default="")
    shop: Related[Shop] = relationship(back_populates="shelves")


class Guest(Base, table="guest"):
    id: Mapped[int] = generated(primary_key=True)
    shop_id: Mapped[int | None] = foreign_key(Shop.id)
    shop: Related[Shop | None] = relationship(back_populates="guests")


class Sign(Base, table="sign"):
    """Its key is its shop's."""

    shop_id: Mapped[int] = foreign_key(Shop.id, primary_key=True)
    text: Mapped[str] = column(default="")
    shop: Related[Shop] = relationship(back_populates="sign")


class Item(Base, table="item"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(default="")
    parent_id: Mapped[int | None] = foreign_key("item.id")
    parent: Related[Item | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Item]] = relationship(back_populates="parent", cascade="all")


Base.metadata.configure()


@pytest.fixture
async def shops(tables: CreateTables) -> None:
    await tables(Shop, Shelf, Guest, Sign, Item)


async def store(engine: Engine, *instances: Any) -> None:
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()


@pytest.mark.usefixtures("shops")
async def test_f11_a_row_is_switched_by_one_update(engine: Engine, sent: Sent) -> None:
    await store(engine, Shop(id=1, name="old", note="n"))
    await run(engine, "update shop set rank = 3, opened = '2000-01-01'")
    async with Session(engine) as session:
        old = await session.get_one(Shop, 1)
        await session.delete(old)
        new = Shop(id=1, name="new")
        session.add(new)
        sent()
        await session.flush()
        # the shelves are looked for, since the server does not delete them with the row
        assert sent.verbs() == ["SELECT", "BEGIN", "UPDATE"]
        assert inspect(old).deleted
        assert inspect(new).persistent
        assert await session.get(Shop, 1) is new
        # D11: what the new object leaves open is as in an INSERT
        assert (new.rank, new.opened.year > 2000, new.loud) == (7, True, "NEW")
        await session.commit()
        assert inspect(old).was_deleted
        assert not [*session.new, *session.deleted, *session.dirty]
    assert await rows(engine, "select name, note, rank, loud from shop") == [
        ("new", None, 7, "NEW")
    ]


@pytest.mark.usefixtures("shops")
async def test_f11_many_rows_are_switched_by_one_update(engine: Engine, sent: Sent) -> None:
    await store(engine, *[Shop(id=n, name="old") for n in range(5)])
    async with Session(engine) as session:
        for shop in await session.all(select(Shop)):
            await session.delete(shop)
        session.add_all([Shop(id=n, name=f"new {n}") for n in reversed(range(5))])
        assert len(await session.plan()) == 1
        await session.commit()
    assert await rows(engine, "select name from shop order by id") == [
        (f"new {n}",) for n in range(5)
    ]


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize("savepoint", [False, True])
async def test_f12_a_rollback_undoes_a_row_switch(engine: Engine, savepoint: bool) -> None:
    await store(engine, Shop(id=1, name="old"))
    async with Session(engine) as session:
        old, new = await session.get_one(Shop, 1), Shop(id=1, name="new")
        point = await session.begin_nested() if savepoint else session
        await session.delete(old)
        session.add(new)
        await session.flush()
        await point.rollback()
        assert inspect(old).persistent
        assert inspect(new).transient
        await session.refresh(old)
        assert old.name == "old"
        assert await session.get(Shop, 1) is old
        new.name = "newer"
        await session.delete(old)
        session.add(new)
        await session.commit()
        assert inspect(new).persistent
    assert await rows(engine, "select name from shop") == [("newer",)]


@pytest.mark.usefixtures("shops")
async def test_f12_switches_one_after_the_other_are_undone(engine: Engine) -> None:
    await store(engine, Shop(id=1, name="1"))
    async with Session(engine) as session:
        first = await session.get_one(Shop, 1)
        others = [Shop(id=1, name="2"), Shop(id=1, name="3")]
        before = first
        for other in others:
            await session.delete(before)
            session.add(other)
            await session.flush()
            before = other
        assert await session.get(Shop, 1) is others[1]
        await session.rollback()
        assert inspect(first).persistent
        assert all(inspect(other).transient for other in others)
        assert await session.get(Shop, 1) is first


@pytest.mark.usefixtures("shops")
async def test_f11_children_of_the_old_object_go_with_it(engine: Engine, sent: Sent) -> None:
    """The server would delete the shelves with the shop, but there is no DELETE of the shop."""
    await store(
        engine,
        Shop(id=1, shelves=[Shelf(number=1, text="a"), Shelf(number=2)], guests=[Guest(), Guest()]),
    )
    async with Session(engine) as session:
        old = await session.get_one(Shop, 1)
        await session.delete(old)
        new = Shop(id=1, name="new", shelves=[Shelf(number=2, text="new"), Shelf(number=3)])
        session.add(new)
        await session.flush()
        await session.commit()
        assert [shelf.number for shelf in new.shelves] == [2, 3]
    assert await rows(engine, "select number, text from shelf order by 1") == [(2, "new"), (3, "")]
    assert await rows(engine, "select shop_id from guest") == [(None,), (None,)]


@pytest.mark.usefixtures("shops")
async def test_f11_a_child_may_move_to_the_new_object(engine: Engine, sent: Sent) -> None:
    await store(engine, Shop(id=1, shelves=[Shelf(number=1)], guests=[Guest()]))
    async with Session(engine) as session:
        old = await session.get_one(Shop, 1)
        await session.load(old, Shop.guests)
        (guest,) = old.guests
        new = Shop(id=1, name="new")
        session.add(new)
        guest.shop = new
        await session.delete(old)
        await session.commit()
        assert inspect(guest).persistent
        assert guest.shop is new
    assert await rows(engine, "select shop_id from guest") == [(1,)]


@pytest.mark.usefixtures("shops")
async def test_f06_a_child_is_replaced_by_an_identical_row(engine: Engine, sent: Sent) -> None:
    await store(engine, Shop(id=1, sign=Sign(text="a")))
    async with Session(engine) as session:
        for _ in range(2):
            stored = await session.get_one(Shop, 1)
            await session.load(stored, Shop.sign)
            shop = await session.merge(Shop(id=1, sign=Sign(text="a")))
            sent()
            await session.flush()
            assert sent.verbs() == []
            assert inspect(shop.sign).persistent
            assert shop.sign in session
            assert await session.get(Sign, 1) is shop.sign
        await session.commit()
    assert await rows(engine, "select * from sign") == [(1, "a")]


@pytest.mark.usefixtures("shops")
async def test_f11_a_child_is_switched_through_its_collection(engine: Engine, sent: Sent) -> None:
    await store(engine, Shop(id=1, shelves=[Shelf(number=1, text="a"), Shelf(number=2, text="b")]))
    async with Session(engine) as session:
        shop = await session.get_one(Shop, 1)
        await session.load(shop, Shop.shelves)
        old = list(shop.shelves)
        shop.shelves = [Shelf(number=2, text="B"), Shelf(number=3, text="C")]
        sent()
        await session.flush()
        assert sorted(sent.verbs()) == ["BEGIN", "DELETE", "INSERT", "UPDATE"]
        assert all(inspect(shelf).deleted for shelf in old)
        await session.rollback()
        assert all(inspect(shelf).persistent for shelf in old)


@pytest.mark.usefixtures("shops")
async def test_f11_a_parent_and_its_child_are_switched_together(engine: Engine, sent: Sent) -> None:
    await store(engine, Shop(id=1, sign=Sign(text="a")))
    async with Session(engine) as session:
        old = await session.get_one(Shop, 1)
        await session.delete(old)
        new = Shop(id=1, sign=Sign(text="b"))
        session.add(new)
        sent()
        await session.commit()
        assert sent.verbs() == ["SELECT", "BEGIN", "UPDATE", "UPDATE", "COMMIT"]
        assert new.sign is not None
        assert await session.get(Sign, 1) is new.sign
    assert await rows(engine, "select text from sign") == [("b",)]


@pytest.mark.usefixtures("shops")
async def test_f04_rows_are_switched_inside_a_circle(engine: Engine, sent: Sent) -> None:
    await store(engine, Item(id=1, name="root", children=[Item(id=2, name="a"), Item(id=3)]))
    async with Session(engine) as session:
        root = await session.get_one(Item, 1)
        await session.delete(root)
        session.add(Item(id=1, name="new root", children=[Item(id=2, name="new"), Item(id=4)]))
        await session.commit()
    assert await rows(engine, "select id, name, parent_id from item order by id") == [
        (1, "new root", None),
        (2, "new", 1),
        (4, "", 1),
    ]


@pytest.mark.usefixtures("shops")
async def test_f04_a_row_is_switched_for_one_below_a_new_row(engine: Engine) -> None:
    await store(engine, Item(id=1, name="old"))
    async with Session(engine) as session:
        await session.delete(await session.get_one(Item, 1))
        session.add(Item(id=2, children=[Item(id=1, children=[Item(id=3)])]))
        await session.commit()
    assert await rows(engine, "select id, parent_id from item order by id") == [
        (1, 2),
        (2, None),
        (3, 1),
    ]


@pytest.mark.usefixtures("shops")
async def test_a_row_that_is_gone_is_noticed_by_a_switch(engine: Engine) -> None:
    await store(engine, Shop(id=1), Shop(id=2))
    async with Session(engine) as session:
        for number in (1, 2):
            await session.delete(await session.get_one(Shop, number))
        new = [Shop(id=1, name="a"), Shop(id=2, name="b")]
        session.add_all(new)
        await run(engine, "delete from shop where id = 2")
        with pytest.raises(StaleDataError) as caught:
            await session.flush()
        assert caught.value.objects == (new[1],)
        await session.rollback()
        assert all(inspect(shop).transient for shop in new)


@pytest.mark.usefixtures("shops")
async def test_d15_nothing_is_stuck_after_a_failed_switch_with_a_conflict(engine: Engine) -> None:
    await store(engine, Shop(id=1), Shop(id=2))
    async with Session(engine) as session:
        old, other = await session.get_one(Shop, 1), await session.get_one(Shop, 2)
        await session.delete(old)
        session.add_all([Shop(id=1, name="new"), Shop(id=2, name="conflict")])
        with pytest.raises(IdentityConflictError):
            await session.flush()
        await session.rollback()
        assert not list(session.new)
        assert not list(session.deleted)
        assert inspect(old).persistent
        assert inspect(other).persistent
        assert await session.get(Shop, 1) is old


@pytest.mark.usefixtures("shops")
async def test_an_expression_and_a_default_are_written_by_a_switch(engine: Engine) -> None:
    await store(engine, Shop(id=1, name="old"))
    await run(engine, "update shop set rank = 3")
    async with Session(engine) as session:
        await session.delete(await session.get_one(Shop, 1))
        new = Shop(id=1)
        new.name = func.lower("ABC")  # type: ignore[assignment]
        session.add(new)
        await session.commit()
        assert (new.name, new.rank, new.loud) == ("abc", 7, "ABC")


@pytest.mark.usefixtures("shops")
async def test_k7_a_key_changed_before_the_deletion_is_not_the_one_that_is_freed(
    engine: Engine, sent: Sent
) -> None:
    await store(engine, Shop(id=1, name="old"))
    async with Session(engine) as session:
        old = await session.get_one(Shop, 1)
        old.id = 2
        await session.delete(old)
        session.add(Shop(id=2, name="new"))
        await session.commit()
    assert await rows(engine, "select id, name from shop") == [(2, "new")]


@pytest.mark.usefixtures("shops")
async def test_a_renamed_object_leaves_its_key_to_a_new_one(engine: Engine, sent: Sent) -> None:
    await store(engine, Shop(id=1, name="old"))
    async with Session(engine) as session:
        old = await session.get_one(Shop, 1)
        old.id = 2
        new = Shop(id=1, name="new")
        session.add(new)
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]
        assert await session.get(Shop, 2) is old
        assert await session.get(Shop, 1) is new


@pytest.mark.usefixtures("shops")
async def test_f04_a_switched_row_refers_to_a_new_one_whose_key_is_not_known_yet(
    engine: Engine,
) -> None:
    """It looks the same as before as long as the reference is not filled."""
    await store(engine, Guest(id=1))
    async with Session(engine) as session:
        await session.delete(await session.get_one(Guest, 1))
        session.add(Guest(id=1, shop=Shop(id=9)))
        await session.commit()
    assert await rows(engine, "select id, shop_id from guest") == [(1, 9)]
