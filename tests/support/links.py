"""Many-to-many relationships of every kind."""

from __future__ import annotations

from asyncorm.mapping.keyed_dict import attribute_keyed_dict
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData


class Linked(Model):
    metadata = MetaData()


class Book(Linked, table="book"):
    """Known to its tags, and they to it; the link table is made automatically."""

    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str] = column(default="")
    tags: Related[list[Tag]] = relationship(
        secondary="book_tag", back_populates="books", order_by="name"
    )
    #: a mapped class as link table, known from this side only
    readers: Related[set[Reader]] = relationship(secondary="reading")


class Tag(Linked, table="tag"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    books: Related[list[Book]] = relationship(secondary="book_tag", back_populates="tags")


class Reader(Linked, table="reader"):
    name: Mapped[str] = column(primary_key=True)


class Reading(Linked, table="reading"):
    """Its keys leave what becomes of its rows to the flush."""

    book_id: Mapped[int] = foreign_key(Book.id, primary_key=True)
    reader: Mapped[str] = foreign_key(Reader.name, primary_key=True, onupdate="CASCADE")
    page: Mapped[int] = column(server_default="0")


class Person(Linked, table="person"):
    """Friends are linked from one side, followers from both."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    friends: Related[list[Person]] = relationship(secondary="friendship")
    followers: Related[list[Person]] = relationship(secondary="follow", back_populates="following")
    following: Related[list[Person]] = relationship(secondary="follow", back_populates="followers")


class Seat(Linked, table="seat"):
    """Has a composite key."""

    row: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    guests: Related[set[Guest]] = relationship(secondary="seat_guest", back_populates="seats")


class Guest(Linked, table="guest"):
    name: Mapped[str] = column(primary_key=True)
    seats: Related[set[Seat]] = relationship(secondary="seat_guest", back_populates="guests")


class Shop(Linked, table="shop"):
    """Its offers belong to one shop only, and go with it."""

    id: Mapped[int] = column(primary_key=True, init=False)
    offers: Related[list[Offer]] = relationship(
        secondary="shop_offer", cascade="all, delete-orphan", single_parent=True
    )


class Offer(Linked, table="offer"):
    id: Mapped[int] = column(primary_key=True, init=False)
    details: Related[list[Detail]] = relationship(cascade="all, delete-orphan")


class Detail(Linked, table="detail"):
    id: Mapped[int] = column(primary_key=True, init=False)
    offer_id: Mapped[int] = foreign_key(Offer.id)


class Page(Linked, table="page"):
    """Its notes and words are found by what they are called."""

    id: Mapped[int] = column(primary_key=True, init=False)
    notes: Related[dict[str, Note]] = relationship(
        back_populates="page",
        collection_class=attribute_keyed_dict("title"),
        cascade="all, delete-orphan",
    )
    words: Related[dict[str, Word]] = relationship(
        secondary="page_word",
        back_populates="pages",
        collection_class=attribute_keyed_dict("text"),
    )


class Note(Linked, table="note"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    page_id: Mapped[int] = foreign_key(Page.id)
    page: Related[Page] = relationship(back_populates="notes")


class Word(Linked, table="word"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    pages: Related[set[Page]] = relationship(
        secondary="page_word", back_populates="words", collection_class=set
    )
