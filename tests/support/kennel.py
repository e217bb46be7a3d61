"""A hierarchy of entities with joined tables, of three levels, and one in a single table."""

from __future__ import annotations

from uuid import UUID

from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.functions.func import func
from asyncorm.sql.table import MetaData


class Kennel(Model):
    metadata = MetaData()


class Owner(Kennel, table="owner"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(default="Ann")
    animals: Related[list[Animal]] = relationship(
        back_populates="owner", cascade="all, delete-orphan"
    )


class Animal(Kennel, table="animal"):
    id: Mapped[int] = generated(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    tag: Mapped[str | None] = column(default=None, unique=True)
    born: Mapped[int] = column(server_default=func.length("2020"), init=False)
    owner_id: Mapped[int | None] = foreign_key(Owner.id)
    owner: Related[Owner | None] = relationship(back_populates="animals")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Dog(Animal, table="dog"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
    breed: Mapped[str]
    chip: Mapped[str | None] = column(default=None, unique=True)
    friend_id: Mapped[int | None] = foreign_key("dog.id")
    friend: Related[Dog | None] = relationship(foreign_keys="friend_id", remote_side="id")
    tricks: Related[list[Trick]] = relationship(back_populates="dog", cascade="all, delete-orphan")
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Puppy(Dog, table="puppy"):
    id: Mapped[int] = foreign_key(Dog.id, primary_key=True)
    weeks: Mapped[int]
    code: Mapped[UUID] = column(server_default=func.gen_random_uuid(), init=False)
    __mapper_args__ = {"polymorphic_identity": "puppy"}


class Cat(Animal, table="cat"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True, ondelete="CASCADE")
    lives: Mapped[int] = column(server_default=func.length("ninelives"), init=False)
    mood: Mapped[str] = column(default="sleepy")
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Trick(Kennel, table="trick"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    dog_id: Mapped[int] = foreign_key(Dog.id)
    dog: Related[Dog] = relationship(back_populates="tricks")


class Employee(Kennel, table="employee"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str]
    name: Mapped[str]
    boss_id: Mapped[int | None] = foreign_key("employee.id")
    boss: Related[Employee | None] = relationship(foreign_keys="boss_id", remote_side="id")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}


class Keeper(Employee):
    keys: Mapped[int]
    badge: Mapped[str | None] = column(default=None, unique=True)
    __mapper_args__ = {"polymorphic_identity": "keeper"}


class Doctor(Employee):
    title: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "doctor"}


Kennel.metadata.configure()
