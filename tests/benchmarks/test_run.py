"""A short run on a real server: what is right is measured, what is wrong is found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from benchmarks.options import read_options
from benchmarks.results import BASE, Results
from benchmarks.runner import run_workloads
from benchmarks.server import own_database
from benchmarks.workloads.catalogue import CATALOGUE
from benchmarks.workloads.workload import Wrong


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(url)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def filled(database_url: str) -> AsyncIterator[str]:
    """A database with the tables of the benchmark."""
    async with own_database(database_url) as own:
        yield own


async def test_a_run_measures_libraries_that_are_right(filled: str) -> None:
    names = "get-32,update-1000,graph"
    options = read_options(["--libraries", "asyncorm", "--workloads", names, "--rounds", "1"])
    results = Results("now", {}, {})
    await run_workloads(options, results, filled, filled, lambda _text, _done: None)
    assert results.problems == []
    assert list(results.measured) == names.split(",")
    for of_workload in results.measured.values():
        assert list(of_workload) == [BASE, "asyncorm"]
        assert all(len(one.wall) == 1 for one in of_workload.values())
    async with connection(filled) as opened:
        assert await opened.fetchval("SELECT count(*) FROM bench_item") == 0
        renamed = "SELECT count(*) FROM bench_person WHERE name LIKE 'renamed%'"
        assert await opened.fetchval(renamed) == 0


async def test_a_library_that_can_not_connect_is_a_problem(filled: str) -> None:
    options = read_options(["--libraries", "asyncorm", "--workloads", "get", "--rounds", "1"])
    results = Results("now", {}, {})
    await run_workloads(
        options, results, "postgresql://nobody@127.0.0.1:1/none", filled, lambda _text, _done: None
    )
    assert results.measured == {"get": {}}
    assert [problem.library for problem in results.problems] == [BASE, "asyncorm"]


async def test_rows_that_are_missing_or_in_another_order_are_found(filled: str) -> None:
    workload = CATALOGUE["insert-1000"]
    arguments = workload.arguments(0)
    rows = [tuple(row.values()) for row in arguments[0]]
    async with connection(filled) as opened:
        await workload.reset(opened)
        await opened.copy_records_to_table(
            "bench_entry", records=rows, columns=list(arguments[0][0])
        )
        await workload.inspect(opened, arguments, range(1, 1_001))
        await workload.count(opened, range(1))
        with pytest.raises(Wrong, match="is not in the database"):
            await workload.inspect(opened, arguments, [*range(1, 1_000), 5_000])
        with pytest.raises(Wrong, match=r"name in the database is 'person 999'"):
            await workload.inspect(opened, arguments, range(1_000, 0, -1))
        with pytest.raises(Wrong, match="rows in bench_entry is 1000, not 2000"):
            await workload.count(opened, range(2))


async def test_an_update_of_too_many_rows_is_found(filled: str) -> None:
    workload = CATALOGUE["update-1000"]
    name, age = workload.arguments(5)
    async with connection(filled) as opened:
        await opened.execute(
            "UPDATE bench_person SET name = $1, age = $2 WHERE id <= 1001", name, age
        )
        with pytest.raises(Wrong, match="people with the new name is 1001"):
            await workload.count(opened, range(4, 6))
        with pytest.raises(Wrong, match="person 1001"):
            await workload.inspect(opened, (name, age), [])
        await workload.restore(opened)
        await opened.execute("UPDATE bench_person SET name = $1 WHERE id <= 1000", name)
        with pytest.raises(Wrong, match="people with the new name is 0"):
            await workload.count(opened, range(6))


async def test_an_update_begins_with_rows_that_it_changes(filled: str) -> None:
    workload = CATALOGUE["update-1000"]
    name, age = workload.arguments(5)
    async with connection(filled) as opened:
        await opened.execute("UPDATE bench_person SET name = $1, age = $2", name, age)
        await workload.reset(opened)
        with pytest.raises(Wrong, match="people with the new name is 19000"):
            await workload.count(opened, range(6))
        await workload.restore(opened)
