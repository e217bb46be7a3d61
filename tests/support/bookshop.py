"""A small bookshop: the models that the tests of sessions work with."""

from __future__ import annotations

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, func, relationship


class Bookshop(Model):
    metadata = MetaData()


class Author(Bookshop, table="author"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    age: Mapped[int | None] = column(default=None)
    books: Related[list[Book]] = relationship(back_populates="author", order_by="id")


class Book(Bookshop, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int | None] = foreign_key(Author.id)
    author: Related[Author | None] = relationship(back_populates="books")


class Shelf(Bookshop, table="shelf"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(server_default=func.lower("SHELF"))
    boxes: Related[set[Box]] = relationship(back_populates="shelf", cascade="all")
    labels: Related[list[Label]] = relationship(cascade="all")


class Box(Bookshop, table="box"):
    id: Mapped[int] = column(primary_key=True, init=False)
    size: Mapped[int]
    shelf_id: Mapped[int] = foreign_key(Shelf.id)
    shelf: Related[Shelf] = relationship(back_populates="boxes")


class Label(Bookshop, table="label"):
    """Its shelf is not mapped from this side."""

    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    shelf_id: Mapped[int | None] = foreign_key(Shelf.id)


class Note(Bookshop, table="note"):
    """Known to its author only by itself."""

    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    author_id: Mapped[int | None] = foreign_key(Author.id)
    author: Related[Author | None] = relationship()


class Drawer(Bookshop, table="drawer"):
    """Knows its items, which do not know it."""

    id: Mapped[int] = column(primary_key=True, init=False)
    size: Mapped[int]
    items: Related[list[Item]] = relationship()


class Item(Bookshop, table="item"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    drawer_id: Mapped[int | None] = foreign_key(Drawer.id)


class Owner(Bookshop, table="owner"):
    code: Mapped[str] = column(primary_key=True)
    passport: Related[Passport | None] = relationship(back_populates="owner")


class Passport(Bookshop, table="passport"):
    id: Mapped[int] = column(primary_key=True, init=False)
    owner_code: Mapped[str | None] = foreign_key(Owner.code)
    owner: Related[Owner | None] = relationship(back_populates="passport")


class Country(Bookshop, table="country"):
    code: Mapped[str] = column(primary_key=True)
    name: Mapped[str] = column(unique=True)


class Slot(Bookshop, table="slot"):
    row: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    note: Mapped[str | None] = column(default=None)
