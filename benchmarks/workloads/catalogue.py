"""All workloads, in the order of the tables."""

from __future__ import annotations

from benchmarks.workloads.changing import Mixed, UpdateMany
from benchmarks.workloads.reading import Filter, Get, Load
from benchmarks.workloads.relations import BooksWithAuthor, Eager
from benchmarks.workloads.workload import Workload
from benchmarks.workloads.writing import Copy, InsertGraph, InsertMany, InsertOne

TASKS = 32
CONNECTIONS = 10
#: where one client calls; there are pools that refuse to have but one
FEW = 2

CATALOGUE: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Get("get", "get by key", 200),
        Get("get-32", "get by key, 32 tasks", 320, TASKS),
        Filter("filter", "filter, 20 rows", 80),
        Load("load-1000", "load 1,000 rows", 12, 1_000),
        Load("load-20000", "load 20,000 rows", 1, 20_000),
        InsertOne("insert", "insert one", 150),
        InsertMany("insert-1000", "insert 1,000, keys back", 3, 1_000),
        UpdateMany("update-1000", "update 1,000", 4, 1_000),
        InsertGraph("graph", "graph of 100 x 10, keys back", 3, 100, 10),
        Eager("selectin", "eager 100 x 20, select-in", 8, "eager_selectin"),
        Eager("joined", "eager 100 x 20, joined", 8, "eager_joined"),
        Eager("nested", "eager 100 x 20, nested", 8, "eager_nested"),
        BooksWithAuthor("books", "2,000 books with author", 8),
        Mixed("mixed", "mixed web unit", 60),
        Mixed("mixed-32", "mixed web unit, 32 tasks", 96, TASKS),
        Copy("copy", "COPY 100,000 rows", 1, 100_000),
    )
}
