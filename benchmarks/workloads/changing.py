"""The workloads that change rows: many objects, and the mixed unit of a web backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import schema
from benchmarks.adapter import Adapter
from benchmarks.workloads.workload import Workload, same, same_record
from benchmarks.workloads.writing import OneKey, rows_of, same_count


class UpdateMany(Workload):
    """Two columns of many objects that are loaded, in a transaction."""

    method = "update_loaded"

    def __init__(self, name: str, title: str, calls: int, rows: int) -> None:
        super().__init__(name, title, calls)
        self.rows = rows

    def arguments(self, number: int) -> tuple[Any, ...]:
        return f"renamed {number}", 1_000 + number

    async def prepare(self, adapter: Adapter) -> None:
        await adapter.load_for_update(self.rows)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        return  # nothing comes back; `count` looks into the table

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        return

    async def reset(self, connection: Any) -> None:
        # what the library before has set would be no change to one that compares
        await connection.execute(
            "UPDATE bench_person SET name = 'person ' || id, age = id % 90 WHERE id <= $1",
            self.rows,
        )
        await connection.execute("VACUUM ANALYZE bench_person")

    async def restore(self, connection: Any) -> None:
        await connection.execute("TRUNCATE bench_person RESTART IDENTITY")
        await connection.execute(schema.FILL[0])
        await connection.execute("VACUUM ANALYZE bench_person")

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        name, age = arguments
        rows = await connection.fetch("SELECT * FROM bench_person ORDER BY id")
        same("people", len(rows), schema.PEOPLE)
        for key, row in enumerate(rows, 1):
            expected = schema.person(key)
            if key <= self.rows:
                expected |= {"name": name, "age": age}
            same_record(f"person {key}", row, {"id": key, **expected})

    async def count(self, connection: Any, numbers: range) -> None:
        name, age = self.arguments(numbers[-1])
        found = await connection.fetchval(
            "SELECT count(*) FROM bench_person WHERE name = $1 AND age = $2", name, age
        )
        same("people with the new name", found, self.rows)


class Mixed(OneKey):
    """Read an account, insert a comment on it, count it: in a transaction."""

    method = "mixed"
    writes = ("bench_comment",)

    def arguments(self, number: int) -> tuple[Any, ...]:
        # tasks at the same time have different accounts: no library is asked to lock
        return 1 + number % schema.ACCOUNTS, f"comment {number}"

    async def reset(self, connection: Any) -> None:
        await super().reset(connection)
        await connection.execute("UPDATE bench_account SET comments = 0 WHERE comments <> 0")
        await connection.execute("VACUUM ANALYZE bench_account")

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        account, body = arguments
        await self.count(connection, range(1))
        [row] = await rows_of(connection, "bench_comment", keys)
        same_record(f"comment {keys[0]}", row, {"account_id": account, "body": body})
        [row] = await rows_of(connection, "bench_account", [account])
        same_record(f"account {account}", row, {"comments": 1, "name": f"account {account}"})

    async def count(self, connection: Any, numbers: range) -> None:
        await same_count(connection, "bench_comment", len(numbers))
        found = await connection.fetchval("SELECT sum(comments)::bigint FROM bench_account")
        same("comments that accounts count", found, len(numbers))
