"""Models for whole trees: every kind of relationship, several levels deep."""

from __future__ import annotations

from asyncorm import (
    ForeignKeyConstraint,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    attribute_keyed_dict,
    column,
    foreign_key,
    relationship,
)


class Forest(Model):
    metadata = MetaData()


class Publisher(Forest, table="publisher"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    books: Related[list[Book]] = relationship(back_populates="publisher", order_by="id")


class Writer(Forest, table="writer"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    books: Related[list[Book]] = relationship(back_populates="writer", order_by="id")
    #: by title
    by_title: Related[dict[str, Book]] = relationship(
        collection_class=attribute_keyed_dict("title"), viewonly=True
    )
    profile: Related[Profile | None] = relationship(back_populates="writer")


class Profile(Forest, table="profile"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str] = column(default="")
    writer_id: Mapped[int | None] = foreign_key(Writer.id, unique=True)
    writer: Related[Writer | None] = relationship(back_populates="profile")


class Book(Forest, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    price: Mapped[int] = column(default=10)
    writer_id: Mapped[int | None] = foreign_key(Writer.id)
    publisher_id: Mapped[int | None] = foreign_key(Publisher.id)
    writer: Related[Writer | None] = relationship(back_populates="books")
    publisher: Related[Publisher | None] = relationship(back_populates="books")
    tags: Related[list[Tag]] = relationship(
        secondary="book_tag", back_populates="books", order_by="name"
    )
    #: an association object
    loans: Related[set[Loan]] = relationship(back_populates="book")


class Tag(Forest, table="tag"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    books: Related[list[Book]] = relationship(secondary="book_tag", back_populates="tags")


class Reader(Forest, table="reader"):
    name: Mapped[str] = column(primary_key=True)


class Loan(Forest, table="loan"):
    book_id: Mapped[int] = foreign_key(Book.id, primary_key=True)
    reader_name: Mapped[str] = foreign_key(Reader.name, primary_key=True)
    days: Mapped[int] = column(default=7)
    book: Related[Book] = relationship(back_populates="loans")
    reader: Related[Reader] = relationship()


class Branch(Forest, table="branch"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(default="")
    parent_id: Mapped[int | None] = foreign_key("branch.id")
    parent: Related[Branch | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Branch]] = relationship(back_populates="parent", order_by="id")


class Room(Forest, table="room"):
    house: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    chairs: Related[list[Chair]] = relationship(back_populates="room", order_by="id")


class Chair(Forest, table="chair"):
    id: Mapped[int] = column(primary_key=True, init=False)
    house: Mapped[str | None] = column(default=None)
    number: Mapped[int | None] = column(default=None)
    room: Related[Room | None] = relationship(back_populates="chairs")
    __table_args__ = (ForeignKeyConstraint(("house", "number"), ("room.house", "room.number")),)


async def plant(session: Session) -> None:
    """Two writers with books, one without; everything else hangs from the books."""
    acme, zen = Publisher(name="acme"), Publisher(name="zen")
    x, y, z = (Tag(name=name) for name in "xyz")
    ada, ben, cid = (Writer(name=name) for name in ("ada", "ben", "cid"))
    ada.profile = Profile(text="poet")
    ada.books = [
        Book(title="a1", price=3, publisher=acme, tags=[y, x]),
        Book(title="a2", price=1, publisher=acme, tags=[]),
        Book(title="a3", price=2, tags=[x]),
    ]
    ben.books = [Book(title="b1", price=9, publisher=zen, tags=[z, y, x])]
    nora = Reader(name="nora")
    ada.books[0].loans = {Loan(days=1, reader=nora), Loan(days=2, reader=Reader(name="omar"))}
    ben.books[0].loans = {Loan(days=3, reader=nora)}
    session.add_all([ada, ben, cid])
    for number in range(1, 8):
        session.add(Branch(id=number, name=f"n{number}", parent_id=number // 2 or None))
    hall = Room(house="h", number=1, chairs=[Chair(), Chair()])
    session.add_all([hall, Room(house="h", number=2, chairs=[Chair()]), Room(house="g", number=1)])
    await session.commit()
