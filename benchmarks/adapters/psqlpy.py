"""psqlpy by hand: a driver in Rust (tokio-postgres)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from psqlpy import ConnectionPool
from psqlpy.extra_types import (
    BoolArray,
    DateTimeTZArray,
    Float64Array,
    Int64Array,
    NumericArray,
    TextArray,
    UUIDArray,
)

from benchmarks.adapter import Adapter, Row
from benchmarks.adapters.asyncpg_best import (
    AUTHORS,
    BOOKS,
    BOOKS_WITH_AUTHOR,
    FILTER,
    GET,
    INSERT_GRAPH,
    JOINED,
    LOAD,
    NESTED,
    UPDATE_MANY,
)
from benchmarks.adapters.asyncpg_by_hand import INSERT_ENTRY, Author, Book, Item, Order, Person

ENTRY = "name, email, age, balance, active, created_at, token, score, note"
ENTRY_ARRAYS = (
    TextArray,
    TextArray,
    Int64Array,
    NumericArray,
    BoolArray,
    DateTimeTZArray,
    UUIDArray,
    Float64Array,
    TextArray,
)
INSERT_MANY = f"""
    INSERT INTO bench_entry ({ENTRY})
    SELECT {ENTRY} FROM unnest($1::text[], $2::text[], $3::bigint[], $4::numeric[], $5::bool[],
        $6::timestamptz[], $7::uuid[], $8::float8[], $9::text[])
        WITH ORDINALITY AS given ({ENTRY}, place)
    ORDER BY place RETURNING id
"""
INSERT_COMMENT = (
    "INSERT INTO bench_comment (account_id, body, written_at) VALUES ($1, $2, $3) RETURNING id"
)
UPDATE_ACCOUNT = "UPDATE bench_account SET comments = $2 WHERE id = $1"
values = attrgetter(*ENTRY.split(", "))


def people(rows: Sequence[tuple[Any, ...]]) -> list[Person]:
    """Entities of rows; the driver reads a uuid as text."""
    return [
        Person(key, name, email, age, balance, active, created_at, UUID(token), score, note)
        for key, name, email, age, balance, active, created_at, token, score, note in rows
    ]


class Library(Adapter):
    """Rows as tuples, typed arrays for many rows, a pipeline for what is independent.

    Tuples made into dataclasses take half the time of ``as_class`` and of a row factory.
    ``prepared=False`` is slower, and a pipeline of 1,000 inserts takes twelve times the CPU of
    arrays. The pipeline of the mixed unit saves a round trip, and no CPU. ``copy_records_to_table``
    of 0.13.1 stops for good now and then, at 10,000 rows after a few calls: its threads wait for
    each other and the server for rows, which the table shows as no answer.
    """

    name = "psqlpy"
    kind = "by hand"
    packages = ("psqlpy",)
    imports = "import psqlpy"

    async def open(self, url: str, pool_size: int) -> None:
        self.pool = ConnectionPool(dsn=url, max_db_pool_size=pool_size)

    async def close(self) -> None:
        self.pool.close()

    async def get(self, key: int) -> Person:
        async with self.pool.acquire() as connection:
            found = await connection.fetch_row(GET, [key])
        return people([found.result(as_tuple=True)])[0]

    async def filter(self, age: int) -> Sequence[Person]:
        async with self.pool.acquire() as connection:
            found = await connection.fetch(FILTER, [age, 2_000])
        return people(found.result(as_tuple=True))

    async def load(self, count: int) -> Sequence[Person]:
        async with self.pool.acquire() as connection:
            found = await connection.fetch(LOAD, [count])
        return people(found.result(as_tuple=True))

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            found = await connection.fetch(AUTHORS)
            authors = {row[0]: Author(*row) for row in found.result(as_tuple=True)}
            found = await connection.fetch(BOOKS, [Int64Array(list(authors))])
        for row in found.result(as_tuple=True):
            authors[row[4]].books.append(Book(*row))
        return list(authors.values())

    async def eager_joined(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            found = await connection.fetch(JOINED)
        authors: list[Author] = []
        last, append = None, list[Book]().append
        for row in found.result(as_tuple=True):
            if row[0] != last:
                author = Author(*row[:4])
                authors.append(author)
                last, append = row[0], author.books.append
            if row[4] is not None:
                append(Book(*row[4:]))
        return authors

    async def eager_nested(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            found = await connection.fetch(NESTED)
        return [
            Author(key, name, email, born, [] if columns[0] is None else list(map(Book, *columns)))
            for key, name, email, born, *columns in found.result(as_tuple=True)
        ]

    async def books_with_author(self) -> Sequence[Book]:
        async with self.pool.acquire() as connection:
            found = await connection.fetch(BOOKS_WITH_AUTHOR)
        authors: dict[int, Author] = {}
        books = []
        rows = found.result(as_tuple=True)
        for key, title, year, price, author_key, _, name, email, born in rows:
            author = authors.get(author_key)
            if author is None:
                author = authors[author_key] = Author(author_key, name, email, born)
            books.append(Book(key, title, year, price, author_key, author))
        return books

    async def insert_one(self, row: Row) -> int:
        entry = Person(None, **row)
        async with self.pool.acquire() as connection:
            entry.id = await connection.fetch_val(INSERT_ENTRY, values(entry))
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Person]:
        entries = [Person(None, **row) for row in rows]
        columns = zip(*map(values, entries), strict=True)
        arrays = [array(list(column)) for array, column in zip(ENTRY_ARRAYS, columns, strict=True)]
        async with self.pool.acquire() as connection:
            keys = await connection.fetch(INSERT_MANY, arrays)
        for entry, (key,) in zip(entries, sorted(keys.result(as_tuple=True)), strict=True):
            entry.id = key
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = list(await self.load(count))

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        keys = Int64Array([one.id for one in self.people])
        names = TextArray([one.name for one in self.people])
        ages = Int64Array([one.age for one in self.people])
        async with self.pool.acquire() as connection:
            await connection.execute(UPDATE_MANY, [keys, names, ages])

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [
            Order(None, **head, items=[Item(None, **i) for i in items]) for head, items in orders
        ]
        items = [item for one in made for item in one.items]
        async with self.pool.acquire() as connection:
            keys = await connection.fetch_row(
                INSERT_GRAPH,
                [
                    TextArray([one.customer for one in made]),
                    DateTimeTZArray([one.placed_at for one in made]),
                    Int64Array([place for place, one in enumerate(made, 1) for _ in one.items]),
                    TextArray([item.sku for item in items]),
                    Int64Array([item.quantity for item in items]),
                    TextArray([str(item.price) for item in items]),
                ],
            )
        order_keys, item_keys = keys.result(as_tuple=True)
        for one, key in zip(made, order_keys, strict=True):
            one.id = key
        for item, key in zip(items, item_keys, strict=True):
            item.id = key
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with self.pool.acquire() as connection, connection.transaction() as transaction:
            found = await transaction.fetch_row(
                "SELECT id, name, email, comments FROM bench_account WHERE id = $1", [account]
            )
            account_key, _, _, comments = found.result(as_tuple=True)
            added, _ = await transaction.pipeline(
                [
                    (INSERT_COMMENT, [account_key, body, datetime.now(UTC)]),
                    (UPDATE_ACCOUNT, [account_key, comments + 1]),
                ]
            )
        key: int = added.result(as_tuple=True)[0][0]
        return key

    async def copy(self, rows: Sequence[Row]) -> None:
        async with self.pool.acquire() as connection:
            await connection.copy_records_to_table(
                "bench_entry", [tuple(row.values()) for row in rows], list(rows[0])
            )
