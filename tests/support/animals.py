"""A hierarchy in all forms: classes in their base's table, in one of their own, and mixed."""

from __future__ import annotations

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, relationship


class Zoo(Model):
    metadata = MetaData()


class Owner(Zoo, table="owner"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    pets: Related[list[Animal]] = relationship(back_populates="owner", order_by="id")


class Animal(Zoo, table="animal"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str] = column(init=False)
    name: Mapped[str]
    owner_id: Mapped[int | None] = foreign_key(Owner.id)
    owner: Related[Owner | None] = relationship(back_populates="pets")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Cat(Animal):
    lives: Mapped[int] = column(default=9)
    toys: Related[list[Toy]] = relationship(
        back_populates="cat", cascade="all, delete-orphan", order_by="id"
    )
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Lion(Cat, table="lion"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
    mane: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "lion"}


class Dog(Animal, table="dog"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
    breed: Mapped[str]
    tricks: Related[list[Trick]] = relationship(back_populates="dog", order_by="id")
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Puppy(Dog):
    weeks: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "puppy"}


class Toy(Zoo, table="toy"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    cat_id: Mapped[int] = foreign_key(Cat.id)
    cat: Related[Cat] = relationship(back_populates="toys")


class Trick(Zoo, table="trick"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    dog_id: Mapped[int | None] = foreign_key(Dog.id)
    dog: Related[Dog | None] = relationship(back_populates="tricks")


def adas_animals() -> Owner:
    """An owner with one animal of each class."""
    ada = Owner(name="Ada")
    ada.pets = [
        Animal(name="Ann"),
        Cat(name="Cid", lives=7, toys=[Toy(name="ball"), Toy(name="mouse")]),
        Dog(name="Don", breed="pug", tricks=[Trick(name="sit")]),
        Lion(name="Leo", mane="long"),
        Puppy(name="Pip", breed="mutt", weeks=6),
    ]
    return ada
