"""Cascades along many-to-many relationships: a single parent owns what it is linked to."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, Session, inspect, select, selectinload
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.links import Book, Detail, Linked, Offer, Shop, Tag
from tests.support.rows import rows


@pytest.fixture(autouse=True)
async def linked(tables: CreateTables, engine: Engine) -> None:
    await tables(Linked)
    async with Session(engine) as session:
        session.add_all([Shop(offers=[Offer(details=[Detail(), Detail()]), Offer()]), Shop()])
        await session.commit()


async def shops_of(session: Session) -> list[Shop]:
    statement = select(Shop).options(selectinload(Shop.offers)).order_by(Shop.id)
    return await session.all(statement)


async def counts(engine: Engine) -> tuple[int, ...]:
    tables = ("shop", "shop_offer", "offer", "detail")
    found = [await rows(engine, f"SELECT count(*) FROM {table}") for table in tables]
    return tuple(counted for ((counted,),) in found)


async def test_an_orphan_is_deleted_and_what_it_owns(engine: Engine, sent: Sent) -> None:  # H13
    async with Session(engine) as session:
        shop, _ = await shops_of(session)
        offer = shop.offers.pop(0)
        sent()
        await session.flush()
        assert sent.verbs() == ["SELECT", "BEGIN", "DELETE", "DELETE"]
        assert inspect(offer).deleted
        await session.commit()
    assert await counts(engine) == (2, 1, 1, 0)


async def test_an_object_that_moves_to_another_parent_stays(engine: Engine) -> None:  # H13
    async with Session(engine) as session:
        shop, other = await shops_of(session)
        other.offers.append(shop.offers.pop(0))
        await session.commit()
    assert await counts(engine) == (2, 2, 2, 2)
    assert await rows(engine, "SELECT shop_id FROM shop_offer ORDER BY 1") == [(1,), (2,)]


async def test_a_deleted_parent_takes_its_objects_along(engine: Engine) -> None:  # H13
    async with Session(engine) as session:
        await session.delete(await session.get_one(Shop, 1))
        await session.commit()
    assert await counts(engine) == (1, 0, 0, 0)


async def test_a_second_parent_is_refused(engine: Engine) -> None:  # C10
    async with Session(engine) as session:
        shop, other = await shops_of(session)
        with pytest.raises(InvalidRequestError, match=r"Shop\.offers, which allows"):
            other.offers.append(shop.offers[0])
        assert other.offers == []


async def test_a_pending_orphan_leaves_the_session(engine: Engine) -> None:
    async with Session(engine) as session:
        shop, _ = await shops_of(session)
        offer = Offer()
        shop.offers.append(offer)
        assert offer in session.new
        shop.offers.remove(offer)
        assert offer not in session


async def test_members_are_added_and_let_go_along_the_cascades(engine: Engine) -> None:
    async with Session(engine) as session:
        book, tag = Book(), Tag(name="t")
        session.add(tag)
        tag.books.append(book)  # save-update, from either side
        assert book in session.new
        await session.commit()
        session.expunge(book)
        assert tag in session  # expunge is not among the default cascades
        shop = await session.one(
            select(Shop).where(Shop.id == 1).options(selectinload(Shop.offers))
        )
        session.expunge(shop)
        assert not any(offer in session for offer in shop.offers)
