"""ferro-orm: pydantic models over an engine in Rust (sqlx). It needs Python 3.13.

It finds relations only in annotations that are not postponed.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ferro import (
    BackRef,
    Field,
    ForeignKey,
    Model,
    PoolConfig,
    Relation,
    connect,
    engines,
    fetch_one,
    reset_engine,
    transaction,
)

from benchmarks.adapter import Adapter, Row

KEYS = (
    "SELECT array_to_json(array(SELECT nextval('{}_id_seq') FROM generate_series(1, $1))) AS keys"
)


class Person(Model):
    """Ten mixed columns."""

    __ferro_table__ = "bench_person"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str
    age: int
    balance: Decimal
    active: bool
    created_at: datetime
    token: UUID
    score: float
    note: str | None = None


class Entry(Model):
    """The same columns, for inserts."""

    __ferro_table__ = "bench_entry"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str
    age: int
    balance: Decimal
    active: bool
    created_at: datetime
    token: UUID
    score: float
    note: str | None = None


class Author(Model):
    """Has books."""

    __ferro_table__ = "bench_author"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str
    born: int
    books: Relation[list["Book"]] = BackRef()


class Book(Model):
    """Has an author."""

    __ferro_table__ = "bench_book"
    id: int | None = Field(default=None, primary_key=True)
    title: str
    year: int
    price: float
    author: Annotated[Author, ForeignKey(related_name="books")]


class Order(Model):
    """Has items."""

    __ferro_table__ = "bench_order"
    id: int | None = Field(default=None, primary_key=True)
    customer: str
    placed_at: datetime
    item_set: Relation[list["Item"]] = BackRef()


class Item(Model):
    """Belongs to an order."""

    __ferro_table__ = "bench_item"
    id: int | None = Field(default=None, primary_key=True)
    order: Annotated[Order, ForeignKey(related_name="item_set")]
    sku: str
    quantity: int
    price: Decimal


class Account(Model):
    """Counts its comments."""

    __ferro_table__ = "bench_account"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str
    comments: int
    comment_set: Relation[list["Comment"]] = BackRef()


class Comment(Model):
    """Belongs to an account."""

    __ferro_table__ = "bench_comment"
    id: int | None = Field(default=None, primary_key=True)
    account: Annotated[Account, ForeignKey(related_name="comment_set")]
    body: str
    written_at: datetime


class Library(Adapter):
    """A session for each call, bulk inserts with keys asked for before.

    ``include`` follows foreign keys only, and a collection is a query for each of its owners, so
    there is no eager load of collections; and there is no COPY.
    """

    name = "ferro"
    kind = "orm"
    packages = ("ferro-orm", "pydantic")
    imports = "import ferro"

    async def open(self, url: str, pool_size: int) -> None:
        await connect(url, pool=PoolConfig(max_connections=pool_size, min_connections=1))

    async def close(self) -> None:
        reset_engine()

    async def get(self, key: int) -> Person:
        async with engines.session():
            return await Person.get(key)

    async def filter(self, age: int) -> Sequence[Person]:
        async with engines.session():
            people = Person.where(lambda one: (one.age == age) & (one.id <= 2_000))
            return await people.order_by(lambda one: one.id).limit(20).all()

    async def load(self, count: int) -> Sequence[Person]:
        async with engines.session():
            return await Person.where(lambda one: one.id <= count).all()

    async def books_with_author(self) -> Sequence[Book]:
        async with engines.session():
            books = Book.select().include(lambda book: book.author)
            return await books.order_by(lambda book: book.id).all()

    async def insert_one(self, row: Row) -> int:
        async with engines.session():
            entry = await Entry.create(**row)
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        async with engines.session():
            # bulk_create tells no keys; to save them one by one takes far longer
            keys = await new_keys("bench_entry", len(rows))
            entries = [Entry(id=key, **row) for key, row in zip(keys, rows, strict=True)]
            await Entry.bulk_create(entries)
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = list(await self.load(count))

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        # there is no update of many objects; one after another, they take three times as long
        async with engines.session(), transaction():
            await asyncio.gather(*(one.save(only={"name", "age"}) for one in self.people))

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made, all_items = [], []
        async with engines.session(), transaction():
            order_keys = await new_keys("bench_order", len(orders))
            item_keys = iter(await new_keys("bench_item", sum(len(items) for _, items in orders)))
            for key, (head, items) in zip(order_keys, orders, strict=True):
                one = Order(id=key, **head)
                new = [Item(id=next(item_keys), order_id=key, **item) for item in items]
                # the collection of the model is a query
                object.__setattr__(one, "items", new)
                made.append(one)
                all_items += new
            await Order.bulk_create(made)
            await Item.bulk_create(all_items)
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with engines.session(), transaction():
            found = await Account.get(account)
            comment = await Comment.create(
                account_id=found.id, body=body, written_at=datetime.now(UTC)
            )
            found.comments += 1
            await found.save(only={"comments"})
        assert comment.id is not None
        return comment.id


async def new_keys(table: str, count: int) -> list[int]:
    """Keys for new rows of a table."""
    row: dict[str, Any] = await fetch_one(KEYS.format(table), count)
    keys: list[int] = json.loads(row["keys"])
    return keys
