"""Expressions on relationships are typed by what they lead to."""

from __future__ import annotations

from typing import assert_type

from asyncorm.mapping.related import ToMany, ToOne
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.constructs import case
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Condition
from asyncorm.sql.functions.func import func
from asyncorm.sql.statements.select import Select, select
from asyncorm.sql.sources import aliased
from asyncorm.sql.table import Column, NullColumn


class Publisher(Model, table="publisher"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    publisher_id: Mapped[int] = foreign_key(Publisher.id)
    publisher: Related[Publisher] = relationship()
    books: Related[list[Book]] = relationship(back_populates="author")
    fans: Related[set[User]] = relationship(secondary="fan")
    live: Related[list[Book]] = relationship(
        viewonly=True,
        primaryjoin=lambda: and_(User.id == Book.author_id, Book.title != ""),
    )


class Book(Model, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int | None] = foreign_key(User.id)
    author: Related[User | None] = relationship(back_populates="books")


user = User(email="ada@example.org")
book = Book(title="t")

# compared with an object, or with None
assert_type(Book.author == user, Condition)
assert_type(Book.author != user, Condition)
assert_type(Book.author == None, Condition)  # noqa: E711
assert_type(Book.author.is_(None), Condition)
assert_type(Book.author.is_not(None), Condition)
assert_type(Book.author.in_([user]), Condition)
assert_type(Book.author.not_in({user}), Condition)
assert_type(User.publisher == Publisher(name="x"), Condition)
assert_type(~(Book.author == user) & (Book.title == "x"), Condition)

# members and related rows
assert_type(User.books.contains(book), Condition)
assert_type(~User.fans.contains(user), Condition)
assert_type(User.books.any(), Condition)
assert_type(User.books.any(Book.title == "x", id=3), Condition)
assert_type(Book.author.has(User.email == "x", age=3), Condition)
assert_type(Book.author.has(User.books.any(Book.title == "x")), Condition)

# columns over a relationship
assert_type(Book.author.to, type[User])
assert_type(Book.author.to.email, Column[str])
assert_type(Book.author.to.age, NullColumn[int])
assert_type(Book.author.to.publisher.to.name, Column[str])
assert_type(Book.author.to.email == "x", Condition)
assert_type(select(Book).where(Book.author.to.email == "x"), Select[Book])
assert_type(
    select(Book.author.to.email, func.count()).group_by(Book.author.to.email),
    Select[tuple[str, int]],
)
select(Book).order_by(Book.author.to.publisher.to.name.desc())
select(case((Book.author.to.age > 3, "old"), else_="young"))

# aliases
other, writer = aliased(Book), aliased(User)
assert_type(other.author == user, Condition)
assert_type(other.author.to.email, Column[str])
assert_type(writer.books.any(Book.title == "x"), Condition)
assert_type(User.books.of_type(other), ToMany[User, Book])
assert_type(Book.author.of_type(writer), ToOne[Book, User | None, User])
assert_type(User.books.of_type(other).any(other.title == "x"), Condition)
assert_type(select(User).join(User.books.of_type(other)), Select[User])
assert_type(select(writer).join(writer.books).where(Book.title == "x"), Select[User])
assert_type(select(User).join(other, User.books), Select[User])
assert_type(aliased(User, select(User).subquery()), type[User])
