"""Classes of a hierarchy are typed: what is selected is what comes back."""

from __future__ import annotations

from typing import assert_type

from asyncorm import (
    Column,
    Index,
    Mapped,
    MetaData,
    Model,
    NullColumn,
    Related,
    Session,
    aliased,
    column,
    foreign_key,
    insert,
    relationship,
    select,
    selectinload,
    update,
)


class Base(Model):
    metadata = MetaData()


class Owner(Base, table="owner"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    pets: Related[list[Animal]] = relationship(back_populates="owner")


class Animal(Base, table="animal"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str] = column(init=False)
    name: Mapped[str]
    owner_id: Mapped[int | None] = foreign_key(Owner.id)
    owner: Related[Owner | None] = relationship(back_populates="pets")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Cat(Animal):
    lives: Mapped[int] = column(default=9)
    color: Mapped[str | None] = column(default=None)
    toys: Related[list[Toy]] = relationship(back_populates="cat")
    __mapper_args__ = {"polymorphic_identity": "cat"}
    __table_args__ = (Index(None, "color"),)


class Pet(Animal):
    __mapper_args__ = {"polymorphic_abstract": True}


class Dog(Pet, table="dog"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
    breed: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Toy(Base, table="toy"):
    id: Mapped[int] = column(primary_key=True, init=False)
    cat_id: Mapped[int] = foreign_key(Cat.id)
    cat: Related[Cat] = relationship(back_populates="toys")


cat = Cat(name="Cid", lives=7)
dog = Dog(name="Don", breed="pug")
assert_type(cat.name, str)
assert_type(cat.lives, int)
assert_type(cat.kind, str)
assert_type(Cat.name, Column[str])
assert_type(Cat.color, NullColumn[str])
assert_type(Dog.owner_id, NullColumn[int])
assert_type(dog.owner, Owner | None)


async def reads(session: Session) -> None:
    assert_type(await session.all(select(Animal)), list[Animal])
    assert_type(await session.all(select(Cat).where(Cat.name == "Cid")), list[Cat])
    assert_type(await session.get(Dog, 1), Dog | None)
    assert_type(await session.all(select(Dog.breed, Dog.name)), list[tuple[str, str]])
    assert_type(await session.one(select(aliased(Cat))), Cat)
    assert_type(await session.one(insert(Cat).values(name="x").returning(Cat)), Cat)
    await session.execute(update(Dog).where(Dog.name == "x").values(breed="y"))
    owner = await session.one(
        select(Owner)
        .where(Owner.pets.of_type(Dog).any(Dog.breed == "pug"))
        .options(selectinload(Owner.pets).selectinload(Cat.toys))
    )
    for pet in owner.pets:
        assert_type(pet, Animal)
        if isinstance(pet, Cat):
            assert_type(pet.toys, list[Toy])
    assert_type(await session.load(cat, Cat.toys), list[Toy])


def relates(owner: Owner) -> None:
    owner.pets.append(cat)
    owner.pets.append(dog)
    cat.owner = owner
    Toy(cat=cat)
