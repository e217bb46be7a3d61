"""asyncorm: sessions with their unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    create_engine,
    foreign_key,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
)
from benchmarks.adapter import Adapter, Row


class Base(Model):
    """The models of the benchmark."""

    metadata = MetaData()


class Person(Base, table="bench_person"):
    """Ten mixed columns."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int]
    balance: Mapped[Decimal]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    token: Mapped[UUID]
    score: Mapped[float]
    note: Mapped[str | None] = column(default=None)


class Entry(Base, table="bench_entry"):
    """The same columns, for inserts."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int]
    balance: Mapped[Decimal]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    token: Mapped[UUID]
    score: Mapped[float]
    note: Mapped[str | None] = column(default=None)


class Author(Base, table="bench_author"):
    """Has books."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    born: Mapped[int]
    books: Related[list[Book]] = relationship(back_populates="author", order_by="id")


class Book(Base, table="bench_book"):
    """Has an author."""

    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    year: Mapped[int]
    price: Mapped[float]
    author_id: Mapped[int] = foreign_key(Author.id)
    author: Related[Author] = relationship(back_populates="books")


class Order(Base, table="bench_order"):
    """Has items."""

    id: Mapped[int] = column(primary_key=True, init=False)
    customer: Mapped[str]
    placed_at: Mapped[datetime]
    items: Related[list[Item]] = relationship(back_populates="order")


class Item(Base, table="bench_item"):
    """Belongs to an order."""

    id: Mapped[int] = column(primary_key=True, init=False)
    order_id: Mapped[int] = foreign_key(Order.id)
    sku: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[Decimal]
    order: Related[Order] = relationship(back_populates="items")


class Account(Base, table="bench_account"):
    """Counts its comments."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    comments: Mapped[int]


class Comment(Base, table="bench_comment"):
    """Belongs to an account."""

    id: Mapped[int] = column(primary_key=True, init=False)
    account_id: Mapped[int] = foreign_key(Account.id)
    body: Mapped[str]
    written_at: Mapped[datetime]


class Library(Adapter):
    """A session for each call, as in a request of a web backend."""

    name = "asyncorm"
    kind = "orm"
    packages = ("asyncorm",)
    imports = (
        "from asyncorm import Mapped, Model, Session, column, create_engine, relationship, select"
    )

    async def open(self, url: str, pool_size: int) -> None:
        self.engine: Engine = create_engine(url, pool_size=pool_size)
        self.session = Session(self.engine)

    async def close(self) -> None:
        await self.session.close()
        await self.engine.dispose()

    async def get(self, key: int) -> Person | None:
        async with Session(self.engine) as session:
            return await session.get(Person, key)

    async def filter(self, age: int) -> Sequence[Person]:
        async with Session(self.engine) as session:
            return await session.all(
                select(Person)
                .where(Person.age == age, Person.id <= 2_000)
                .order_by(Person.id)
                .limit(20)
            )

    async def load(self, count: int) -> Sequence[Person]:
        async with Session(self.engine) as session:
            return await session.all(select(Person).where(Person.id <= count))

    async def eager_selectin(self) -> Sequence[Author]:
        async with Session(self.engine) as session:
            return await session.all(
                select(Author).options(selectinload(Author.books)).order_by(Author.id)
            )

    async def eager_joined(self) -> Sequence[Author]:
        async with Session(self.engine) as session:
            return await session.all(
                select(Author).options(joinedload(Author.books)).order_by(Author.id)
            )

    async def eager_nested(self) -> Sequence[Author]:
        async with Session(self.engine) as session:
            return await session.all(
                select(Author).options(nestedload(Author.books)).order_by(Author.id)
            )

    async def books_with_author(self) -> Sequence[Book]:
        async with Session(self.engine) as session:
            return await session.all(
                select(Book).options(joinedload(Book.author)).order_by(Book.id)
            )

    async def insert_one(self, row: Row) -> int:
        async with Session(self.engine) as session:
            entry = Entry(**row)
            session.add(entry)
            await session.commit()
            return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        async with Session(self.engine) as session:
            entries = [Entry(**row) for row in rows]
            session.add_all(entries)
            await session.commit()
            return entries

    async def load_for_update(self, count: int) -> None:
        await self.session.close()
        self.session = Session(self.engine)
        self.people = await self.session.all(select(Person).where(Person.id <= count))
        await self.session.commit()

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        await self.session.commit()

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        async with Session(self.engine) as session:
            made = [Order(**head, items=[Item(**item) for item in items]) for head, items in orders]
            session.add_all(made)
            await session.commit()
            return made

    async def mixed(self, account: int, body: str) -> int:
        async with Session(self.engine) as session:
            found = await session.get_one(Account, account)
            comment = Comment(account_id=found.id, body=body, written_at=datetime.now(UTC))
            session.add(comment)
            found.comments += 1
            await session.commit()
            return comment.id

    async def copy(self, rows: Sequence[Row]) -> None:
        async with Session(self.engine) as session:
            await session.copy_in(Entry, rows)
            await session.commit()
