"""yara-orm: models in Python over an engine in Rust (tokio-postgres)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from yara_orm import Model, Prefetch, YaraOrm, fields, in_transaction

from benchmarks.adapter import Adapter, Row

BATCH = 250


class Person(Model):
    """Ten mixed columns."""

    id = fields.BigIntField(pk=True)
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
        """Where it is stored."""

        table = "bench_person"


class Entry(Model):
    """The same columns, for inserts."""

    id = fields.BigIntField(pk=True)
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
        """Where it is stored."""

        table = "bench_entry"


class Author(Model):
    """Has books; they are prefetched into the attribute ``books``, a list."""

    id = fields.BigIntField(pk=True)
    name = fields.TextField()
    email = fields.TextField()
    born = fields.BigIntField()

    class Meta:
        """Where it is stored."""

        table = "bench_author"


class Book(Model):
    """Has an author."""

    id = fields.BigIntField(pk=True)
    title = fields.TextField()
    year = fields.BigIntField()
    price = fields.FloatField()
    author = fields.ForeignKeyField("Author", related_name="book_set")

    class Meta:
        """Where it is stored."""

        table = "bench_book"


class Order(Model):
    """Has items; the attribute ``items`` is a plain list."""

    id = fields.BigIntField(pk=True)
    customer = fields.TextField()
    placed_at = fields.DatetimeField()

    class Meta:
        """Where it is stored."""

        table = "bench_order"


class Item(Model):
    """Belongs to an order."""

    id = fields.BigIntField(pk=True)
    order = fields.ForeignKeyField("Order", related_name="item_set")
    sku = fields.TextField()
    quantity = fields.BigIntField()
    price = fields.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        """Where it is stored."""

        table = "bench_item"


class Account(Model):
    """Counts its comments."""

    id = fields.BigIntField(pk=True)
    name = fields.TextField()
    email = fields.TextField()
    comments = fields.BigIntField()

    class Meta:
        """Where it is stored."""

        table = "bench_account"


class Comment(Model):
    """Belongs to an account."""

    id = fields.BigIntField(pk=True)
    account = fields.ForeignKeyField("Account", related_name="comment_set")
    body = fields.TextField()
    written_at = fields.DatetimeField()

    class Meta:
        """Where it is stored."""

        table = "bench_comment"


class Library(Adapter):
    """Models, querysets and the bulk methods.

    Rows in a statement of the bulk methods: of 100, 250, 500 (the default) and 1,000, 250 was
    the fastest, for updates by a quarter of the default's time (each row adds an arm to a CASE).
    1,000 rows in one statement without a transaction are slower than four in one, too.

    ``select_related`` joins only the side that has one object, so there is no joined load of
    collections; nothing nests rows in one statement; and there is no COPY.
    """

    name = "yara-orm"
    kind = "orm"
    packages = ("yara-orm",)
    imports = "import yara_orm"

    async def open(self, url: str, pool_size: int) -> None:
        mark = "&" if "?" in url else "?"
        await YaraOrm.init(f"{url}{mark}max_size={pool_size}", use_tz=True)

    async def close(self) -> None:
        await YaraOrm.close()

    async def get(self, key: int) -> Person:
        return await Person.get(id=key)

    async def filter(self, age: int) -> Sequence[Person]:
        return await Person.filter(age=age, id__lte=2_000).order_by("id").limit(20)

    async def load(self, count: int) -> Sequence[Person]:
        return await Person.filter(id__lte=count)

    async def eager_selectin(self) -> Sequence[Author]:
        books = Prefetch("book_set", queryset=Book.all().order_by("id"), to_attr="books")
        return await Author.all().order_by("id").prefetch_related(books)

    async def books_with_author(self) -> Sequence[Book]:
        return await Book.all().select_related("author").order_by("id")

    async def insert_one(self, row: Row) -> int:
        entry = await Entry.create(**row)
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        async with in_transaction():
            return await Entry.bulk_create([Entry(**row) for row in rows], BATCH)

    async def load_for_update(self, count: int) -> None:
        self.people = list(await self.load(count))

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        async with in_transaction():
            await Person.bulk_update(self.people, ["name", "age"], BATCH)

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        made = [Order(**head) for head, _ in orders]
        async with in_transaction():
            await Order.bulk_create(made, BATCH)
            for one, (_, items) in zip(made, orders, strict=True):
                one.items = [Item(order_id=one.id, **item) for item in items]
            await Item.bulk_create([item for one in made for item in one.items], BATCH)
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with in_transaction():
            found = await Account.get(id=account)
            comment = await Comment.create(
                account_id=found.id, body=body, written_at=datetime.now(UTC)
            )
            found.comments += 1
            await found.save(update_fields=["comments"])
        return comment.id
