"""SQLAlchemy's Core: tables and expressions on AsyncConnection, without the ORM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.adapter import Adapter, Row

METADATA = MetaData()


def mixed_columns() -> list[Any]:
    """The ten columns of bench_person and bench_entry."""
    return [
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("name", Text, nullable=False),
        Column("email", Text, nullable=False),
        Column("age", BigInteger, nullable=False),
        Column("balance", Numeric(12, 2), nullable=False),
        Column("active", Boolean, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("token", Uuid, nullable=False),
        Column("score", Double, nullable=False),
        Column("note", Text),
    ]


person = Table("bench_person", METADATA, *mixed_columns())
entry = Table("bench_entry", METADATA, *mixed_columns())
author = Table(
    "bench_author",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("born", BigInteger, nullable=False),
)
book = Table(
    "bench_book",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("title", Text, nullable=False),
    Column("year", BigInteger, nullable=False),
    Column("price", Double, nullable=False),
    Column("author_id", ForeignKey(author.c.id), nullable=False),
)
order = Table(
    "bench_order",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("customer", Text, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False),
)
item = Table(
    "bench_item",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("order_id", ForeignKey(order.c.id), nullable=False),
    Column("sku", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("price", Numeric(12, 2), nullable=False),
)
account = Table(
    "bench_account",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("comments", BigInteger, nullable=False),
)
comment = Table(
    "bench_comment",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account_id", ForeignKey(account.c.id), nullable=False),
    Column("body", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
)


@dataclass(slots=True)
class Author:
    """An author with the rows of the books."""

    id: int
    name: str
    email: str
    born: int
    books: list[Any]


@dataclass(slots=True)
class Book:
    """A book with its author."""

    id: int
    title: str
    year: int
    price: float
    author_id: int
    author: Author | None


@dataclass(slots=True)
class Order:
    """An order with the rows of its items."""

    id: int
    customer: str
    placed_at: datetime
    items: list[Any]


# statements that are built once, as Core is used
GET = select(person).where(person.c.id == bindparam("key"))
FILTER = (
    select(person)
    .where(person.c.age == bindparam("years"), person.c.id <= 2_000)
    .order_by(person.c.id)
    .limit(20)
)
LOAD = select(person).where(person.c.id <= bindparam("count"))
AUTHORS = select(author).order_by(author.c.id)
# = ANY of one array: a sixth less than IN with as many parameters
BOOKS_OF = (
    select(book)
    .where(book.c.author_id == any_(bindparam("keys", type_=ARRAY(BigInteger))))
    .order_by(book.c.id)
)
JOINED = select(author, book).join(book, isouter=True).order_by(author.c.id, book.c.id)
BOOKS = select(book, author).join(author).order_by(book.c.id)
INSERT_ENTRY = insert(entry).returning(entry.c.id)
INSERT_ENTRIES = insert(entry).returning(entry, sort_by_parameter_order=True)
UPDATE_PERSON = (
    update(person)
    .where(person.c.id == bindparam("key"))
    .values(name=bindparam("new_name"), age=bindparam("new_age"))
)
INSERT_ORDERS = insert(order).returning(order, sort_by_parameter_order=True)
INSERT_ITEMS = insert(item).returning(item, sort_by_parameter_order=True)
GET_ACCOUNT = select(account).where(account.c.id == bindparam("key"))
INSERT_COMMENT = insert(comment).returning(comment.c.id)
UPDATE_ACCOUNT = (
    update(account)
    .where(account.c.id == bindparam("key"))
    .values(comments=bindparam("new_comments"))
)


class Library(Adapter):
    """A connection of the pool for each call; rows are its own ``Row``, with attributes.

    Dataclasses only where something hangs on a row, which cannot be changed. Sole statements run in
    autocommit, units in a transaction, as with the ORM.

    No ``eager_nested``: JSON would come as dicts without attributes.
    """

    name = "SQLAlchemy Core"
    kind = "builder"
    packages = ("sqlalchemy", "asyncpg")
    imports = "import sqlalchemy.ext.asyncio, sqlalchemy.dialects.postgresql.asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
        )
        self.units = self.engine.execution_options(isolation_level="READ COMMITTED")
        self.people: Sequence[Any] = []

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(GET, {"key": key})).one_or_none()

    async def filter(self, age: int) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(FILTER, {"years": age})).all()

    async def load(self, count: int) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(LOAD, {"count": count})).all()

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.engine.connect() as connection:
            rows = (await connection.execute(AUTHORS)).all()
            authors = {row.id: Author(row.id, row.name, row.email, row.born, []) for row in rows}
            for row in (await connection.execute(BOOKS_OF, {"keys": list(authors)})).all():
                authors[row.author_id].books.append(row)
        return list(authors.values())

    async def eager_joined(self) -> Sequence[Author]:
        authors: dict[int, Author] = {}
        async with self.engine.connect() as connection:
            for row in (await connection.execute(JOINED)).all():
                found = authors.get(row[0])
                if found is None:
                    found = authors[row[0]] = Author(row[0], row[1], row[2], row[3], [])
                if row[4] is not None:
                    found.books.append(Book(row[4], row[5], row[6], row[7], row[8], None))
        return list(authors.values())

    async def books_with_author(self) -> Sequence[Book]:
        authors: dict[int, Author] = {}
        books = []
        async with self.engine.connect() as connection:
            for row in (await connection.execute(BOOKS)).all():
                found = authors.get(row[5])
                if found is None:
                    found = authors[row[5]] = Author(row[5], row[6], row[7], row[8], [])
                books.append(Book(row[0], row[1], row[2], row[3], row[4], found))
        return books

    async def insert_one(self, row: Row) -> int:
        async with self.engine.connect() as connection:
            key: int = (await connection.execute(INSERT_ENTRY, row)).scalar_one()
        return key

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Any]:
        async with self.units.begin() as connection:
            return (await connection.execute(INSERT_ENTRIES, list(rows))).all()

    async def load_for_update(self, count: int) -> None:
        self.people = await self.load(count)

    async def update_loaded(self, name: str, age: int) -> None:
        values = [{"key": one.id, "new_name": name, "new_age": age} for one in self.people]
        async with self.units.begin() as connection:
            await connection.execute(UPDATE_PERSON, values)

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        async with self.units.begin() as connection:
            heads = await connection.execute(INSERT_ORDERS, [head for head, _ in orders])
            made = [Order(row.id, row.customer, row.placed_at, []) for row in heads]
            owned = [
                {"order_id": one.id, **values}
                for one, (_, items) in zip(made, orders, strict=True)
                for values in items
            ]
            rows = iter((await connection.execute(INSERT_ITEMS, owned)).all())
        for one, (_, items) in zip(made, orders, strict=True):
            one.items.extend(next(rows) for _ in items)
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with self.units.begin() as connection:
            row = (await connection.execute(GET_ACCOUNT, {"key": account})).one()
            values = {"account_id": row.id, "body": body, "written_at": datetime.now(UTC)}
            key: int = (await connection.execute(INSERT_COMMENT, values)).scalar_one()
            await connection.execute(
                UPDATE_ACCOUNT, {"key": row.id, "new_comments": row.comments + 1}
            )
        return key

    async def copy(self, rows: Sequence[Row]) -> None:
        # by the driver's connection, to which the documentation points for this
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.copy_records_to_table(
                entry.name, columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )
