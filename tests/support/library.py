"""Entities for tests of the flush, and a unit of work that needs no database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncorm.flush.changes import collect_changes
from asyncorm.flush.plan import FlushPlan
from asyncorm.flush.planner import plan_flush
from asyncorm.mapping.relationships import Relationship
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.constraints import CheckConstraint, ForeignKeyConstraint
from asyncorm.sql.functions.func import func
from asyncorm.sql.statements.raw import sql
from asyncorm.sql.table import MetaData
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.state import Status, own_state
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


class Base(Model):
    metadata = MetaData()


class Author(Base, table="author"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    age: Mapped[int | None] = column(default=None)
    created_at: Mapped[datetime] = column(server_default=func.now(), init=False)
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="book", schema="library"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    pages: Mapped[int] = column(default=1)
    author_id: Mapped[int | None] = foreign_key(Author.id, index=True)
    author: Related[Author | None] = relationship(back_populates="books")
    __table_args__ = (CheckConstraint("pages > 0"),)


class Order(Base, table="order"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    lines: Related[list[Line]] = relationship(back_populates="order", cascade="all, delete-orphan")


class Line(Base, table="line"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    order_id: Mapped[int] = foreign_key(Order.id)
    order: Related[Order] = relationship(back_populates="lines")
    notes: Related[list[Note]] = relationship(cascade="all, delete-orphan")


class Note(Base, table="note"):
    """Belongs to a line, which it does not refer back to."""

    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    line_id: Mapped[int] = foreign_key(Line.id)


class Node(Base, table="node"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    made_at: Mapped[datetime] = generated(server_default=func.now())
    parent_id: Mapped[int | None] = foreign_key("node.id")
    parent: Related[Node | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Node]] = relationship(back_populates="parent")


class Team(Base, table="team"):
    """Refers to a player, who refers to the team: a circle of tables."""

    id: Mapped[int] = generated(primary_key=True)
    captain_id: Mapped[int | None] = foreign_key("player.id")
    captain: Related[Player | None] = relationship(foreign_keys="captain_id")
    players: Related[list[Player]] = relationship(
        back_populates="team", foreign_keys="Player.team_id"
    )


class Player(Base, table="player"):
    id: Mapped[int] = generated(primary_key=True)
    team_id: Mapped[int] = foreign_key(Team.id)
    team: Related[Team] = relationship(back_populates="players", foreign_keys="team_id")


class Hen(Base, table="hen"):
    """Can't be without an egg, which can't be without a hen."""

    id: Mapped[int] = generated(primary_key=True)
    egg_id: Mapped[int] = foreign_key("egg.id")
    egg: Related[Egg] = relationship(foreign_keys="egg_id")


class Egg(Base, table="egg"):
    id: Mapped[int] = generated(primary_key=True)
    hen_id: Mapped[int] = foreign_key(Hen.id)
    hen: Related[Hen] = relationship(foreign_keys="hen_id")


class Promise(Base, table="promise"):
    """Refers to another one, checked at COMMIT only."""

    id: Mapped[int] = column(primary_key=True)
    other_id: Mapped[int] = foreign_key("promise.id", initially="DEFERRED")


class Country(Base, table="country"):
    code: Mapped[str] = column(primary_key=True)
    name: Mapped[str] = column(default="")
    cities: Related[list[City]] = relationship(back_populates="country")


class City(Base, table="city"):
    """Its key has its country's in it."""

    country_code: Mapped[str] = foreign_key(
        Country.code, primary_key=True, onupdate="CASCADE", ondelete="CASCADE"
    )
    number: Mapped[int] = column(primary_key=True)
    country: Related[Country] = relationship(back_populates="cities")


class Street(Base, table="street"):
    id: Mapped[int] = generated(primary_key=True)
    country_code: Mapped[str | None] = column(default=None)
    city_number: Mapped[int | None] = column(default=None)
    city: Related[City | None] = relationship()
    __table_args__ = (
        ForeignKeyConstraint(
            ("country_code", "city_number"),
            ("city.country_code", "city.number"),
            onupdate="CASCADE",
            ondelete="SET NULL",
        ),
    )


class Token(Base, table="token"):
    """Its key is made by the server, in no order."""

    id: Mapped[UUID] = column(primary_key=True, init=False)
    text: Mapped[str]


class User(Base, table="users"):
    """Has at most one profile."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    profile: Related[Profile | None] = relationship(back_populates="user")


class Profile(Base, table="profile"):
    id: Mapped[int] = generated(primary_key=True)
    user_id: Mapped[int | None] = foreign_key(User.id, unique=True)
    user: Related[User | None] = relationship(back_populates="profile")


class Room(Base, table="room"):
    building: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    desks: Related[list[Desk]] = relationship(back_populates="room")


class Desk(Base, table="desk"):
    """Is always in a building, but not always in a room of it."""

    id: Mapped[int] = generated(primary_key=True)
    building: Mapped[str]
    room_number: Mapped[int | None] = column(default=None)
    room: Related[Room | None] = relationship(back_populates="desks")
    __table_args__ = (
        ForeignKeyConstraint(("building", "room_number"), ("room.building", "room.number")),
    )


class Sum(Base, table="sum"):
    """Has a column that the server computes."""

    id: Mapped[int] = generated(primary_key=True)
    a: Mapped[int]
    b: Mapped[int]
    total: Mapped[int] = column(computed=sql("a + b"))


Base.metadata.configure()


def unit_of(*instances: Any) -> UnitOfWork:
    """A unit of work to which new instances were added."""
    unit = UnitOfWork()
    for instance in instances:
        unit.add(instance)
    return unit


def stored(unit: UnitOfWork, *instances: Any) -> None:
    """Make instances of a unit of work persistent, as if they had been loaded with their values."""
    for instance in instances:
        if instance not in unit.new:
            unit.add(instance)
    for instance in instances:
        unit.new.pop(instance)
        state = own_state(instance)
        state.status, state.originals = Status.PERSISTENT, {}
        mapper = mapper_of(instance)
        unit.identity_map.add(mapper, mapper.key_of(instance.__dict__), instance)
    unit.dirty.clear()


def loaded(owner: Any, relationship: Relationship[Any, Any], *members: Any) -> None:
    """Give an instance a loaded collection."""
    fill_collection(owner, relationship, list(members))


def plan_of(unit: UnitOfWork) -> FlushPlan:
    return plan_flush(collect_changes(unit))


def steps(plan: FlushPlan) -> list[str]:
    """The statements of a plan, one text each."""
    return [str(batch) for batch in plan.batches]
