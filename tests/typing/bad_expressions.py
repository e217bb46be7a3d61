"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from datetime import datetime

from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column
from asyncorm.models.model import Model
from asyncorm.sql.constructs import extract
from asyncorm.sql.statements.update import update
from asyncorm.sql.functions.func import func
from asyncorm.sql.statements.select import select
from asyncorm.sql.statements.raw import sql



class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    created_at: Mapped[datetime]
    tags: Mapped[list[str]]


class Book(Model, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]


User.nope  # E no such column
select(User).where(User.email == 5)  # E compares str with int
select(User).where(User.age >= "x")  # E compares int with str
select(User).where(User.email)  # E not a condition
select(User).where(True)  # E not an expression
select(User).where(User.id.like("x"))  # E like() is for text
select(User).where(User.id.in_(["a"]))  # E values of another type
select(User).where(User.id.in_(select(Book.title)))  # E rows of another type
select(User).where(User.tags.contains([1]))  # E elements of another type
select(User).where(User.id.contains("x"))  # E contains() is for text, arrays and JSON
select(User).order_by("id")  # E text is no SQL
select(User).limit("1")  # E not a number
select("id")  # E text is no SQL
update(User).set(User.email.set(None))  # E NOT NULL
update(User).set(User.email.set(1))  # E another type
User.email + 1  # E text and a number
func.lower(User.id)  # E lower() is for text
func.coalesce(User.age, "x")  # E another type
extract("name", User.created_at)  # E no such field


def raw(name: str) -> None:
    sql("select * from " + name)  # E !mypy the text must be a literal
