"""SQLAlchemy's ORM: AsyncSession on asyncpg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Numeric,
    Text,
    bindparam,
    insert,
    select,
    update,
)
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


# statements that are built once: a fifth less for a short query than building them in the call
GET = select(Person).where(Person.id == bindparam("key"))
FILTER = (
    select(Person)
    .where(Person.age == bindparam("years"), Person.id <= 2_000)
    .order_by(Person.id)
    .limit(20)
)
LOAD = select(Person).where(Person.id <= bindparam("count"))
SELECTIN = select(Author).options(selectinload(Author.books)).order_by(Author.id)
JOINED = select(Author).options(joinedload(Author.books)).order_by(Author.id)
BOOKS = select(Book).options(joinedload(Book.author, innerjoin=True)).order_by(Book.id)
# render_nulls: otherwise rows with and without NULL go into statements of their own
INSERT_ENTRIES = (
    insert(Entry)
    .returning(Entry, sort_by_parameter_order=True)
    .execution_options(render_nulls=True)
)
UPDATE_PEOPLE = update(Person)


class Library(Adapter):
    """A session for each call, as in a request of a web backend.

    One engine, whose pool serves two kinds of sessions: what is one statement (and the second one
    of selectinload) runs in autocommit, which saves BEGIN and ROLLBACK; units run in a transaction.
    Autocommit is the engine's own setting, since changing it for a checkout costs a tenth of a
    short query. The reset of the pool stays on: after a rollback it sends nothing, so that turning
    it off gains nothing.

    No ``eager_nested``: no loader nests collections in one statement.
    """

    name = "SQLAlchemy ORM"
    kind = "orm"
    packages = ("sqlalchemy", "asyncpg")
    imports = (
        "import sqlalchemy.ext.asyncio, sqlalchemy.orm, sqlalchemy.dialects.postgresql.asyncpg"
    )

    async def open(self, url: str, pool_size: int) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
        )
        self.autocommit = async_sessionmaker(self.engine, expire_on_commit=False)
        units = self.engine.execution_options(isolation_level="READ COMMITTED")
        self.session = async_sessionmaker(units, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Person | None:
        # `session.get` was a tenth slower
        async with self.autocommit() as session:
            return (await session.scalars(GET, {"key": key})).one_or_none()

    async def filter(self, age: int) -> Sequence[Person]:
        async with self.autocommit() as session:
            return (await session.scalars(FILTER, {"years": age})).all()

    async def load(self, count: int) -> Sequence[Person]:
        async with self.autocommit() as session:
            return (await session.scalars(LOAD, {"count": count})).all()

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.autocommit() as session:
            return (await session.scalars(SELECTIN)).all()

    async def eager_joined(self) -> Sequence[Author]:
        async with self.autocommit() as session:
            return (await session.scalars(JOINED)).unique().all()

    async def books_with_author(self) -> Sequence[Book]:
        async with self.autocommit() as session:
            return (await session.scalars(BOOKS)).all()

    async def insert_one(self, row: Row) -> int:
        entry = Entry(**row)
        async with self.autocommit() as session:
            session.add(entry)
            await session.commit()
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        # the bulk INSERT with RETURNING takes half the time of `add_all`
        async with self.session() as session:
            entries = (await session.scalars(INSERT_ENTRIES, list(rows))).all()
            await session.commit()
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = await self.load(count)

    async def update_loaded(self, name: str, age: int) -> None:
        # the bulk UPDATE by primary key takes three quarters of the time of a flush
        for one in self.people:
            one.name = name
            one.age = age
        values = [{"id": one.id, "name": one.name, "age": one.age} for one in self.people]
        async with self.session() as session:
            await session.execute(UPDATE_PEOPLE, values)
            await session.commit()

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        # the bulk statements know no relationships, so this is a flush
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
        # by the driver's connection, to which the documentation points for this
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.copy_records_to_table(
                Entry.__tablename__,
                columns=list(rows[0]),
                records=[tuple(row.values()) for row in rows],
            )
