"""Options, loads and comparisons around a hierarchy: every line passes all type checkers."""

from __future__ import annotations

from typing import assert_type

from asyncorm import (
    Mapped,
    Model,
    Related,
    Session,
    WriteOnlyCollection,
    aliased,
    column,
    delete,
    foreign_key,
    generated,
    joinedload,
    load_only,
    nestedload,
    relationship,
    select,
    selectinload,
    with_loader_criteria,
)


class Owner(Model, table="owner"):
    id: Mapped[int] = generated(primary_key=True)
    pets: Related[list[Animal]] = relationship(back_populates="owner")
    visits: Related[WriteOnlyCollection[Visit]] = relationship()


class Visit(Model, table="visit"):
    id: Mapped[int] = generated(primary_key=True)
    owner_id: Mapped[int] = foreign_key(Owner.id)


class Animal(Model, table="animal"):
    id: Mapped[int] = generated(primary_key=True)
    kind: Mapped[str] = column(init=False)
    name: Mapped[str]
    owner_id: Mapped[int | None] = foreign_key(Owner.id)
    owner: Related[Owner | None] = relationship(back_populates="pets")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Cat(Animal):
    lives: Mapped[int] = column(default=9)
    toys: Related[list[Toy]] = relationship(back_populates="cat")
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Dog(Animal, table="dog"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
    breed: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Toy(Model, table="toy"):
    id: Mapped[int] = generated(primary_key=True)
    cat_id: Mapped[int] = foreign_key(Cat.id)
    cat: Related[Cat] = relationship(back_populates="toys")


async def loading(session: Session, owner: Owner, toy: Toy) -> None:
    owners = select(Owner).options(
        selectinload(Owner.pets).selectinload(Cat.toys),
        joinedload(Owner.pets.of_type(Dog)).load_only(Animal.name, Dog.breed),
        nestedload(Owner.pets.of_type(Cat).where(Cat.lives > 1)),
        with_loader_criteria(Animal, Animal.name != ""),
    )
    found = await session.one(owners)
    assert_type(found.pets, list[Animal])
    assert_type(await session.load(owner, Owner.pets.of_type(Cat)), list[Cat])
    assert_type(await session.load(owner, Owner.pets.of_type(Cat).top(3)), list[Cat])
    assert_type(await session.load(toy, Toy.cat), Cat)
    assert_type(await session.get(Cat, 1, options=[load_only(Animal.name)]), Cat | None)
    async for animal in await session.stream(select(Animal).options(selectinload(Cat.toys))):
        assert_type(animal, Animal)
        if isinstance(animal, Cat):
            assert_type(animal.toys, list[Toy])


async def expressions(session: Session, cat: Cat) -> None:
    assert_type(await session.all(select(Cat).where(Animal.name == "x")), list[Cat])
    assert_type(await session.all(select(Toy.cat.to.lives).where(Toy.cat == cat)), list[int])
    await session.execute(delete(Dog).where(Animal.owner.has(Owner.id == 1)))
    other = aliased(Dog)
    pairs = select(Owner, other).join(Owner.pets.of_type(other)).where(other.breed == "pug")
    for owner, dog in await session.all(pairs):
        assert_type(owner, Owner)
        assert_type(dog, Dog)
