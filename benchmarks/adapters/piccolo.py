"""Piccolo on asyncpg."""

# mypy: disable-error-code="call-arg"
# (`tablename` is an argument of a base class that is Any where Piccolo is missing)

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from piccolo.columns import (
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    DoublePrecision,
    ForeignKey,
    Numeric,
    Text,
    Timestamptz,
)
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table

from benchmarks.adapter import Adapter, Row


class Person(Table, tablename="bench_person"):
    """Ten mixed columns."""

    id = BigSerial(primary_key=True)
    name = Text()
    email = Text()
    age = BigInt()
    balance = Numeric(digits=(12, 2))
    active = Boolean()
    created_at = Timestamptz()
    token = UUID()
    score = DoublePrecision()
    note = Text(null=True, default=None)


class Entry(Table, tablename="bench_entry"):
    """The same columns, for inserts."""

    id = BigSerial(primary_key=True)
    name = Text()
    email = Text()
    age = BigInt()
    balance = Numeric(digits=(12, 2))
    active = Boolean()
    created_at = Timestamptz()
    token = UUID()
    score = DoublePrecision()
    note = Text(null=True, default=None)


class Author(Table, tablename="bench_author"):
    """Is referred to by books."""

    id = BigSerial(primary_key=True)
    name = Text()
    email = Text()
    born = BigInt()


class Book(Table, tablename="bench_book"):
    """Has an author."""

    id = BigSerial(primary_key=True)
    title = Text()
    year = BigInt()
    price = DoublePrecision()
    author = ForeignKey(references=Author, null=False, db_column_name="author_id")

    @property
    def author_id(self) -> Any:
        """The key of the author, which is fetched in the place of its key."""
        return self.author.id


class Order(Table, tablename="bench_order"):
    """Is referred to by items."""

    id = BigSerial(primary_key=True)
    customer = Text()
    placed_at = Timestamptz()
    items: list[Item]


class Item(Table, tablename="bench_item"):
    """Belongs to an order."""

    id = BigSerial(primary_key=True)
    order = ForeignKey(references=Order, null=False, db_column_name="order_id")
    sku = Text()
    quantity = BigInt()
    price = Numeric(digits=(12, 2))


class Account(Table, tablename="bench_account"):
    """Counts its comments."""

    id = BigSerial(primary_key=True)
    name = Text()
    email = Text()
    comments = BigInt()


class Comment(Table, tablename="bench_comment"):
    """Belongs to an account."""

    id = BigSerial(primary_key=True)
    account = ForeignKey(references=Account, null=False, db_column_name="account_id")
    body = Text()
    written_at = Timestamptz()


TABLES = (Person, Entry, Author, Book, Order, Item, Account, Comment)


async def keep(connection: object) -> None:
    """No reset query when a connection goes back to the pool."""


class Library(Adapter):
    """Table instances; the pool is asyncpg's own, and sends no reset query.

    None of the eager loads: rows that refer to a table cannot be fetched with it (reverse lookups
    are an open request), and grouping them by hand would not be the library. No ``copy`` either.
    ``freeze`` was of no use: it keeps a query with its values.
    """

    name = "Piccolo"
    kind = "orm"
    packages = ("piccolo", "asyncpg")
    imports = "import piccolo.table, piccolo.columns, piccolo.engine.postgres, asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        # statements of a thousand rows are prepared once too, which is a tenth of such an insert
        config = {"dsn": url, "max_cacheable_statement_size": 1_000_000}
        # it asks for the server's version, and blocks the thread that makes it meanwhile
        self.engine = await asyncio.to_thread(PostgresEngine, config=config)
        for table in TABLES:
            table._meta.db = self.engine
        await self.engine.start_connection_pool(min_size=1, max_size=pool_size, reset=keep)

    async def close(self) -> None:
        await self.engine.close_connection_pool()

    async def get(self, key: int) -> Person | None:
        return await Person.objects().get(Person.id == key)

    async def filter(self, age: int) -> Sequence[Person]:
        return await (
            Person.objects()
            .where(Person.age == age, Person.id <= 2_000)
            .order_by(Person.id)
            .limit(20)
        )

    async def load(self, count: int) -> Sequence[Person]:
        return await Person.objects().where(Person.id <= count)

    async def books_with_author(self) -> Sequence[Book]:
        return await Book.objects(Book.author).order_by(Book.id)

    async def insert_one(self, row: Row) -> int:
        entry = Entry(**row)
        await entry.save()
        key: int = entry.id
        return key

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        # one statement, so it is a transaction; RETURNING gives the entries their keys
        entries = [Entry(**row) for row in rows]
        await Entry.insert(*entries).returning(Entry.id)
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = await self.load(count)

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        # the documented upsert, one statement: a third of the time of `save` for each in a
        # transaction, but unlike an UPDATE it would bring back what was deleted meanwhile
        await Person.insert(*self.people).on_conflict(
            target=Person.id, action="DO UPDATE", values=[Person.name, Person.age]
        )

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [Order(**head) for head, _ in orders]
        async with self.engine.transaction():
            await Order.insert(*made).returning(Order.id)
            for one, (_, items) in zip(made, orders, strict=True):
                one.items = [Item(order=one.id, **item) for item in items]
            await Item.insert(*(item for one in made for item in one.items)).returning(Item.id)
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with self.engine.transaction():
            found: Any = await Account.objects().get(Account.id == account)
            comment = Comment(account=found.id, body=body, written_at=datetime.now(UTC))
            await comment.save()
            found.comments += 1
            await found.save(columns=[Account.comments])
        key: int = comment.id
        return key
