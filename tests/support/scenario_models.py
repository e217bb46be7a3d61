"""The models of the scenarios: a publisher, with one relationship of every kind."""

from __future__ import annotations

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    UniqueConstraint,
    column,
    foreign_key,
    func,
    generated,
    relationship,
)


class Publisher(Model):
    metadata = MetaData()


class Author(Publisher, table="author"):
    """Without any delete cascade: books outlive their author."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(unique=True)
    age: Mapped[int | None] = column(default=None)
    books: Related[list[Book]] = relationship(back_populates="author", order_by="id")


class Book(Publisher, table="book"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int] = column(default=1)
    author_id: Mapped[int | None] = foreign_key(Author.id)
    author: Related[Author | None] = relationship(back_populates="books")


class Node(Publisher, table="node"):
    """A tree whose branches stay when the trunk goes."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    parent_id: Mapped[int | None] = foreign_key("node.id")
    parent: Related[Node | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Node]] = relationship(back_populates="parent", order_by="id")


class Folder(Publisher, table="folder"):
    """A tree that is deleted with its root."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    parent_id: Mapped[int | None] = foreign_key("folder.id")
    parent: Related[Folder | None] = relationship(back_populates="folders", remote_side="id")
    folders: Related[list[Folder]] = relationship(
        back_populates="parent", cascade="all, delete-orphan", order_by="id"
    )


class Order(Publisher, table="orders"):
    """Owns its lines, which own their notes."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    lines: Related[list[Line]] = relationship(
        back_populates="order", cascade="all, delete-orphan", order_by="id"
    )


