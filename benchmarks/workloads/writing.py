"""The workloads that insert rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import schema
from benchmarks.workloads.workload import Workload, Wrong, same, same_record


async def rows_of(connection: Any, table: str, keys: Sequence[int]) -> list[Any]:
    """The rows with these keys, in the order of the keys; None for one that is not there."""
    if len(set(keys)) != len(keys) or not all(isinstance(key, int) for key in keys):
        raise Wrong(f"the keys of {table} are not those of different rows: {keys[:5]}…")
    found = await connection.fetch(f"SELECT * FROM {table} WHERE id = ANY($1::bigint[])", keys)
    by_key = {row["id"]: row for row in found}
    return [by_key.get(key) for key in keys]


async def same_count(connection: Any, table: str, expected: int) -> None:
    """Raise Wrong unless a table has this number of rows."""
    same(f"rows in {table}", await connection.fetchval(f"SELECT count(*) FROM {table}"), expected)


class OneKey(Workload):
    """A call that returns the key of one new row."""

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        if not isinstance(answer, int):
            raise Wrong(f"the key is {answer!r}")

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        self.glance(arguments, answer)

    def keys(self, answer: Any) -> list[int]:
        return [answer]


class InsertOne(OneKey):
    """One row, and its key."""

    method = "insert_one"
    writes = ("bench_entry",)

    def arguments(self, number: int) -> tuple[Any, ...]:
        return (schema.person(number),)

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        await same_count(connection, "bench_entry", 1)
        [row] = await rows_of(connection, "bench_entry", keys)
        same_record(f"entry {keys[0]}", row, arguments[0])

    async def count(self, connection: Any, numbers: range) -> None:
        await same_count(connection, "bench_entry", len(numbers))


class InsertMany(Workload):
    """Many rows in a transaction; the objects know their keys."""

    method = "insert_many"
    writes = ("bench_entry",)

    def __init__(self, name: str, title: str, calls: int, rows: int) -> None:
        super().__init__(name, title, calls)
        self.rows = rows

    def arguments(self, number: int) -> tuple[Any, ...]:
        first = number * self.rows
        return ([schema.person(one) for one in range(first, first + self.rows)],)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("objects", len(answer), self.rows)
        if not isinstance(answer[-1].id, int):
            raise Wrong(f"the key of the last object is {answer[-1].id!r}")

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        self.glance(arguments, answer)
        for one, row in zip(answer, arguments[0], strict=True):
            same("name", one.name, row["name"])

    def keys(self, answer: Any) -> list[int]:
        return [one.id for one in answer]

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        await same_count(connection, "bench_entry", self.rows)
        rows = await rows_of(connection, "bench_entry", keys)
        for key, row, expected in zip(keys, rows, arguments[0], strict=True):
            same_record(f"entry {key}", row, expected)

    async def count(self, connection: Any, numbers: range) -> None:
        await same_count(connection, "bench_entry", self.rows * len(numbers))


class Copy(InsertMany):
    """Very many rows, without their keys."""

    method = "copy"
    share = 0.25

    def trial(self, number: int) -> tuple[Any, ...]:
        return ([schema.person(one) for one in range(number, number + 2_000)],)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        return  # nothing comes back; `count` looks into the table

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        return

    def keys(self, answer: Any) -> list[int]:
        return []

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        rows = await connection.fetch("SELECT * FROM bench_entry ORDER BY id")
        same("rows in bench_entry", len(rows), len(arguments[0]))
        for row, expected in zip(rows, arguments[0], strict=True):
            same_record(f"entry {row['id']}", row, expected)


class InsertGraph(Workload):
    """Orders with their items in a transaction; all know their keys."""

    method = "insert_graph"
    writes = ("bench_order", "bench_item")

    def __init__(self, name: str, title: str, calls: int, orders: int, items: int) -> None:
        super().__init__(name, title, calls)
        self.orders, self.items = orders, items

    def arguments(self, number: int) -> tuple[Any, ...]:
        first = number * self.orders
        return ([schema.order(one, self.items) for one in range(first, first + self.orders)],)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("orders", len(answer), self.orders)
        if not isinstance(list(answer[-1].items)[-1].id, int):
            raise Wrong("the last item has no key")

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        self.glance(arguments, answer)
        for order, (head, items) in zip(answer, arguments[0], strict=True):
            same("customer", order.customer, head["customer"])
            same("items", [one.sku for one in order.items], [item["sku"] for item in items])

    def keys(self, answer: Any) -> list[int]:
        """Of every order its key, and then those of its items."""
        return [key for one in answer for key in (one.id, *(item.id for item in one.items))]

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        await self.count(connection, range(1))
        step = self.items + 1
        orders = await rows_of(connection, "bench_order", keys[::step])
        items = await rows_of(
            connection, "bench_item", [key for at, key in enumerate(keys) if at % step]
        )
        for at, (head, parts) in enumerate(arguments[0]):
            same_record("order", orders[at], head)
            for row, item in zip(items[at * self.items :], parts, strict=False):
                same_record("item", row, {**item, "order_id": orders[at]["id"]})

    async def count(self, connection: Any, numbers: range) -> None:
        await same_count(connection, "bench_order", self.orders * len(numbers))
        await same_count(connection, "bench_item", self.orders * self.items * len(numbers))
