"""oxyde: pydantic models over an engine in Rust (sqlx), which gets its queries as MessagePack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from oxyde import Field, Model, PoolSettings, atomic, db

from benchmarks.adapter import Adapter, Row

UPDATED_TOGETHER = 100


class Person(Model):
    """Ten mixed columns."""

    id: int | None = Field(default=None, db_pk=True)
    name: str
    email: str
    age: int
    balance: Decimal
    active: bool
    created_at: datetime
    token: UUID
    score: float
    note: str | None = None

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_person"


class Entry(Model):
    """The same columns, for inserts."""

    id: int | None = Field(default=None, db_pk=True)
    name: str
    email: str
    age: int
    balance: Decimal
    active: bool
    created_at: datetime
    token: UUID
    score: float
    note: str | None = None

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_entry"


class Author(Model):
    """Has books."""

    id: int | None = Field(default=None, db_pk=True)
    name: str
    email: str
    born: int
    books: list[Book] = Field(db_reverse_fk="author")

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_author"


class Book(Model):
    """Has an author."""

    id: int | None = Field(default=None, db_pk=True)
    title: str
    year: int
    price: float
    author: Author | None = None

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_book"


class Order(Model):
    """Has items."""

    id: int | None = Field(default=None, db_pk=True)
    customer: str
    placed_at: datetime
    items: list[Item] = Field(db_reverse_fk="order")

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_order"


class Item(Model):
    """Belongs to an order."""

    id: int | None = Field(default=None, db_pk=True)
    order: Order | None = None
    sku: str
    quantity: int
    price: Decimal

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_item"


class Account(Model):
    """Counts its comments."""

    id: int | None = Field(default=None, db_pk=True)
    name: str
    email: str
    comments: int

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_account"


class Comment(Model):
    """Belongs to an account."""

    id: int | None = Field(default=None, db_pk=True)
    account: Account | None = None
    body: str
    written_at: datetime

    class Meta:
        """Where it is stored."""

        is_table = True
        table_name = "bench_comment"


class Library(Adapter):
    """Models, their managers and the bulk methods.

    ``join`` follows foreign keys only, so there is no joined load of collections; nothing nests
    rows in one statement; and there is no COPY.

    ``bulk_create`` is used for one row as well: ``create`` reads the whole row back and validates
    it once more, which takes 1.4 times as long. ``update`` of a query is faster than ``save`` for
    the same reason. Rows in a bulk insert: 100, 250, 500 and all are as fast. In an update, where
    each row adds an arm to a CASE, 100 were the fastest. ``bulk_create`` of dictionaries instead
    of models, and ``filter().first()`` instead of ``get``, gain nothing.
    """

    name = "oxyde"
    kind = "orm"
    packages = ("oxyde", "oxyde-core", "pydantic")
    imports = "import oxyde"

    async def open(self, url: str, pool_size: int) -> None:
        # the ping before each use of a connection is the default of its driver
        settings = PoolSettings(max_connections=pool_size, test_before_acquire=False)
        await db.init(default=url, settings=settings)

    async def close(self) -> None:
        await db.close()

    async def get(self, key: int) -> Person:
        return await Person.objects.get(id=key)

    async def filter(self, age: int) -> Sequence[Person]:
        return await Person.objects.filter(age=age, id__lte=2_000).order_by("id").limit(20).all()

    async def load(self, count: int) -> Sequence[Person]:
        return await Person.objects.filter(id__lte=count).all()

    async def eager_selectin(self) -> Sequence[Author]:
        return await Author.objects.order_by("id").prefetch("books").all()

    async def books_with_author(self) -> Sequence[Book]:
        return await Book.objects.join("author").order_by("id").all()

    async def insert_one(self, row: Row) -> int:
        (entry,) = await Entry.objects.bulk_create([Entry(**row)])
        assert entry.id is not None
        return entry.id

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Entry]:
        # one statement, which is a transaction
        return await Entry.objects.bulk_create([Entry(**row) for row in rows])

    async def load_for_update(self, count: int) -> None:
        self.people = list(await self.load(count))

    async def update_loaded(self, name: str, age: int) -> None:
        for one in self.people:
            one.name = name
            one.age = age
        async with atomic():
            for start in range(0, len(self.people), UPDATED_TOGETHER):
                batch = self.people[start : start + UPDATED_TOGETHER]
                await Person.objects.bulk_update(batch, ["name", "age"])

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Order]:
        async with atomic():
            made = await Order.objects.bulk_create([Order(**head) for head, _ in orders])
            for one, (_, items) in zip(made, orders, strict=True):
                one.items = [Item(order_id=one.id, **item) for item in items]
            await Item.objects.bulk_create([item for one in made for item in one.items])
        return made

    async def mixed(self, account: int, body: str) -> int:
        async with atomic():
            found = await Account.objects.get(id=account)
            comment = Comment(account_id=found.id, body=body, written_at=datetime.now(UTC))
            await Comment.objects.bulk_create([comment])
            await Account.objects.filter(id=found.id).update(comments=found.comments + 1)
        assert comment.id is not None
        return comment.id
