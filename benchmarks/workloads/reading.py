"""The workloads that read one table."""

from __future__ import annotations

from typing import Any

from benchmarks import schema
from benchmarks.workloads.workload import Workload, same, same_attributes

#: no divisor in common with the number of people, so that calls in a row take keys far apart
STRIDE = 7_919
AGES = 90


def same_person(entity: Any, key: int) -> None:
    """Raise Wrong unless an entity is the person with a key, with all its values."""
    same_attributes(f"person {key}", entity, {"id": key, **schema.person(key)})


class Get(Workload):
    """A person by key."""

    method = "get"

    def arguments(self, number: int) -> tuple[Any, ...]:
        return (1 + number * STRIDE % schema.PEOPLE,)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("id", answer.id, arguments[0])
        same("email", answer.email, f"p{arguments[0]}@example.org")

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same_person(answer, arguments[0])


class Filter(Workload):
    """Twenty people of an age."""

    method = "filter"

    def arguments(self, number: int) -> tuple[Any, ...]:
        return (number % AGES,)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("rows", len(answer), 20)
        same("age", answer[-1].age, arguments[0])

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        first = arguments[0] or AGES
        expected = list(range(first, 2_001, AGES))[:20]
        same("keys", [one.id for one in answer], expected)
        for one, key in zip(answer, expected, strict=True):
            same_person(one, key)


class Load(Workload):
    """Many people."""

    method = "load"

    def __init__(self, name: str, title: str, calls: int, rows: int) -> None:
        super().__init__(name, title, calls)
        self.rows = rows

    def arguments(self, number: int) -> tuple[Any, ...]:
        return (self.rows,)

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("rows", len(answer), self.rows)
        last = answer[-1]
        same("email", last.email, f"p{last.id}@example.org")

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("rows", len(answer), self.rows)
        for key, one in enumerate(sorted(answer, key=lambda one: int(one.id)), 1):
            same_person(one, key)
