"""asyncpg by hand, as people write it: SQL strings, dataclasses, executemany and fetchmany."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.adapter import Adapter, Row

PERSON = "id, name, email, age, balance, active, created_at, token, score, note"
AUTHOR = "id, name, email, born"
BOOK = "id, title, year, price, author_id"
INSERT_ENTRY = (
    "INSERT INTO bench_entry (name, email, age, balance, active, created_at, token, score, note) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id"
)


@dataclass(slots=True)
class Person:
    """A row of bench_person, or of bench_entry."""

    id: int | None
    name: str
    email: str
    age: int
    balance: Decimal
    active: bool
    created_at: datetime
    token: UUID
    score: float
    note: str | None


@dataclass(slots=True)
class Author:
    """A row of bench_author, and its books."""

    id: int
    name: str
    email: str
    born: int
    books: list[Book] = field(default_factory=list)


@dataclass(slots=True)
class Book:
    """A row of bench_book, and its author if that was asked for."""

    id: int
    title: str
    year: int
    price: float
    author_id: int
    author: Author | None = None


@dataclass(slots=True)
class Item:
    """A row of bench_item."""

    id: int | None
    sku: str
    quantity: int
    price: Decimal


@dataclass(slots=True)
class Order:
    """A row of bench_order, and its items."""

    id: int | None
    customer: str
    placed_at: datetime
    items: list[Item]


async def keep(connection: object) -> None:
    """No reset query when a connection goes back to the pool."""


class Library(Adapter):
    """The base of all ratios; its pool sends no reset query."""

    name = "asyncpg by hand"
    kind = "by hand"
    packages = ("asyncpg",)
    imports = "import asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        self.pool: Any = await asyncpg.create_pool(url, min_size=1, max_size=pool_size, reset=keep)
        self.people: list[Person] = []

    async def close(self) -> None:
        await self.pool.close()

    async def get(self, key: int) -> Person:
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(f"SELECT {PERSON} FROM bench_person WHERE id = $1", key)
        return Person(*row)

    async def filter(self, age: int) -> Sequence[Person]:
        sql = f"SELECT {PERSON} FROM bench_person WHERE age = $1 AND id <= $2 ORDER BY id LIMIT 20"
        async with self.pool.acquire() as connection:
            return [Person(*row) for row in await connection.fetch(sql, age, 2_000)]

    async def load(self, count: int) -> Sequence[Person]:
        sql = f"SELECT {PERSON} FROM bench_person WHERE id <= $1"
        async with self.pool.acquire() as connection:
            return [Person(*row) for row in await connection.fetch(sql, count)]

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(f"SELECT {AUTHOR} FROM bench_author ORDER BY id")
            authors = {row["id"]: Author(*row) for row in rows}
            sql = f"SELECT {BOOK} FROM bench_book WHERE author_id = ANY($1) ORDER BY id"
            for row in await connection.fetch(sql, list(authors)):
                authors[row["author_id"]].books.append(Book(*row))
        return list(authors.values())

    async def eager_joined(self) -> Sequence[Author]:
        sql = (
            "SELECT a.id, a.name, a.email, a.born, b.id, b.title, b.year, b.price, b.author_id "
            "FROM bench_author a LEFT JOIN bench_book b ON b.author_id = a.id ORDER BY a.id, b.id"
        )
        authors: dict[int, Author] = {}
        async with self.pool.acquire() as connection:
            for row in await connection.fetch(sql):
                author = authors.get(row[0])
                if author is None:
                    author = authors[row[0]] = Author(*row[:4])
                if row[4] is not None:
                    author.books.append(Book(*row[4:]))
        return list(authors.values())

    async def eager_nested(self) -> Sequence[Author]:
        sql = (
            "SELECT a.id, a.name, a.email, a.born, (SELECT json_agg("
            "json_build_array(b.id, b.title, b.year, b.price, b.author_id) ORDER BY b.id) "
            "FROM bench_book b WHERE b.author_id = a.id) FROM bench_author a ORDER BY a.id"
        )
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(sql)
        return [
            Author(key, name, email, born, _books(books)) for key, name, email, born, books in rows
        ]

    async def books_with_author(self) -> Sequence[Book]:
        sql = (
            "SELECT b.id, b.title, b.year, b.price, b.author_id, a.id, a.name, a.email, a.born "
            "FROM bench_book b JOIN bench_author a ON a.id = b.author_id ORDER BY b.id"
        )
        authors: dict[int, Author] = {}
        books = []
        async with self.pool.acquire() as connection:
            for row in await connection.fetch(sql):
                author = authors.get(row[5])
                if author is None:
                    author = authors[row[5]] = Author(*row[5:])
                book = Book(*row[:5])
                book.author = author
                books.append(book)
        return books

    async def insert_one(self, row: Row) -> int:
        entry = Person(None, **row)
        async with self.pool.acquire() as connection:
            entry.id = await connection.fetchval(INSERT_ENTRY, *_values(entry))
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Person]:
        entries = [Person(None, **row) for row in rows]
        async with self.pool.acquire() as connection, connection.transaction():
            keys = await connection.fetchmany(INSERT_ENTRY, [_values(entry) for entry in entries])
        for entry, (key,) in zip(entries, keys, strict=True):
            entry.id = key
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = list(await self.load(count))

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.executemany(
                "UPDATE bench_person SET name = $2, age = $3 WHERE id = $1",
                [(one.id, one.name, one.age) for one in self.people],
            )

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [
            Order(None, **head, items=[Item(None, **i) for i in items]) for head, items in orders
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            keys = await connection.fetchmany(
                "INSERT INTO bench_order (customer, placed_at) VALUES ($1, $2) RETURNING id",
                [(one.customer, one.placed_at) for one in made],
            )
            for one, (key,) in zip(made, keys, strict=True):
                one.id = key
            keys = await connection.fetchmany(
                "INSERT INTO bench_item (order_id, sku, quantity, price) "
                "VALUES ($1, $2, $3, $4) RETURNING id",
                [(one.id, i.sku, i.quantity, i.price) for one in made for i in one.items],
            )
            items = (item for one in made for item in one.items)
            for item, (key,) in zip(items, keys, strict=True):
                item.id = key
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT id, name, email, comments FROM bench_account WHERE id = $1", account
            )
            key: int = await connection.fetchval(
                "INSERT INTO bench_comment (account_id, body, written_at) "
                "VALUES ($1, $2, $3) RETURNING id",
                row["id"],
                body,
                datetime.now(UTC),
            )
            await connection.execute(
                "UPDATE bench_account SET comments = $2 WHERE id = $1",
                row["id"],
                row["comments"] + 1,
            )
        return key

    async def copy(self, rows: Sequence[Row]) -> None:
        async with self.pool.acquire() as connection:
            await connection.copy_records_to_table(
                "bench_entry", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )


def _books(document: str | None) -> list[Book]:
    """The books of a JSON document, in which 1.0 is written as 1."""
    return [
        Book(key, title, year, float(price), author)
        for key, title, year, price, author in json.loads(document or "[]")
    ]


def _values(entry: Person) -> tuple[Any, ...]:
    return (
        entry.name,
        entry.email,
        entry.age,
        entry.balance,
        entry.active,
        entry.created_at,
        entry.token,
        entry.score,
        entry.note,
    )
