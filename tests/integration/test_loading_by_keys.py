"""Select-in loading by keys of every kind, and any number of them."""

from __future__ import annotations

import uuid
from datetime import date
from enum import Enum

import pytest

from asyncorm import (
    ForeignKeyConstraint,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    UniqueConstraint,
    column,
    foreign_key,
    generated,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import run


class Grid(Model):
    metadata = MetaData()


class Cell(Grid, table="cell"):
    x: Mapped[int] = column(primary_key=True)
    y: Mapped[int] = column(primary_key=True)
    marks: Related[list[Mark]] = relationship(back_populates="cell", order_by="id")
    near: Related[list[Cell]] = relationship(secondary="near", back_populates="near_to")
    near_to: Related[list[Cell]] = relationship(secondary="near", back_populates="near")


class Mark(Grid, table="mark"):
    id: Mapped[int] = generated(primary_key=True)
    x: Mapped[int | None] = column(default=None)
    y: Mapped[int | None] = column(default=None)
    cell: Related[Cell | None] = relationship(back_populates="marks")
    __table_args__ = (ForeignKeyConstraint(("x", "y"), ("cell.x", "cell.y")),)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Piece(Grid, table="piece"):
    """Its key has parts that travel as something else than they are."""

    colour: Mapped[Colour] = column(primary_key=True)
    serial: Mapped[uuid.UUID] = column(primary_key=True)
    day: Mapped[date] = column(primary_key=True)
    moves: Related[list[Move]] = relationship(back_populates="piece", order_by="id")


class Move(Grid, table="move"):
    id: Mapped[int] = generated(primary_key=True)
    colour: Mapped[Colour] = column(init=False)
    serial: Mapped[uuid.UUID] = column(init=False)
    day: Mapped[date] = column(init=False)
    piece: Related[Piece] = relationship(back_populates="moves")
    __table_args__ = (
        ForeignKeyConstraint(
            ("colour", "serial", "day"), ("piece.colour", "piece.serial", "piece.day")
        ),
    )


class Player(Grid, table="player"):
    """Found by its name, which is not its key."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    seats: Related[list[Seat]] = relationship(back_populates="player")
    __table_args__ = (UniqueConstraint("name"),)


class Match(Grid, table="match"):
    code: Mapped[str] = column(primary_key=True)
    seats: Related[list[Seat]] = relationship(back_populates="match", order_by="number")


class Seat(Grid, table="seat"):
    """An association with a value of its own."""

    match_code: Mapped[str] = foreign_key(Match.code, primary_key=True)
    player_name: Mapped[str] = foreign_key(Player.name, primary_key=True)
    number: Mapped[int]
    match: Related[Match] = relationship(back_populates="seats")
    player: Related[Player] = relationship(back_populates="seats")


CELLS = select(Cell).order_by(Cell.x, Cell.y)


@pytest.fixture(autouse=True)
async def grid(tables: CreateTables) -> None:
    await tables(Grid)


async def test_thousands_of_composite_keys_are_one_statement_of_one_shape(
    engine: Engine, sent: Sent
) -> None:
    await run(
        engine,
        "insert into cell select x, y from generate_series(1, 200) a(x), generate_series(1, 100)"
        " b(y)",
        "insert into mark (x, y) select x, y from cell where (x + y) % 2 = 0 order by x, y",
    )
    async with Session(engine) as session:
        sent()
        few = await session.all(CELLS.limit(2).options(selectinload(Cell.marks)))
        _, text = sent()
        assert [len(cell.marks) for cell in few] == [1, 0]
    async with Session(engine) as session:
        cells = await session.all(CELLS.options(selectinload(Cell.marks)))
        assert sent()[1:] == [text]
        assert len(cells) == 20_000
        assert all(len(cell.marks) == (cell.x + cell.y + 1) % 2 for cell in cells)
    async with Session(engine) as session:
        marks = await session.all(select(Mark).options(selectinload(Mark.cell)))
        assert len(sent()) == 2
        assert all(mark.cell and (mark.cell.x, mark.cell.y) == (mark.x, mark.y) for mark in marks)


async def test_get_many_takes_thousands_of_composite_keys(engine: Engine, sent: Sent) -> None:
    await run(engine, "insert into cell select n, n from generate_series(1, 20000) a(n)")
    async with Session(engine) as session:
        sent()
        found = await session.get_many(Cell, [(n, n) for n in range(20_000, -1, -1)])
        assert len(sent()) == 1
        assert [cell and cell.x for cell in found] == [*range(20_000, 0, -1), None]


async def test_many_to_many_along_composite_keys(engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        a, b, c = (Cell(x=n, y=n) for n in range(3))
        a.near, c.near = [b, c], [a]
        session.add_all([a, b, c])
        await session.commit()
    async with Session(engine) as session:
        sent()
        option = selectinload(Cell.near).selectinload(Cell.near_to)
        a, b, c = await session.all(CELLS.options(option))
        assert [set(cell.near) for cell in (a, b, c)] == [{b, c}, set(), {a}]
        assert [set(cell.near_to) for cell in (a, b, c)] == [{c}, {a}, {a}]
        assert len(sent()) == 3


async def test_keys_whose_parts_are_encoded(engine: Engine) -> None:
    serials = [uuid.uuid4() for _ in range(3)]
    async with Session(engine) as session:
        for serial in serials:
            piece = Piece(colour=Colour.RED, serial=serial, day=date(2020, 1, 2))
            session.add_all([piece, Move(piece=piece), Move(piece=piece)])
        await session.commit()
    async with Session(engine) as session:
        pieces = await session.all(select(Piece).options(selectinload(Piece.moves)))
        assert [len(piece.moves) for piece in pieces] == [2, 2, 2]
    async with Session(engine) as session:
        keys = [(Colour.RED, serial, date(2020, 1, 2)) for serial in serials]
        found = await session.get_many(Piece, [*keys, (Colour.BLUE, serials[0], date(2020, 1, 2))])
        assert [piece and piece.serial for piece in found] == [*serials, None]


async def test_natural_keys_and_targets_that_are_no_keys_through_an_association(
    engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        for code in ("m1", "m2"):
            session.add(Match(code=code))
        session.add_all(Player(name=name) for name in "ab")
        await session.flush()
        for code, name, number in (("m1", "a", 2), ("m1", "b", 1), ("m2", "a", 1)):
            session.add(Seat(match_code=code, player_name=name, number=number))
        await session.commit()
    option = selectinload(Match.seats).selectinload(Seat.player).selectinload(Player.seats)
    async with Session(engine) as session:
        sent()
        one, two = await session.all(select(Match).order_by(Match.code).options(option))
        assert [seat.player.name for seat in one.seats] == ["b", "a"]
        assert two.seats[0].player is one.seats[1].player
        assert set(two.seats[0].player.seats) == {one.seats[1], two.seats[0]}
        assert len(sent()) == 4
