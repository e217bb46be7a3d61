"""Models are typed: class access gives columns, instances give values, constructors are checked."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, assert_type
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field

from asyncorm import (
    JSONB,
    CheckConstraint,
    Column,
    Condition,
    DocumentColumn,
    ForeignKeyConstraint,
    Index,
    Mapped,
    MetaData,
    Model,
    NullColumn,
    Numeric,
    Related,
    ToMany,
    ToOne,
    UniqueConstraint,
    attribute_keyed_dict,
    column,
    foreign_key,
    func,
    generated,
    relationship,
    select,
)


class Base(Model):
    metadata = MetaData()


class Color(Enum):
    RED = "red"


class Settings(BaseModel):
    theme: str = "light"


class Timestamps(Base):
    created_at: Mapped[datetime] = column(server_default=func.now(), init=False)


class User(Timestamps, table="users"):
    model_config = ConfigDict(str_strip_whitespace=True)
    kind: ClassVar[str] = "user"

    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[Annotated[str, Field(max_length=50, pattern="@")]] = column(unique=True)
    age: Mapped[int | None] = column(default=None)
    active: Mapped[bool] = column(default=True)
    token: Mapped[UUID] = column(default_factory=uuid4)
    tags: Mapped[list[str]] = column(default_factory=list)
    settings: Mapped[Settings] = column(default_factory=Settings)
    color: Mapped[Color] = column(default=Color.RED)
    plan: Mapped[Literal["free", "paid"]] = column(default="free")
    extra: Mapped[dict[str, Any]] = column(JSONB, default_factory=dict)
    version: Mapped[int] = column(init=False, default=1)
    books: Related[list[Book]] = relationship(back_populates="author", cascade="all, delete-orphan")
    edited: Related[set[Book]] = relationship(foreign_keys="editor_id")
    profile: Related["Profile | None"] = relationship(back_populates="user")


class Profile(Base, table="profiles"):
    user_id: Mapped[int] = foreign_key(User.id, primary_key=True)
    text: Mapped[str] = column(server_default="")
    user: Related[User] = relationship(back_populates="profile")


class Book(Base, table="books", schema="library"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    price: Mapped[Decimal] = column(Numeric(10, 2))
    author_id: Mapped[int] = foreign_key("users.id", ondelete="CASCADE", index=True)
    editor_id: Mapped[int | None] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")
    editor: Related[User | None] = relationship()
    __table_args__ = (
        UniqueConstraint("author_id", "title"),
        Index("ix_title", func.lower("title")),
        CheckConstraint("title <> ''"),
        ForeignKeyConstraint(["editor_id"], ["users.id"]),
    )


# class access
assert_type(User.id, Column[int])
assert_type(User.email, Column[str])
assert_type(User.age, NullColumn[int])
assert_type(User.created_at, Column[datetime])
assert_type(User.settings, DocumentColumn[Settings])
assert_type(User.tags, Column[list[str]])
assert_type(User.email == "x", Condition)
assert_type(User.id == Book.editor_id, Condition)
assert_type(User.books, ToMany[User, Book])
assert_type(User.edited, ToMany[User, Book])
assert_type(User.profile, ToOne[User, Profile | None, Profile])
assert_type(Book.author, ToOne[Book, User, User])
assert_type(Book.editor, ToOne[Book, User | None, User])
assert_type(User.books.any(Book.title == "t"), Condition)
assert_type(Book.author.has(User.email == "x"), Condition)
assert_type(User.kind, str)
select(User).join(User.books).where(Book.title == "t")

# the constructor: what the database or a relationship fills may be left out
user = User(email="a@b.c")
User(email="a@b.c", age=3, active=False, token=uuid4(), tags=["x"], settings=Settings(), color=Color.RED)
User(email="a@b.c", plan="paid", extra={"a": 1}, books=[], profile=None)
book = Book(title="t", price=Decimal(1))
Book(id=1, title="t", price=Decimal(1), author=user)
Book(title="t", price=Decimal(1), author_id=3, editor_id=None, editor=None)
Profile(user=user, text="x")
Profile(text="x")
User(email="a@b.c", books=[book], edited={book}, profile=Profile(text=""))

# instance access
assert_type(user.id, int)
assert_type(user.email, str)
assert_type(user.age, int | None)
assert_type(user.settings, Settings)
assert_type(user.books, list[Book])
assert_type(user.edited, set[Book])
assert_type(user.profile, Profile | None)
assert_type(book.author.email, str)
assert_type(book.editor, User | None)
assert_type(book.author_id, int)

# assignment
user.email = "b@c.d"
user.age = None
user.id = 5
user.books = [book]
user.books.append(book)
book.author = user
book.editor = None

# a pydantic model
assert_type(User.model_validate({}), User)
assert_type(user.model_copy(), User)
assert_type(user.model_dump(), dict[str, Any])


# many-to-many, and dictionaries
class Page(Base, table="pages"):
    id: Mapped[int] = column(primary_key=True, init=False)
    links: Related[list[Page]] = relationship(secondary="page_link")
    words: Related[set[Word]] = relationship(secondary="page_word")
    notes: Related[dict[str, Note]] = relationship(
        collection_class=attribute_keyed_dict("title"), cascade="all, delete-orphan"
    )


class Word(Base, table="words"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Note(Base, table="notes"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    page_id: Mapped[int] = foreign_key(Page.id)


page = Page(links=[Page()], words={Word()}, notes={"a": Note(title="a")})
assert_type(Page.notes, ToMany[Page, Note])
assert_type(Page.words, ToMany[Page, Word])
assert_type(page.notes, dict[str, Note])
page.notes["b"] = Note(title="b")
page.notes = {}
