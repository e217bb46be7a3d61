"""Tortoise ORM on asyncpg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tortoise import Tortoise, fields
from tortoise.models import Model
from tortoise.transactions import in_transaction

from benchmarks.adapter import Adapter, Row


class Person(Model):
    """Ten mixed columns."""

    id = fields.BigIntField(primary_key=True)
    name = fields.TextField()
    email = fields.TextField()
    age = fields.BigIntField()
    balance = fields.DecimalField(max_digits=12, decimal_places=2)
    active = fields.BooleanField()
    created_at = fields.DatetimeField()
    token = fields.UUIDField()
    score = fields.FloatField()
    note = fields.TextField(null=True)

    class Meta:
        """The table."""

        table = "bench_person"


class Entry(Model):
    """The same columns, for inserts."""

    id = fields.BigIntField(primary_key=True)
    name = fields.TextField()
    email = fields.TextField()
    age = fields.BigIntField()
    balance = fields.DecimalField(max_digits=12, decimal_places=2)
    active = fields.BooleanField()
    created_at = fields.DatetimeField()
    token = fields.UUIDField()
    score = fields.FloatField()
    note = fields.TextField(null=True)

    class Meta:
        """The table."""

        table = "bench_entry"


class Author(Model):
    """Has books."""

    id = fields.BigIntField(primary_key=True)
    name = fields.TextField()
    email = fields.TextField()
    born = fields.BigIntField()
    books: Any

    class Meta:
        """The table."""

        table = "bench_author"


class Book(Model):
    """Has an author."""

    id = fields.BigIntField(primary_key=True)
    title = fields.TextField()
    year = fields.BigIntField()
    price = fields.FloatField()
    author: Any = fields.ForeignKeyField("models.Author", related_name="books")

    class Meta:
        """The table, and the order in which an author has the books."""

        table = "bench_book"
        ordering = ("id",)


class Order(Model):
    """Has items."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.TextField()
    placed_at = fields.DatetimeField()
    items: Any

    class Meta:
        """The table."""

        table = "bench_order"


class Item(Model):
    """Belongs to an order."""

    id = fields.BigIntField(primary_key=True)
    order: Any = fields.ForeignKeyField("models.Order", related_name="items")
    sku = fields.TextField()
    quantity = fields.BigIntField()
    price = fields.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        """The table."""

        table = "bench_item"


class Account(Model):
    """Counts its comments."""

    id = fields.BigIntField(primary_key=True)
    name = fields.TextField()
    email = fields.TextField()
    comments = fields.BigIntField()

    class Meta:
        """The table."""

        table = "bench_account"


class Comment(Model):
    """Belongs to an account."""

    id = fields.BigIntField(primary_key=True)
    account: Any = fields.ForeignKeyField("models.Account", related_name="+")
    body = fields.TextField()
    written_at = fields.DatetimeField()

    class Meta:
        """The table."""

        table = "bench_comment"


#: keys in advance, since ``bulk_create`` gives none back
KEYS = "SELECT nextval(pg_get_serial_sequence($1, 'id')) AS key FROM generate_series(1, $2)"


async def keep(connection: object) -> None:
    """No reset query when a connection goes back to the pool."""


class Library(Adapter):
    """Querysets and model instances; asyncpg's pool, which sends no reset query.

    No ``eager_joined``: ``select_related`` follows foreign keys only, not what refers to a row.
    No ``eager_nested`` and no ``copy`` either.
    """

    name = "Tortoise ORM"
    kind = "orm"
    packages = ("tortoise-orm", "asyncpg")
    imports = "import tortoise.models, tortoise.transactions, tortoise.backends.asyncpg"

    async def open(self, url: str, pool_size: int) -> None:
        parts = urlsplit(url)
        credentials = {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username,
            "password": parts.password,
            "database": parts.path.removeprefix("/"),
            "minsize": 1,
            "maxsize": pool_size,
            "reset": keep,
        }
        engine = "tortoise.backends.asyncpg"
        await Tortoise.init(
            config={
                "connections": {"default": {"engine": engine, "credentials": credentials}},
                "apps": {"models": {"models": [__name__], "default_connection": "default"}},
            },
            _enable_global_fallback=True,  # tasks that were not started from here
        )

    async def close(self) -> None:
        await Tortoise.close_connections()

    async def get(self, key: int) -> Person:
        return await Person.get(id=key)

    async def filter(self, age: int) -> Sequence[Person]:
        return await Person.filter(age=age, id__lte=2_000).order_by("id").limit(20)

    async def load(self, count: int) -> Sequence[Person]:
        return await Person.filter(id__lte=count)

    async def eager_selectin(self) -> Sequence[Author]:
        return await Author.all().order_by("id").prefetch_related("books")

    async def books_with_author(self) -> Sequence[Book]:
        return await Book.all().order_by("id").select_related("author")

    async def insert_one(self, row: Row) -> int:
        return (await Entry.create(**row)).id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        # `save` for each, which is the way to keys without SQL, takes five times as long
        async with in_transaction() as connection:
            keys = await _keys(connection, "bench_entry", len(rows))
            entries = [Entry(id=key, **row) for key, row in zip(keys, rows, strict=True)]
            await Entry.bulk_create(entries, using_db=connection)
        return entries

    async def load_for_update(self, count: int) -> None:
        self.people = await self.load(count)

    async def update_loaded(self, name: str, age: int) -> None:
        # batches of 100 take three quarters of the time of one statement, and a sixth of that of
        # `save` for each; an upsert by `bulk_create` leaves out keys that the database generates
        for one in self.people:
            one.name = name
            one.age = age
        async with in_transaction() as connection:
            await Person.bulk_update(
                self.people, fields=["name", "age"], batch_size=100, using_db=connection
            )

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        async with in_transaction() as connection:
            keys = iter(await _keys(connection, "bench_order", len(orders)))
            made = [Order(id=next(keys), **head) for head, _ in orders]
            count = sum(len(items) for _, items in orders)
            keys = iter(await _keys(connection, "bench_item", count))
            owned = [
                [Item(id=next(keys), order_id=one.id, **item) for item in items]
                for one, (_, items) in zip(made, orders, strict=True)
            ]
            await Order.bulk_create(made, using_db=connection)
            flat = [item for items in owned for item in items]
            await Item.bulk_create(flat, using_db=connection)
        for one, items in zip(made, owned, strict=True):
            one.items._set_result_for_query(items)  # as `prefetch_related` does
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with in_transaction() as connection:
            found = await Account.get(id=account, using_db=connection)
            comment = await Comment.create(
                account_id=found.id, body=body, written_at=datetime.now(UTC), using_db=connection
            )
            found.comments += 1
            await found.save(using_db=connection, update_fields=["comments"])
        return comment.id


async def _keys(connection: Any, table: str, count: int) -> list[int]:
    return [row["key"] for row in await connection.execute_query_dict(KEYS, [table, count])]
