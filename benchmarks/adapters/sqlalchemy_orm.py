"""SQLAlchemy's ORM: AsyncSession on asyncpg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Double, ForeignKey, Identity, Numeric, Text, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

from benchmarks.adapter import Adapter, Row


class Base(MappedAsDataclass, DeclarativeBase):
    """The models of the benchmark; the ``__init__`` of a dataclass is the quicker constructor."""

    type_annotation_map = {  # noqa: RUF012
        str: Text,
        int: BigInteger,
        float: Double,
        Decimal: Numeric(12, 2),
        datetime: DateTime(timezone=True),
    }


class Person(Base):
    """Ten mixed columns."""

    __tablename__ = "bench_person"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int]
    balance: Mapped[Decimal]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    token: Mapped[UUID]
    score: Mapped[float]
    note: Mapped[str | None]


class Entry(Base):
    """The same columns, for inserts."""

    __tablename__ = "bench_entry"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int]
    balance: Mapped[Decimal]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    token: Mapped[UUID]
    score: Mapped[float]
    note: Mapped[str | None]


class Author(Base):
    """Has books."""

    __tablename__ = "bench_author"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    born: Mapped[int]
    books: Mapped[list[Book]] = relationship(
        back_populates="author", order_by="Book.id", default_factory=list
    )


class Book(Base):
    """Has an author."""

    __tablename__ = "bench_book"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    title: Mapped[str]
    year: Mapped[int]
    price: Mapped[float]
    author_id: Mapped[int] = mapped_column(ForeignKey(Author.id), init=False)
    author: Mapped[Author] = relationship(back_populates="books")


class Order(Base):
    """Has items."""

    __tablename__ = "bench_order"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    customer: Mapped[str]
    placed_at: Mapped[datetime]
    items: Mapped[list[Item]] = relationship(back_populates="order")


class Item(Base):
    """Belongs to an order."""

    __tablename__ = "bench_item"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id), init=False)
    sku: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[Decimal]
    order: Mapped[Order] = relationship(back_populates="items", init=False)


class Account(Base):
    """Counts its comments."""

    __tablename__ = "bench_account"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    comments: Mapped[int]


class Comment(Base):
    """Belongs to an account."""

    __tablename__ = "bench_comment"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    body: Mapped[str]
    written_at: Mapped[datetime]


class Library(Adapter):
    """A session for each call, as in a request of a web backend.

    No ``eager_nested``: no loader nests collections in one statement.
    """

    name = "SQLAlchemy ORM"
    kind = "orm"
    packages = ("sqlalchemy", "asyncpg")
    imports = "import sqlalchemy.ext.asyncio, sqlalchemy.orm, sqlalchemy.dialects.postgresql.asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool_size,
            max_overflow=0,
        )
        self.session = async_sessionmaker(self.engine, expire_on_commit=False)
        statement = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.autocommit = async_sessionmaker(statement, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Person | None:
        async with self.autocommit() as session:
            return await session.get(Person, key)

    async def filter(self, age: int) -> Sequence[Person]:
        statement = (
            select(Person)
            .where(Person.age == age, Person.id <= 2_000)
            .order_by(Person.id)
            .limit(20)
        )
        async with self.autocommit() as session:
            return (await session.scalars(statement)).all()

    async def load(self, count: int) -> Sequence[Person]:
        async with self.autocommit() as session:
            return (await session.scalars(select(Person).where(Person.id <= count))).all()

    async def eager_selectin(self) -> Sequence[Author]:
        statement = select(Author).options(selectinload(Author.books)).order_by(Author.id)
        async with self.autocommit() as session:
            return (await session.scalars(statement)).all()

    async def eager_joined(self) -> Sequence[Author]:
        statement = select(Author).options(joinedload(Author.books)).order_by(Author.id)
        async with self.autocommit() as session:
            return (await session.scalars(statement)).unique().all()

    async def books_with_author(self) -> Sequence[Book]:
        statement = (
            select(Book).options(joinedload(Book.author, innerjoin=True)).order_by(Book.id)
        )
        async with self.autocommit() as session:
            return (await session.scalars(statement)).all()

    async def insert_one(self, row: Row) -> int:
        entry = Entry(**row)
        async with self.autocommit() as session:
            session.add(entry)
            await session.commit()
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        entries = [Entry(**row) for row in rows]
        async with self.session() as session:
            session.add_all(entries)
            await session.commit()
        return entries

    async def load_for_update(self, count: int) -> None:
        self.unit = self.session()
        self.people = (await self.unit.scalars(select(Person).where(Person.id <= count))).all()
        await self.unit.commit()

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        await self.unit.commit()

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [Order(**head, items=[Item(**item) for item in items]) for head, items in orders]
        async with self.session() as session:
            session.add_all(made)
            await session.commit()
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with self.session() as session:
            found = await session.get_one(Account, account)
            comment = Comment(account_id=found.id, body=body, written_at=datetime.now(UTC))
            session.add(comment)
            found.comments += 1
            await session.commit()
        return comment.id

    async def copy(self, rows: Sequence[Row]) -> None:
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.copy_records_to_table(
                Entry.__tablename__,
                columns=list(rows[0]),
                records=[tuple(row.values()) for row in rows],
            )
