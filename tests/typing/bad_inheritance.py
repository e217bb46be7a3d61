"""What is wrong with classes of a hierarchy; checkers report the marked lines and no other."""

from __future__ import annotations

from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.statements.select import select


class Animal(Model, table="animal"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str] = column(init=False)
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Cat(Animal):
    lives: Mapped[int] = column(default=9)
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Dog(Animal, table="dog"):
    id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
    breed: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Toy(Model, table="toy"):
    id: Mapped[int] = column(primary_key=True, init=False)
    cat_id: Mapped[int] = foreign_key(Cat.id)
    cat: Related[Cat] = relationship()


cat = Cat(name="Cid")
dog = Dog(name="Don", breed="pug")

Cat(lives=3)  # E the base's name is missing
Dog(name="Don")  # E the breed is missing
Cat(name="Cid", lives="nine")  # E no number
Cat(name="Cid", kind="dog")  # E !pyrefly the kind is not given
cat.breed  # E an attribute of another class
Animal.lives  # E an attribute of a subclass
select(Cat).where(Cat.lives == "nine")  # E compares int with str
toy = Toy(cat=cat)
toy.cat = dog  # E a dog is no cat
