"""Options, loads and comparisons around a hierarchy that don't fit: each marked line is an error."""

from __future__ import annotations

from asyncorm import (
    Select,
    Session,
    aliased,
    joinedload,
    nestedload,
    select,
    selectinload,
    with_loader_criteria,
)
from tests.typing.good_hierarchies import Animal, Cat, Dog, Owner, Toy


def models(cat: Cat, dog: Dog, owner: Owner, toy: Toy) -> None:
    dog.owner = cat  # E
    toy.cat = dog  # E
    owner.pets.append(toy)  # E
    owner.visits.add(cat)  # E
    for _ in owner.visits:  # E
        pass
    len(owner.visits)  # E
    _ = owner.pets[0].lives  # E


async def loading(session: Session, owner: Owner, toy: Toy, dog: Dog) -> None:
    _a: list[Dog] = await session.load(owner, Owner.pets.of_type(Cat))  # E
    _b: list[Cat] = await session.load(owner, Owner.pets.top(3))  # E
    _c: list[Dog] = await session.load(toy, Toy.cat)  # E
    await session.load(dog, Cat.toys)  # E
    select(Owner).options(Owner.pets)  # E
    select(Owner).options(Cat.lives)  # E
    await session.get(Owner, 1, options=[Owner.pets])  # E
    selectinload(Cat.lives)  # E
    nestedload(Owner)  # E
    joinedload(Owner.pets).selectinload(Cat.lives)  # E
    with_loader_criteria(Animal, lambda cls: cls.lives > 1)  # E


def expressions(owner: Owner, cat: Cat) -> None:
    select(Toy).where(Toy.cat == owner)  # E
    select(Toy).where(Toy.cat.in_(cat))  # E
    select(Owner).where(Owner.pets.contains(owner))  # E
    select(Toy).where(Toy.cat.to.lives == "x")  # E
    _ = aliased(Animal).lives  # E
    _d: Select[Dog] = select(Cat).where(Animal.name == "x")  # E
