"""What is wrong in expressions on relationships; checkers report the marked lines and no other."""

from __future__ import annotations

from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.statements.update import update
from asyncorm.sql.statements.select import select
from asyncorm.sql.sources import aliased


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Model, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")


class Review(Model, table="review"):
    id: Mapped[int] = column(primary_key=True, init=False)
    book_id: Mapped[int] = foreign_key(Book.id)
    book: Related[Book] = relationship(primaryjoin="Review.book_id == Book.id")  # E text


user = User(email="ada@example.org")
book = Book(title="t")
alias = aliased(Book)

select(Book).where(Book.author == book)  # E an object of another class
select(Book).where(Book.author != 5)  # E a value is no object
select(Book).where(Book.author.in_([book]))  # E objects of another class
select(Book).where(Book.author.is_(user))  # E is_() is for None
select(Book).where(User.books == book)  # E a collection is not compared
select(Book).where(alias.author == book)  # E an object of another class
select(User).where(User.books.contains(user))  # E no member of it
select(User).where(User.books.any("x"))  # E no condition
select(User).where(User.books.any(True))  # E no condition
select(Book).where(Book.author.has(User.email))  # E a text is no condition
select(Book).where(Book.author.has(User.email == 5))  # E compares str with int
select(Book).where(Book.author.to.email == 5)  # E compares str with int
select(Book).where(Book.author.to.nothing == 5)  # E no such column
select(Book).where(Book.author.to)  # E no condition
select(User).where(User.books.to.title == "x")  # E a collection has no .to
select(User).where(User.books.has(Book.title == "x"))  # E has() is for one object
select(Book).where(Book.author.any(User.email == "x"))  # E any() is for collections
select(User).where(User.books.of_type(alias).any(alias.title == 5))  # E compares str with int
update(Book).where(Book.author)  # E no condition
