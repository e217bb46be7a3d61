"""Entities for merge() and apply(): parents with children that belong to them or do not."""

from __future__ import annotations

from typing import Any

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, relationship


class Archive(Model):
    metadata = MetaData()


class Person(Archive, table="archive_person"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    data: Mapped[dict[str, Any]] = column(default_factory=dict)
    #: deleted with the person, or when taken away
    letters: Related[list[Letter]] = relationship(
        back_populates="person", cascade="all, delete-orphan", order_by="id"
    )
    #: stay when taken away
    medals: Related[list[Medal]] = relationship(back_populates="person", order_by="id")
    boss_id: Mapped[int | None] = foreign_key("archive_person.id")
    boss: Related[Person | None] = relationship(remote_side="id", back_populates="staff")
    staff: Related[list[Person]] = relationship(back_populates="boss", order_by="id")


class Letter(Archive, table="archive_letter"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str] = column(default="")
    person_id: Mapped[int] = foreign_key(Person.id)
    person: Related[Person] = relationship(back_populates="letters")
    stamps: Related[list[Stamp]] = relationship(
        back_populates="letter", cascade="all, delete-orphan", order_by="id"
    )


class Stamp(Archive, table="archive_stamp"):
    id: Mapped[int] = column(primary_key=True, init=False)
    price: Mapped[int] = column(default=1)
    letter_id: Mapped[int] = foreign_key(Letter.id)
    letter: Related[Letter] = relationship(back_populates="stamps")


class Medal(Archive, table="archive_medal"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(default="")
    person_id: Mapped[int | None] = foreign_key(Person.id)
    person: Related[Person | None] = relationship(back_populates="medals")


class Cell(Archive, table="archive_cell"):
    """Has a key that is given, of two parts."""

    row: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    note: Mapped[str | None] = column(default=None)
    size: Mapped[int] = column(default=1)


EVERYTHING = (Person, Letter, Stamp, Medal, Cell)
