"""Entities related in every way, for tests of the expressions on relationships."""

from __future__ import annotations

from asyncorm import (
    ForeignKeyConstraint,
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    relationship,
)


class Publishing(Model):
    metadata = MetaData()


class Publisher(Publishing, table="publisher"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[int | None] = foreign_key("users.id")
    owner: Related[User | None] = relationship()


class User(Publishing, table="users"):
    id: Mapped[int] = column(primary_key=True)
    email: Mapped[str]
    publisher_id: Mapped[int | None] = foreign_key(Publisher.id)
    publisher: Related[Publisher | None] = relationship(foreign_keys="publisher_id")
    books: Related[list[Book]] = relationship(back_populates="author", foreign_keys="author_id")
    edited: Related[list[Book]] = relationship(back_populates="editor", foreign_keys="editor_id")
    profile: Related[Profile | None] = relationship(back_populates="user")


class Profile(Publishing, table="profile"):
    """A user has one at most."""

    id: Mapped[int] = column(primary_key=True)
    text: Mapped[str] = column(default="")
    user_id: Mapped[int | None] = foreign_key(User.id, unique=True)
    user: Related[User | None] = relationship(back_populates="profile")


class Shelf(Publishing, table="shelf"):
    """Has a composite key."""

    room: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    books: Related[list[Book]] = relationship(back_populates="shelf")
    labels: Related[list[Tag]] = relationship(secondary="shelf_tag", back_populates="shelves")


class Book(Publishing, table="book"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int | None] = foreign_key(User.id)
    editor_id: Mapped[int | None] = foreign_key(User.id)
    shelf_room: Mapped[str | None] = column(default=None)
    shelf_number: Mapped[int | None] = column(default=None)
    author: Related[User | None] = relationship(back_populates="books", foreign_keys="author_id")
    editor: Related[User | None] = relationship(back_populates="edited", foreign_keys="editor_id")
    shelf: Related[Shelf | None] = relationship(back_populates="books")
    tags: Related[list[Tag]] = relationship(secondary="book_tag", back_populates="books")
    __table_args__ = (
        ForeignKeyConstraint(("shelf_room", "shelf_number"), ("shelf.room", "shelf.number")),
    )


class Tag(Publishing, table="tag"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    books: Related[list[Book]] = relationship(secondary="book_tag", back_populates="tags")
    shelves: Related[list[Shelf]] = relationship(secondary="shelf_tag", back_populates="labels")


class Node(Publishing, table="node"):
    """A tree."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = foreign_key("node.id")
    parent: Related[Node | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Node]] = relationship(back_populates="parent")
    friends: Related[list[Node]] = relationship(secondary="node_friend")


Publishing.metadata.configure()
