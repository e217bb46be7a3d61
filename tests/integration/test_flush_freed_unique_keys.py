"""A unique value that one row gives up is free for another one in the same flush."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import Session, UniqueConstraint, UniqueViolation, select
from asyncorm.engine.engine import Engine
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.constraints import Index
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Base(Model):
    metadata = MetaData()


class Label(Base, table="label"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str | None] = column(unique=True)
    owner_id: Mapped[int | None] = foreign_key("label.id")


class Deck(Base, table="deck"):
    id: Mapped[int] = generated(primary_key=True)
    cards: Related[list[Card]] = relationship(back_populates="deck", cascade="all, delete-orphan")
    box: Related[Box | None] = relationship(back_populates="deck", cascade="all, delete-orphan")


class Card(Base, table="card"):
    id: Mapped[int] = generated(primary_key=True)
    deck_id: Mapped[int] = foreign_key(Deck.id)
    position: Mapped[int] = column(default=0)
    deck: Related[Deck] = relationship(back_populates="cards")
    stains: Related[list[Stain]] = relationship(cascade="all, delete-orphan")
    __table_args__ = (UniqueConstraint("deck_id", "position"),)


class Stain(Base, table="stain"):
    id: Mapped[int] = generated(primary_key=True)
    card_id: Mapped[int] = foreign_key(Card.id)


class Box(Base, table="box"):
    id: Mapped[int] = generated(primary_key=True)
    deck_id: Mapped[int] = foreign_key(Deck.id, unique=True)
    deck: Related[Deck] = relationship(back_populates="box")


class Seat(Base, table="seat"):
    """Two seats may exchange their places within a statement."""

    id: Mapped[int] = generated(primary_key=True)
    place: Mapped[int]
    row: Mapped[str] = column(default="a")
    __table_args__ = (
        UniqueConstraint("place", deferrable=True),
        Index("ix_seat_row_place", "row", "place"),
    )


Base.metadata.configure()


@pytest.fixture
async def made(tables: CreateTables) -> None:
    await tables(Label, Deck, Card, Stain, Box, Seat)


async def store(engine: Engine, *instances: Any) -> None:
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()


async def names(engine: Engine) -> list[Any]:
    return [name for (name,) in await rows(engine, "select name from label order by name")]


@pytest.mark.usefixtures("made")
async def test_d9_a_new_row_takes_the_value_of_a_deleted_one(engine: Engine, sent: Sent) -> None:
    await store(engine, Label(name="a"))
    async with Session(engine) as session:
        await session.delete(await session.one(select(Label)))
        session.add(Label(name="a"))
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
    assert await rows(engine, "select id, name from label") == [(2, "a")]


@pytest.mark.usefixtures("made")
async def test_d9_without_a_taker_the_order_is_as_ever(engine: Engine, sent: Sent) -> None:
    await store(engine, Label(name="a"))
    async with Session(engine) as session:
        await session.delete(await session.one(select(Label)))
        session.add(Label(name="b"))
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "DELETE", "COMMIT"]


@pytest.mark.usefixtures("made")
async def test_d9_values_move_along_a_chain(engine: Engine, sent: Sent) -> None:
    await store(engine, *[Label(name=name) for name in "abcd"])
    async with Session(engine) as session:
        a, b, c, d = await session.all(select(Label).order_by(Label.name))
        await session.delete(d)
        a.name, b.name, c.name = "b", "c", "d"
        session.add(Label(name="a"))
        sent()
        await session.commit()
        assert sent.verbs() == [
            "BEGIN",
            "DELETE",
            "UPDATE",
            "UPDATE",
            "UPDATE",
            "INSERT",
            "COMMIT",
        ]
    found = await rows(engine, "select id, name from label order by id")
    assert found == [(1, "b"), (2, "c"), (3, "d"), (5, "a")]


@pytest.mark.usefixtures("made")
async def test_d9_values_that_are_exchanged_are_for_the_server_to_judge(engine: Engine) -> None:
    await store(engine, Label(name="a"), Label(name="b"))
    async with Session(engine) as session:
        a, b = await session.all(select(Label).order_by(Label.name))
        a.name, b.name = "b", "a"
        with pytest.raises(UniqueViolation) as caught:
            await session.flush()
        assert set(caught.value.objects) <= {a, b}
        await session.rollback()
    assert await names(engine) == ["a", "b"]


@pytest.mark.usefixtures("made")
async def test_d9_a_deferrable_key_lets_values_be_exchanged(engine: Engine, sent: Sent) -> None:
    await store(engine, Seat(place=1), Seat(place=2), Seat(place=3))
    async with Session(engine) as session:
        one, two, three = await session.all(select(Seat).order_by(Seat.id))
        one.place, two.place, three.place = 2, 3, 1
        assert len(await session.plan()) == 1
        await session.commit()
    assert await rows(engine, "select id, place from seat order by 1") == [(1, 2), (2, 3), (3, 1)]


@pytest.mark.usefixtures("made")
async def test_g06_an_owned_object_is_replaced_under_a_unique_key(
    engine: Engine, sent: Sent
) -> None:
    await store(engine, Deck(box=Box()))
    async with Session(engine) as session:
        deck = await session.get_one(Deck, 1)
        await session.load(deck, Deck.box)
        deck.box = Box()
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
    assert await rows(engine, "select id, deck_id from box") == [(2, 1)]


@pytest.mark.usefixtures("made")
async def test_d9_a_collection_is_replaced_under_a_unique_position(
    engine: Engine, sent: Sent
) -> None:
    """What depends on the deleted rows goes before them."""
    await store(engine, Deck(cards=[Card(position=n, stains=[Stain()]) for n in range(3)]))
    async with Session(engine) as session:
        deck = await session.get_one(Deck, 1)
        await session.load(deck, Deck.cards)
        for card in deck.cards:
            await session.load(card, Card.stains)
        deck.cards = [Card(position=n, stains=[Stain()]) for n in range(4)]
        sent()
        await session.commit()
        verbs = sent.verbs()
        assert verbs == ["BEGIN", "DELETE", "DELETE", "INSERT", "INSERT", "COMMIT"]
    assert await rows(engine, "select id, position from card order by 1") == [
        (4, 0),
        (5, 1),
        (6, 2),
        (7, 3),
    ]


@pytest.mark.usefixtures("made")
async def test_d9_rows_move_up_when_the_first_of_them_goes(engine: Engine) -> None:
    await store(engine, Deck(cards=[Card(position=n) for n in range(4)]))
    async with Session(engine) as session:
        deck = await session.get_one(Deck, 1)
        await session.load(deck, Deck.cards)
        del deck.cards[0]
        for number, card in enumerate(deck.cards):
            card.position = number
        await session.commit()
    assert await rows(engine, "select id, position from card order by 1") == [
        (2, 0),
        (3, 1),
        (4, 2),
    ]


@pytest.mark.usefixtures("made")
async def test_k5_a_renamed_row_takes_the_key_of_a_deleted_one(engine: Engine) -> None:
    await store(engine, Label(name="a"), Label(name="b"))
    async with Session(engine) as session:
        a, b = await session.all(select(Label).order_by(Label.name))
        await session.delete(a)
        b.id = 1
        await session.flush()
        assert await session.get(Label, 1) is b
        await session.rollback()
        assert (await session.get(Label, 1), await session.get(Label, 2)) == (a, b)
        await session.delete(a)
        b.id = 1
        await session.commit()
    assert await rows(engine, "select id, name from label") == [(1, "b")]


@pytest.mark.usefixtures("made")
async def test_d9_a_reference_to_the_deleted_row_is_emptied_first(
    engine: Engine, sent: Sent
) -> None:
    await store(engine, Label(id=1, name="a"), Label(id=2, name="b", owner_id=1))
    async with Session(engine) as session:
        a, b = await session.all(select(Label).order_by(Label.name))
        await session.delete(a)
        b.owner_id = None
        session.add(Label(id=3, name="a", owner_id=2))
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "UPDATE", "DELETE", "INSERT", "COMMIT"]


@pytest.mark.usefixtures("made")
async def test_d9_an_expired_row_that_is_replaced_gives_its_key_up(
    engine: Engine, sent: Sent
) -> None:
    await store(engine, Deck(box=Box()))
    async with Session(engine) as session:
        deck = await session.one(select(Deck))
        old = await session.load(deck, Deck.box)
        session.expire(old)
        deck.box = Box()
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
    assert await rows(engine, "select id, deck_id from box") == [(2, 1)]