class Line(Publisher, table="line"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    order_id: Mapped[int] = foreign_key(Order.id)
    order: Related[Order] = relationship(back_populates="lines")
    notes: Related[list[Note]] = relationship(cascade="all, delete-orphan", order_by="id")


class Note(Publisher, table="note"):
    """Does not know its line."""

    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    line_id: Mapped[int] = foreign_key(Line.id)


class Country(Publisher, table="country"):
    """Can be renamed: its key is a text, and the server carries it on to the cities."""

    code: Mapped[str] = column(primary_key=True)
    name: Mapped[str | None] = column(default=None)
    cities: Related[list[City]] = relationship(back_populates="country", order_by="id")


class City(Publisher, table="city"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    country_code: Mapped[str | None] = foreign_key(Country.code, onupdate="CASCADE")
    country: Related[Country | None] = relationship(back_populates="cities")


class Slot(Publisher, table="slot"):
    """Has a key of two parts."""

    row: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    note: Mapped[str | None] = column(default=None)


class Person(Publisher, table="person"):
    """Has at most one passport, which is not destroyed with its holder."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    passport: Related[Passport | None] = relationship(back_populates="person")


class Passport(Publisher, table="passport"):
    id: Mapped[int] = generated(primary_key=True)
    number: Mapped[str]
    person_id: Mapped[int | None] = foreign_key(Person.id)
    person: Related[Person | None] = relationship(back_populates="passport")


class Employee(Publisher, table="employee"):
    """Has at most one badge, which is nobody else's."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    badge: Related[Badge | None] = relationship(
        back_populates="employee", cascade="all, delete-orphan"
    )


class Badge(Publisher, table="badge"):
    id: Mapped[int] = generated(primary_key=True)
    number: Mapped[str]
    employee_id: Mapped[int] = foreign_key(Employee.id)
    employee: Related[Employee] = relationship(back_populates="badge")


class Team(Publisher, table="team"):
    """Refers to a player, who refers to the team: a circle of tables."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    captain_id: Mapped[int | None] = foreign_key("player.id")
    captain: Related[Player | None] = relationship(foreign_keys="captain_id")
    players: Related[list[Player]] = relationship(
        back_populates="team", foreign_keys="Player.team_id", order_by="id"
    )


class Player(Publisher, table="player"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    team_id: Mapped[int | None] = foreign_key(Team.id)
    team: Related[Team | None] = relationship(back_populates="players", foreign_keys="team_id")


class Member(Publisher, table="member"):
    """Is found by a natural key, and has another unique one."""

    email: Mapped[str] = column(primary_key=True)
    nick: Mapped[str | None] = column(default=None)
    __table_args__ = (UniqueConstraint("nick"),)


class Stamp(Publisher, table="stamp"):
    """The server has something to say in its columns."""

    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    state: Mapped[str] = column(server_default=func.lower("NEW"))


class Wide(Publisher, table="wide"):
    """Twenty columns beside the key."""

    id: Mapped[int] = generated(primary_key=True)
    c00: Mapped[int] = column(default=0)
    c01: Mapped[int] = column(default=0)
    c02: Mapped[int] = column(default=0)
    c03: Mapped[int] = column(default=0)
    c04: Mapped[int] = column(default=0)
    c05: Mapped[int] = column(default=0)
    c06: Mapped[int] = column(default=0)
    c07: Mapped[int] = column(default=0)
    c08: Mapped[int] = column(default=0)
    c09: Mapped[int] = column(default=0)
    c10: Mapped[int] = column(default=0)
    c11: Mapped[int] = column(default=0)
    c12: Mapped[int] = column(default=0)
    c13: Mapped[int] = column(default=0)
    c14: Mapped[int] = column(default=0)
    c15: Mapped[int] = column(default=0)
    c16: Mapped[int] = column(default=0)
    c17: Mapped[int] = column(default=0)
    c18: Mapped[int] = column(default=0)
    c19: Mapped[int] = column(default=0)


class Account(Publisher, table="account"):
    """Changes only if it is still as it was read."""

    id: Mapped[int] = generated(primary_key=True)
    owner: Mapped[str] = column(default="")
    balance: Mapped[int] = column(default=0)
    version: Mapped[int] = column(version=True, init=False)
    entries: Related[list[Entry]] = relationship(order_by="id")


class Entry(Publisher, table="entry"):
    id: Mapped[int] = generated(primary_key=True)
    amount: Mapped[int] = column(default=0)
    account_id: Mapped[int | None] = foreign_key(Account.id)


class Album(Publisher, table="album"):
    """Refers to one of its photos in an UPDATE of its own."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    cover_id: Mapped[int | None] = foreign_key("photo.id")
    cover: Related[Photo | None] = relationship(foreign_keys="cover_id", post_update=True)
    photos: Related[list[Photo]] = relationship(
        back_populates="album", foreign_keys="Photo.album_id", order_by="id", cascade="all"
    )


class Photo(Publisher, table="photo"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    album_id: Mapped[int] = foreign_key(Album.id)
    album: Related[Album] = relationship(back_populates="photos", foreign_keys="album_id")


class Driver(Publisher, table="driver"):
    """Has at most one licence, whose key is the driver's."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(default="")
    licence: Related[Licence | None] = relationship(
        back_populates="driver", cascade="all, delete-orphan"
    )


class Licence(Publisher, table="licence"):
    driver_id: Mapped[int] = foreign_key(Driver.id, primary_key=True)
    kind: Mapped[str] = column(default="")
    driver: Related[Driver] = relationship(back_populates="licence")


class Hall(Publisher, table="hall"):
    """One of two owners of a seat."""

    id: Mapped[int] = generated(primary_key=True)
    seats: Related[list[Seat]] = relationship(
        back_populates="hall", cascade="all, delete-orphan", order_by="id"
    )


class Guest(Publisher, table="guest"):
    """The other owner."""

    id: Mapped[int] = generated(primary_key=True)
    seats: Related[list[Seat]] = relationship(
        back_populates="guest", cascade="all, delete-orphan", order_by="id"
    )


class Seat(Publisher, table="seat"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    hall_id: Mapped[int | None] = foreign_key(Hall.id)
    guest_id: Mapped[int | None] = foreign_key(Guest.id)
    hall: Related[Hall | None] = relationship(back_populates="seats")
    guest: Related[Guest | None] = relationship(back_populates="seats")


class Shelf(Publisher, table="shelf"):
    """Leaves the deletion of what it has not loaded to the server."""

    id: Mapped[int] = generated(primary_key=True)
    boxes: Related[list[Box]] = relationship(
        back_populates="shelf", cascade="all, delete-orphan", passive_deletes=True, order_by="id"
    )
    labels: Related[list[Label]] = relationship(
        back_populates="shelf", passive_deletes="all", order_by="id"
    )


class Box(Publisher, table="box"):
    id: Mapped[int] = generated(primary_key=True)
    shelf_id: Mapped[int] = foreign_key(Shelf.id, ondelete="CASCADE")
    shelf: Related[Shelf] = relationship(back_populates="boxes")


class Label(Publisher, table="label"):
    id: Mapped[int] = generated(primary_key=True)
    shelf_id: Mapped[int | None] = foreign_key(Shelf.id, ondelete="SET NULL")
    shelf: Related[Shelf | None] = relationship(back_populates="labels")


class Draft(Publisher, table="draft"):
    """Its state is part of its key."""

    id: Mapped[int] = column(primary_key=True)
    state: Mapped[int] = column(primary_key=True)
    text: Mapped[str] = column(default="")


class Place(Publisher, table="place"):
    """A tree by names, which the server keeps together when one changes."""

    name: Mapped[str] = column(primary_key=True)
    within_name: Mapped[str | None] = foreign_key("place.name", onupdate="CASCADE")
    within: Related[Place | None] = relationship(back_populates="parts", remote_side="name")
    parts: Related[list[Place]] = relationship(back_populates="within", order_by="name")


class Firm(Publisher, table="firm"):
    """Can be renamed, but its offices must be told: the server does not."""

    code: Mapped[str] = column(primary_key=True)
    offices: Related[list[Office]] = relationship(
        back_populates="firm", passive_updates=False, order_by="id"
    )


class Office(Publisher, table="office"):
    id: Mapped[int] = generated(primary_key=True)
    firm_code: Mapped[str | None] = foreign_key(Firm.code, initially="DEFERRED")
    firm: Related[Firm | None] = relationship(back_populates="offices")


class Ticket(Publisher, table="ticket"):
    """Half of its key is given, half is made by the server."""

    series: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = generated(primary_key=True)
    note: Mapped[str | None] = column(default=None)
