"""asyncpg by hand, as somebody writes it who has measured: few statements, arrays, autocommit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import starmap
from operator import attrgetter
from typing import Any

import asyncpg

from benchmarks.adapter import Adapter, Row
from benchmarks.adapters.asyncpg_by_hand import Author, Book, Item, Order, Person, keep

PERSON = "id, name, email, age, balance, active, created_at, token, score, note"
GET = f"SELECT {PERSON} FROM bench_person WHERE id = $1"
FILTER = f"SELECT {PERSON} FROM bench_person WHERE age = $1 AND id <= $2 ORDER BY id LIMIT 20"
LOAD = f"SELECT {PERSON} FROM bench_person WHERE id <= $1"
AUTHORS = "SELECT id, name, email, born FROM bench_author ORDER BY id"
BOOKS = (
    "SELECT id, title, year, price, author_id FROM bench_book WHERE author_id = ANY($1) ORDER BY id"
)
JOINED = (
    "SELECT a.id, a.name, a.email, a.born, b.id, b.title, b.year, b.price, b.author_id "
    "FROM bench_author a LEFT JOIN bench_book b ON b.author_id = a.id ORDER BY a.id, b.id"
)
# one array a column; arrays of records, and JSON, take longer to read
NESTED = """
    SELECT a.id, a.name, a.email, a.born, b.ids, b.titles, b.years, b.prices, b.author_ids
    FROM bench_author a LEFT JOIN (
        SELECT author_id, array_agg(id) AS ids, array_agg(title) AS titles,
            array_agg(year) AS years, array_agg(price) AS prices, array_agg(author_id) AS author_ids
        FROM (SELECT * FROM bench_book ORDER BY author_id, id) AS sorted
        GROUP BY author_id
    ) AS b ON b.author_id = a.id
    ORDER BY a.id
"""
BOOKS_WITH_AUTHOR = (
    "SELECT b.id, b.title, b.year, b.price, b.author_id, a.id, a.name, a.email, a.born "
    "FROM bench_book b JOIN bench_author a ON a.id = b.author_id ORDER BY b.id"
)
ENTRY = "name, email, age, balance, active, created_at, token, score, note"
INSERT_ONE = (
    f"INSERT INTO bench_entry ({ENTRY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id"
)
INSERT_MANY = f"""
    INSERT INTO bench_entry ({ENTRY})
    SELECT {ENTRY} FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]::numeric[],
        $5::bool[], $6::timestamptz[], $7::uuid[], $8::float8[], $9::text[])
        WITH ORDINALITY AS given ({ENTRY}, place)
    ORDER BY place RETURNING id
"""
UPDATE_MANY = """
    UPDATE bench_person SET name = given.name, age = given.age
    FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS given (id, name, age)
    WHERE bench_person.id = given.id
"""
# an item finds its order by the place in an array: a join of the two would be planned as a loop
# over all pairs, because the planner does not know how long the given arrays are
INSERT_GRAPH = """
    WITH head AS MATERIALIZED (
        SELECT nextval('bench_order_id_seq') AS id, given.*
        FROM unnest($1::text[], $2::timestamptz[])
            WITH ORDINALITY AS given (customer, placed_at, place)
    ), item AS MATERIALIZED (
        SELECT nextval('bench_item_id_seq') AS id, given.*
        FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[]::numeric[])
            WITH ORDINALITY AS given (head, sku, quantity, price, place)
    ), key AS MATERIALIZED (
        SELECT (SELECT array_agg(id ORDER BY place) FROM head) AS heads,
            (SELECT array_agg(id ORDER BY place) FROM item) AS items
    ), heads AS (
        INSERT INTO bench_order (id, customer, placed_at) SELECT id, customer, placed_at FROM head
    ), items AS (
        INSERT INTO bench_item (id, order_id, sku, quantity, price)
        SELECT item.id, key.heads[item.head], sku, quantity, price FROM item, key
    )
    SELECT heads, items FROM key
