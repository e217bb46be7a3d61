"""Several foreign keys between two tables, and references to a key that is not the primary one."""

from __future__ import annotations

from asyncorm import (
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
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class Place(Own, table="choice_place"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    departures: Related[list[Trip]] = relationship(
        back_populates="origin", foreign_keys="Trip.origin_id"
    )
    arrivals: Related[list[Trip]] = relationship(back_populates="goal", foreign_keys="Trip.goal_id")


class Trip(Own, table="choice_trip"):
    id: Mapped[int] = column(primary_key=True, init=False)
    origin_id: Mapped[int | None] = foreign_key(Place.id)
    goal_id: Mapped[int | None] = foreign_key(Place.id)
    origin: Related[Place | None] = relationship(
        back_populates="departures", foreign_keys="origin_id"
    )
    goal: Related[Place | None] = relationship(back_populates="arrivals", foreign_keys="goal_id")


class Product(Own, table="choice_product"):
    id: Mapped[int] = column(primary_key=True, init=False)
    code: Mapped[str] = column(unique=True)
    prices: Related[list[Price]] = relationship(
        back_populates="product", cascade="all, delete-orphan"
    )


class Price(Own, table="choice_price"):
    """Refers to its product by code."""

    id: Mapped[int] = column(primary_key=True, init=False)
    amount: Mapped[int]
    product_code: Mapped[str] = foreign_key(Product.code, onupdate="CASCADE")
    product: Related[Product] = relationship(back_populates="prices")


async def test_each_relationship_follows_its_own_key(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Place, Trip)
    async with Session(engine) as session:
        home, sea = Place(name="home"), Place(name="sea")
        out = Trip(origin=home, goal=sea)
        back = Trip()
        sea.departures.append(back)
        home.arrivals.append(back)
        session.add_all([home, sea])
        await session.commit()
        assert (home.departures, home.arrivals) == ([out], [back])
        sent()
        out.goal = home
        await session.commit()
        assert (sea.arrivals, home.arrivals) == ([], [back, out])
        (update,) = sent()
        assert "goal_id" in update
        assert "origin_id" not in update
        await session.delete(sea)
        await session.commit()
    async with Session(engine) as session:
        (place,) = await session.all(
            select(Place).options(selectinload(Place.departures), selectinload(Place.arrivals))
        )
        assert [trip.id for trip in place.departures] == [out.id]
        assert {trip.id for trip in place.arrivals} == {out.id, back.id}
        assert await session.all(select(Trip.id).join(Trip.origin)) == [out.id]


async def test_a_reference_to_a_unique_column(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Product, Price)
    async with Session(engine) as session:
        product = Product(code="x", prices=[Price(amount=1)])
        second = Price(amount=2, product=product)
        session.add(product)
        await session.commit()
        assert [price.product_code for price in product.prices] == ["x", "x"]
        session.expunge_all()
        prices = await session.all(select(Price).order_by(Price.id))
        sent()
        await session.load(prices, Price.product)
        assert sent.verbs() == ["SELECT"]
        assert prices[0].product is prices[1].product
        product = prices[0].product
        await session.load(product, Product.prices)
        assert product.prices == prices
        product.prices.remove(prices[0])
        await session.commit()
        assert inspect(prices[0]).was_deleted
        other = Product(code="y")
        prices[1].product = other
        await session.commit()
        assert prices[1].product_code == "y"
        await session.delete(other)
        await session.commit()
    assert second.amount == 2
    assert await rows(engine, "select 1 from choice_price") == []
