"""A publishing house with relationships of every kind: the models of random loading.

Each entity has a rank to choose by, a name that no other row has, and a text that is deferred.
"""

from __future__ import annotations

from asyncorm import (
    ForeignKeyConstraint,
    Mapped,
    MetaData,
    Model,
    Related,
    attribute_keyed_dict,
    column,
    foreign_key,
    relationship,
)

OWNED = "all, delete-orphan"


class Imprint(Model):
    metadata = MetaData()
    rank: Mapped[int]
    name: Mapped[str]
    text: Mapped[str] = column(deferred=True, deferred_group="texts", default="")


class Publisher(Imprint, table="publisher"):
    id: Mapped[int] = column(primary_key=True)
    authors: Related[list[Author]] = relationship(back_populates="publisher", order_by="name")


class Author(Imprint, table="author"):
    id: Mapped[int] = column(primary_key=True)
    publisher_id: Mapped[int | None] = foreign_key(Publisher.id)
    mentor_id: Mapped[int | None] = foreign_key("author.id")
    publisher: Related[Publisher | None] = relationship(back_populates="authors")
    mentor: Related[Author | None] = relationship(back_populates="pupils", remote_side="id")
    pupils: Related[list[Author]] = relationship(back_populates="mentor")
    contract: Related[Contract | None] = relationship(back_populates="author", cascade=OWNED)
    books: Related[list[Book]] = relationship(back_populates="author")
    awards: Related[set[Award]] = relationship(secondary="author_award", back_populates="winners")


class Contract(Imprint, table="contract"):
    """An author has one at most."""

    id: Mapped[int] = column(primary_key=True)
    author_id: Mapped[int] = foreign_key(Author.id, unique=True)
    author: Related[Author] = relationship(back_populates="contract")


class Award(Imprint, table="award"):
    code: Mapped[str] = column(primary_key=True)
    winners: Related[list[Author]] = relationship(
        secondary="author_award", back_populates="awards", order_by="name"
    )


class Shelf(Imprint, table="shelf"):
    """Has a composite key."""

    room: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    books: Related[list[Book]] = relationship(back_populates="shelf", order_by="name")


class Book(Imprint, table="book"):
    id: Mapped[int] = column(primary_key=True)
    kind: Mapped[str] = column(init=False)
    author_id: Mapped[int | None] = foreign_key(Author.id)
    shelf_room: Mapped[str | None] = column(default=None)
    shelf_number: Mapped[int | None] = column(default=None)
    author: Related[Author | None] = relationship(back_populates="books")
    shelf: Related[Shelf | None] = relationship(back_populates="books")
    tags: Related[list[Tag]] = relationship(secondary="book_tag", back_populates="books")
    stocks: Related[list[Stock]] = relationship(back_populates="book", cascade=OWNED)
    chapters: Related[dict[int, Chapter]] = relationship(
        back_populates="book", collection_class=attribute_keyed_dict("number"), cascade=OWNED
    )
    __table_args__ = (
        ForeignKeyConstraint(("shelf_room", "shelf_number"), ("shelf.room", "shelf.number")),
    )
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "book"}


class Comic(Book):
    """In the table of books."""

    colours: Mapped[int] = column(default=4)
    __mapper_args__ = {"polymorphic_identity": "comic"}


class Atlas(Book, table="atlas"):
    """In a table of its own beside it."""

    id: Mapped[int] = foreign_key(Book.id, primary_key=True)
    maps: Mapped[int] = column(default=0)
    regions: Related[list[Region]] = relationship(back_populates="atlas")
    __mapper_args__ = {"polymorphic_identity": "atlas"}


class Region(Imprint, table="region"):
    id: Mapped[int] = column(primary_key=True)
    atlas_id: Mapped[int | None] = foreign_key(Atlas.id)
    atlas: Related[Atlas | None] = relationship(back_populates="regions")


class Tag(Imprint, table="tag"):
    id: Mapped[int] = column(primary_key=True)
    books: Related[set[Book]] = relationship(secondary="book_tag", back_populates="tags")


class Store(Imprint, table="store"):
    id: Mapped[int] = column(primary_key=True)
    stocks: Related[list[Stock]] = relationship(back_populates="store", cascade=OWNED)


class Stock(Imprint, table="stock"):
    """How many of a book a store has: both make its key."""

    book_id: Mapped[int] = foreign_key(Book.id, primary_key=True)
    store_id: Mapped[int] = foreign_key(Store.id, primary_key=True)
    book: Related[Book] = relationship(back_populates="stocks")
    store: Related[Store] = relationship(back_populates="stocks", lazy="joined")


class Chapter(Imprint, table="chapter"):
    """A book has one of a number."""

    id: Mapped[int] = column(primary_key=True)
    number: Mapped[int]
    book_id: Mapped[int] = foreign_key(Book.id)
    book: Related[Book] = relationship(back_populates="chapters")


Imprint.metadata.configure()