"""
values = attrgetter(*ENTRY.split(", "))
BALANCE = ENTRY.split(", ").index("balance")


async def read_numeric_as_text(connection: Any) -> None:
    """Takes a tenth off the load of 1,000 rows; arrays of numeric are sent as text, too."""
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=Decimal, format="text"
    )


class Library(Adapter):
    """What can be had from the driver without a library of one's own.

    Each bulk write is one statement and so needs no transaction. The mixed unit remains five
    round trips: asyncpg refuses a second query on a connection before the first has ended, so
    nothing of it can be piped.
    """

    name = "asyncpg, best form"
    kind = "by hand"
    packages = ("asyncpg",)
    imports = "import asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        self.pool: Any = await asyncpg.create_pool(
            url, min_size=1, max_size=pool_size, reset=keep, init=read_numeric_as_text
        )
        self.people: list[Person] = []

    async def close(self) -> None:
        await self.pool.close()

    async def get(self, key: int) -> Person:
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(GET, key)
        return Person(*row)

    async def filter(self, age: int) -> Sequence[Person]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(FILTER, age, 2_000)
        return list(starmap(Person, rows))

    async def load(self, count: int) -> Sequence[Person]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(LOAD, count)
        return list(starmap(Person, rows))

    async def eager_selectin(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(AUTHORS)
            authors = {row[0]: Author(*row) for row in rows}
            rows = await connection.fetch(BOOKS, list(authors))
        for book in starmap(Book, rows):
            authors[book.author_id].books.append(book)
        return list(authors.values())

    async def eager_joined(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(JOINED)
        authors: list[Author] = []
        last, append = None, list[Book]().append
        for row in rows:
            if row[0] != last:
                author = Author(*row[:4])
                authors.append(author)
                last, append = row[0], author.books.append
            if row[4] is not None:
                append(Book(*row[4:]))
        return authors

    async def eager_nested(self) -> Sequence[Author]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(NESTED)
        return [
            Author(key, name, email, born, [] if columns[0] is None else list(map(Book, *columns)))
            for key, name, email, born, *columns in rows
        ]

    async def books_with_author(self) -> Sequence[Book]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(BOOKS_WITH_AUTHOR)
        authors: dict[int, Author] = {}
        books = []
        for key, title, year, price, author_key, _, name, email, born in rows:
            author = authors.get(author_key)
            if author is None:
                author = authors[author_key] = Author(author_key, name, email, born)
            books.append(Book(key, title, year, price, author_key, author))
        return books

    async def insert_one(self, row: Row) -> int:
        entry = Person(None, **row)
        async with self.pool.acquire() as connection:
            entry.id = await connection.fetchval(INSERT_ONE, *values(entry))
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Person]:
        entries = [Person(None, **row) for row in rows]
        columns: list[Any] = list(zip(*map(values, entries), strict=True))
        columns[BALANCE] = list(map(str, columns[BALANCE]))
        async with self.pool.acquire() as connection:
            keys = await connection.fetch(INSERT_MANY, *columns)
        # the keys ascend with the rows; the order in which they come back is not promised
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
        async with self.pool.acquire() as connection:
            await connection.execute(UPDATE_MANY, keys, names, ages)

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [
            Order(None, **head, items=[Item(None, **i) for i in items]) for head, items in orders
        ]
        items = [item for one in made for item in one.items]
        async with self.pool.acquire() as connection:
            order_keys, item_keys = await connection.fetchrow(
                INSERT_GRAPH,
                [one.customer for one in made],
                [one.placed_at for one in made],
                [place for place, one in enumerate(made, 1) for _ in one.items],
                [item.sku for item in items],
                [item.quantity for item in items],
                [str(item.price) for item in items],
            )
        for one, key in zip(made, order_keys, strict=True):
            one.id = key
        for item, key in zip(items, item_keys, strict=True):
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
                row[0],
                body,
                datetime.now(UTC),
            )
            await connection.execute(
                "UPDATE bench_account SET comments = $2 WHERE id = $1", row[0], row[3] + 1
            )
        return key

    async def copy(self, rows: Sequence[Row]) -> None:
        async with self.pool.acquire() as connection:
            # COPY is binary; a round trip each way, against the time of many rows
            await connection.reset_type_codec("numeric", schema="pg_catalog")
            try:
                await connection.copy_records_to_table(
                    "bench_entry",
                    columns=list(rows[0]),
                    records=[tuple(row.values()) for row in rows],
                )
            finally:
                await read_numeric_as_text(connection)
