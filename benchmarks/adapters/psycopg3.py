"""psycopg 3 by hand: its C implementation, asynchronous connections and their pool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from psycopg import AsyncRawCursor
from psycopg.rows import args_row
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool

from benchmarks.adapter import Adapter, Row
from benchmarks.adapters.asyncpg_best import (
    AUTHORS,
    BOOKS,
    BOOKS_WITH_AUTHOR,
    ENTRY,
    FILTER,
    GET,
    INSERT_GRAPH,
    INSERT_MANY,
    INSERT_ONE,
    JOINED,
    LOAD,
    NESTED,
    UPDATE_MANY,
)
from benchmarks.adapters.asyncpg_by_hand import Author, Book, Item, Order, Person

COLUMNS = ENTRY.split(", ")
ENTRY_TYPES = ["text", "text", "int8", "numeric", "bool", "timestamptz", "uuid", "float8", "text"]
values = attrgetter(*COLUMNS)
BALANCE = COLUMNS.index("balance")


async def write_arrays_as_binary(connection: Any) -> None:
    """Text is the default of lists, and takes three times the CPU of an insert of 1,000 rows."""
    connection.adapters.register_dumper(list, ListBinaryDumper)


class Library(Adapter):
    """Binary results and arrays, rows made by ``args_row``, a pipeline for what is independent.

    ``class_row`` takes 1.7 times the CPU for 1,000 rows. Inserts by ``executemany`` with
    ``returning`` take three times the CPU of arrays; keys from ``nextval`` and a COPY take 0.85 of
    it, but two round trips more and no less time. The whole mixed unit in a pipeline is two round
    trips instead of four, but takes a fifth more CPU and, without a delay, more time.
    """

    name = "psycopg 3"
    kind = "by hand"
    packages = ("psycopg", "psycopg-binary", "psycopg-pool")
    imports = "import psycopg, psycopg_pool"

    async def open(self, url: str, pool_size: int) -> None:
        # prepared from the first use on; raw cursors have the places of the server ($1), so
        # queries are not translated
        settings = {"autocommit": True, "prepare_threshold": 0, "cursor_factory": AsyncRawCursor}
        self.pool: Any = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            kwargs=settings,
            configure=write_arrays_as_binary,
            open=False,
        )
        await self.pool.open(wait=True)

    async def close(self) -> None:
        await self.pool.close()

    async def rows(self, sql: str, parameters: Sequence[Any] = (), make: Any = None) -> Any:
        """What a query returns, as tuples or made by a class."""
        async with self.pool.connection() as connection:
            factory = {} if make is None else {"row_factory": args_row(make)}
            cursor = connection.cursor(binary=True, **factory)
            await cursor.execute(sql, parameters)
            return await cursor.fetchall()

    async def get(self, key: int) -> Person:
        found: Person = (await self.rows(GET, (key,), Person))[0]
        return found

    async def filter(self, age: int) -> Sequence[Person]:
        people: list[Person] = await self.rows(FILTER, (age, 2_000), Person)
        return people

    async def load(self, count: int) -> Sequence[Person]:
        people: list[Person] = await self.rows(LOAD, (count,), Person)
        return people

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.pool.connection() as connection:
            cursor = connection.cursor(binary=True, row_factory=args_row(Author))
            await cursor.execute(AUTHORS)
            authors = {author.id: author for author in await cursor.fetchall()}
            cursor = connection.cursor(binary=True, row_factory=args_row(Book))
            await cursor.execute(BOOKS, (list(authors),))
            for book in await cursor.fetchall():
                authors[book.author_id].books.append(book)
        return list(authors.values())

    async def eager_joined(self) -> Sequence[Author]:
        authors: list[Author] = []
        last, append = None, list[Book]().append
        for row in await self.rows(JOINED):
            if row[0] != last:
                author = Author(*row[:4])
                authors.append(author)
                last, append = row[0], author.books.append
            if row[4] is not None:
                append(Book(*row[4:]))
        return authors

    async def eager_nested(self) -> Sequence[Author]:
        return [
            Author(key, name, email, born, [] if columns[0] is None else list(map(Book, *columns)))
            for key, name, email, born, *columns in await self.rows(NESTED)
        ]

    async def books_with_author(self) -> Sequence[Book]:
        authors: dict[int, Author] = {}
        books = []
        rows = await self.rows(BOOKS_WITH_AUTHOR)
        for key, title, year, price, author_key, _, name, email, born in rows:
            author = authors.get(author_key)
            if author is None:
                author = authors[author_key] = Author(author_key, name, email, born)
            books.append(Book(key, title, year, price, author_key, author))
        return books

    async def insert_one(self, row: Row) -> int:
        entry = Person(None, **row)
        ((entry.id,),) = await self.rows(INSERT_ONE, values(entry))
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Person]:
        entries = [Person(None, **row) for row in rows]
        columns: list[list[Any]] = list(map(list, zip(*map(values, entries), strict=True)))
        columns[BALANCE] = list(map(str, columns[BALANCE]))
        keys = await self.rows(INSERT_MANY, columns)
        for entry, (key,) in zip(entries, sorted(keys), strict=True):
            entry.id = key
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = list(await self.load(count))

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        keys = [one.id for one in self.people]
        names = [one.name for one in self.people]
        ages = [one.age for one in self.people]
        async with self.pool.connection() as connection:
            await connection.execute(UPDATE_MANY, (keys, names, ages))

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [
            Order(None, **head, items=[Item(None, **i) for i in items]) for head, items in orders
        ]
        items = [item for one in made for item in one.items]
        ((order_keys, item_keys),) = await self.rows(
            INSERT_GRAPH,
            (
                [one.customer for one in made],
                [one.placed_at for one in made],
                [place for place, one in enumerate(made, 1) for _ in one.items],
                [item.sku for item in items],
                [item.quantity for item in items],
                [str(item.price) for item in items],
            ),
        )
        for one, key in zip(made, order_keys, strict=True):
            one.id = key
        for item, key in zip(items, item_keys, strict=True):
            item.id = key
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with self.pool.connection() as connection:
            async with connection.transaction():
                found = await connection.execute(
                    "SELECT id, name, email, comments FROM bench_account WHERE id = $1", (account,)
                )
                account_key, _, _, comments = await found.fetchone()
                async with connection.pipeline():
                    added = await connection.execute(
                        "INSERT INTO bench_comment (account_id, body, written_at) "
                        "VALUES ($1, $2, $3) RETURNING id",
                        (account_key, body, datetime.now(UTC)),
                    )
                    await connection.execute(
                        "UPDATE bench_account SET comments = $2 WHERE id = $1",
                        (account_key, comments + 1),
                    )
            key: int = (await added.fetchone())[0]
        return key

    async def copy(self, rows: Sequence[Row]) -> None:
        async with self.pool.connection() as connection:
            sql = f"COPY bench_entry ({ENTRY}) FROM STDIN (FORMAT BINARY)"
            async with connection.cursor() as cursor, cursor.copy(sql) as copy:
                copy.set_types(ENTRY_TYPES)
                for row in rows:
                    await copy.write_row(tuple(row.values()))
