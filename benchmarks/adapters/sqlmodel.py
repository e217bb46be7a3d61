"""SQLModel: its AsyncSession on asyncpg."""

# mypy: disable-error-code="call-arg"
# (`table=True` is an argument of a base class that is Any where SQLModel is missing)

# no `from __future__ import annotations`: relationships are read from annotations as they are

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Double, bindparam
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import Field, Relationship, SQLModel, col, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.adapter import Adapter, Row

BIG = BigInteger()
ZONED = DateTime(timezone=True)


class Person(SQLModel, table=True):
    """Ten mixed columns."""

    __tablename__ = "bench_person"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    name: str
    email: str
    age: int = Field(sa_type=BIG)
    balance: Decimal = Field(max_digits=12, decimal_places=2)
    active: bool
    created_at: datetime = Field(sa_type=ZONED)
    token: UUID
    score: float = Field(sa_type=Double)
    note: str | None = None


class Entry(SQLModel, table=True):
    """The same columns, for inserts."""

    __tablename__ = "bench_entry"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    name: str
    email: str
    age: int = Field(sa_type=BIG)
    balance: Decimal = Field(max_digits=12, decimal_places=2)
    active: bool
    created_at: datetime = Field(sa_type=ZONED)
    token: UUID
    score: float = Field(sa_type=Double)
    note: str | None = None


class Author(SQLModel, table=True):
    """Has books."""

    __tablename__ = "bench_author"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    name: str
    email: str
    born: int = Field(sa_type=BIG)
    books: list["Book"] = Relationship(
        back_populates="author", sa_relationship_kwargs={"order_by": "Book.id"}
    )


class Book(SQLModel, table=True):
    """Has an author."""

    __tablename__ = "bench_book"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    title: str
    year: int = Field(sa_type=BIG)
    price: float = Field(sa_type=Double)
    author_id: int = Field(foreign_key="bench_author.id", sa_type=BIG)
    author: Author = Relationship(back_populates="books")


class Order(SQLModel, table=True):
    """Has items."""

    __tablename__ = "bench_order"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    customer: str
    placed_at: datetime = Field(sa_type=ZONED)
    items: list["Item"] = Relationship(back_populates="order")


class Item(SQLModel, table=True):
    """Belongs to an order."""

    __tablename__ = "bench_item"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    order_id: int | None = Field(default=None, foreign_key="bench_order.id", sa_type=BIG)
    sku: str
    quantity: int = Field(sa_type=BIG)
    price: Decimal = Field(max_digits=12, decimal_places=2)
    order: Order = Relationship(back_populates="items")


class Account(SQLModel, table=True):
    """Counts its comments."""

    __tablename__ = "bench_account"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    name: str
    email: str
    comments: int = Field(sa_type=BIG)


class Comment(SQLModel, table=True):
    """Belongs to an account."""

    __tablename__ = "bench_comment"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    account_id: int = Field(foreign_key="bench_account.id", sa_type=BIG)
    body: str
    written_at: datetime = Field(sa_type=ZONED)


# statements that are built once, as with SQLAlchemy's ORM
GET = select(Person).where(Person.id == bindparam("key"))
FILTER = (
    select(Person)
    .where(Person.age == bindparam("years"), col(Person.id) <= 2_000)
    .order_by(Person.id)
    .limit(20)
)
LOAD = select(Person).where(col(Person.id) <= bindparam("count"))
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
    """A session for each call; SQLAlchemy's engine, statements and sessions, set up as there.

    No ``eager_nested``: no loader nests collections in one statement.
    """

    name = "SQLModel"
    kind = "orm"
    packages = ("sqlmodel", "sqlalchemy", "asyncpg")
    imports = "import sqlmodel.ext.asyncio.session, sqlalchemy.dialects.postgresql.asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
        )
        self.autocommit = async_sessionmaker(
            self.engine, class_=AsyncSession, expire_on_commit=False
        )
        units = self.engine.execution_options(isolation_level="READ COMMITTED")
        self.session = async_sessionmaker(units, class_=AsyncSession, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Person | None:
        # `session.get` was a tenth slower
        async with self.autocommit() as session:
            return (await session.exec(GET, params={"key": key})).one_or_none()

    async def filter(self, age: int) -> Sequence[Person]:
        async with self.autocommit() as session:
            return (await session.exec(FILTER, params={"years": age})).all()

    async def load(self, count: int) -> Sequence[Person]:
        async with self.autocommit() as session:
            return (await session.exec(LOAD, params={"count": count})).all()

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.autocommit() as session:
            return (await session.exec(SELECTIN)).all()

    async def eager_joined(self) -> Sequence[Author]:
        async with self.autocommit() as session:
            return (await session.exec(JOINED)).unique().all()

    async def books_with_author(self) -> Sequence[Book]:
        async with self.autocommit() as session:
            return (await session.exec(BOOKS)).all()

    async def insert_one(self, row: Row) -> int:
        entry = Entry(**row)
        async with self.autocommit() as session:
            session.add(entry)
            await session.commit()
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        # the bulk INSERT with RETURNING takes a third of the time of `add_all`
        async with self.session() as session:
            entries = (await session.exec(INSERT_ENTRIES, params=list(rows))).scalars().all()
            await session.commit()
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = await self.load(count)

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        values = [{"id": one.id, "name": one.name, "age": one.age} for one in self.people]
        async with self.session() as session:
            await session.exec(UPDATE_PEOPLE, params=values)
            await session.commit()

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
        assert comment.id is not None
        return comment.id

    async def copy(self, rows: Sequence[Row]) -> None:
        # by the driver's connection, to which SQLAlchemy's documentation points for this
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.copy_records_to_table(
                "bench_entry", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )
