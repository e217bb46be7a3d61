"""Which statement goes next, where several could."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from asyncorm.flush.edge import Edge
from asyncorm.flush.schedule import schedule


def steps(rows: str, *pairs: str) -> list[str]:
    """Rows such as ``a1 b1`` have the shape of their letter; ``a1>b1`` is an order."""
    names = rows.split()
    key: Any = None
    waits: dict[Any, list[Edge]] = {name: [] for name in names}
    for pair in pairs:
        first, then = pair.replace("=", ">").split(">")
        waits[then].append(Edge(first, then, key, ">" in pair, None, False))
    found = schedule(names, [[name] for name in names], waits, lambda name: name[0])
    return [" ".join(step) for step in found]


def test_rows_of_one_shape_go_together() -> None:
    assert steps("a1 b1 a2 b2") == ["a1 a2", "b1 b2"]


def test_a_shape_waits_until_all_its_rows_can_go() -> None:
    assert steps("b1 a1 b2", "a1>b2") == ["a1", "b1 b2"]


def test_a_shape_that_is_complete_goes_at_once_even_if_another_has_a_longer_chain() -> None:
    assert steps("b1 a1 b2 c1 d1", "b1>c1", "c1>d1", "a1>b2") == ["a1", "b1 b2", "c1", "d1"]


def test_otherwise_the_start_of_the_longest_chain_goes_first() -> None:
    assert steps("a1 b1 a2 b2", "b1>a2", "a2>b2") == ["b1", "a1 a2", "b2"]


def test_rows_that_may_share_a_statement_do() -> None:
    assert steps("a1 a2 a3 a4", "a1=a2", "a2=a3", "a3>a4") == ["a1 a2 a3", "a4"]


def test_a_row_waits_for_all_it_depends_on() -> None:
    assert steps("a1 a2 a3", "a1=a3", "a2>a3") == ["a1 a2", "a3"]


def test_a_long_chain_is_no_recursion() -> None:
    names = [f"a{number}" for number in range(5000)]
    pairs = [f"{first}={then}" for first, then in pairwise(names)]
    assert len(steps(" ".join(names), *pairs)) == 1
    strict = [pair.replace("=", ">") for pair in pairs]
    assert len(steps(" ".join(names), *strict)) == 5000
