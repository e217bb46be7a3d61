"""The checks of what libraries return: a benchmark of wrong answers would be worth nothing."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import schema
from benchmarks.adapter import Adapter
from benchmarks.workloads.catalogue import CATALOGUE
from benchmarks.workloads.workload import Wrong


def person(key: int, **changes: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"id": key, **schema.person(key), **changes})


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_workload_calls_a_method_of_adapters(name: str) -> None:
    assert callable(getattr(Adapter, CATALOGUE[name].method))


def test_calls_in_a_row_ask_for_different_rows() -> None:
    keys = {CATALOGUE["get"].arguments(number) for number in range(1_000)}
    assert len(keys) == 1_000
    assert all(1 <= key <= schema.PEOPLE for (key,) in keys)
    assert len({CATALOGUE["filter"].arguments(number) for number in range(90)}) == 90


def test_tasks_at_the_same_time_have_accounts_of_their_own() -> None:
    mixed = CATALOGUE["mixed-32"]
    accounts = {mixed.arguments(number)[0] for number in range(mixed.calls)}
    assert len(accounts) == mixed.calls


def test_the_right_person_is_accepted() -> None:
    get = CATALOGUE["get"]
    get.glance((7,), person(7))
    get.check((7,), person(7))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 8},
        {"balance": Decimal("0.08")},
        {"balance": 0.07},
        {"active": 0},
        {"token": str(schema.person(7)["token"])},
        {"note": "a note"},
    ],
    ids=str,
)
def test_a_wrong_value_or_type_is_not(changes: dict[str, Any]) -> None:
    with pytest.raises(Wrong, match=next(iter(changes))):
        CATALOGUE["get"].check((7,), person(7, **changes))


def test_a_filter_has_its_twenty_rows_in_order() -> None:
    workload = CATALOGUE["filter"]
    right = [person(key) for key in range(5, 2_001, 90)][:20]
    workload.check((5,), right)
    with pytest.raises(Wrong, match="keys"):
        workload.check((5,), right[::-1])
    with pytest.raises(Wrong, match="rows is 19"):
        workload.glance((5,), right[1:])


def test_books_belong_to_their_author() -> None:
    def book(key: int) -> SimpleNamespace:
        values = {"title": f"book {key}", "year": 1950 + key % 70, "price": key / 8}
        return SimpleNamespace(id=key, author_id=1 + (key - 1) // 20, **values)

    def author(key: int) -> SimpleNamespace:
        books = [book(number) for number in range(key * 20, key * 20 - 20, -1)]
        values = {"name": f"author {key}", "email": f"a{key}@example.org", "born": 1900 + key}
        return SimpleNamespace(id=key, books=books, **values)

    authors = [author(key) for key in range(1, 101)]
    CATALOGUE["selectin"].check((), authors)
    authors[3].books[0], authors[4].books[0] = authors[4].books[0], authors[3].books[0]
    with pytest.raises(Wrong, match="book"):
        CATALOGUE["selectin"].check((), authors)


def test_objects_without_keys_are_found() -> None:
    workload = CATALOGUE["insert-1000"]
    rows = workload.arguments(0)
    made = [SimpleNamespace(id=key, **row) for key, row in enumerate(rows[0])]
    workload.check(rows, made)
    made[-1].id = None
    with pytest.raises(Wrong, match="key of the last object"):
        workload.glance(rows, made)
