"""The keys of statements hold everything that changes their text, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from asyncorm import aliased, case, func, select, tablesample, true, tuple_, values, window
from tests.support.shop import Category, Product, Sale

Build = Callable[[], Any]

TREE = select(Category.id).cte("tree", recursive=True).union_all(select(Category.id))

#: statements that differ in one part; the text of each must be another one
DIFFERENT: dict[str, list[Build]] = {
    "windows": [
        lambda: select(func.count().over(order_by=Sale.id)),
        lambda: select(func.count().over(partition_by=Sale.id)),
        lambda: select(func.count().over(order_by=Sale.id, rows=(-1, 1))),
        lambda: select(func.count().over(order_by=Sale.id, rows=(None, 1))),
        lambda: select(func.count().over(order_by=Sale.id, rows=(0, 1))),
        lambda: select(func.count().over(order_by=Sale.id, groups=(-1, 1))),
        lambda: select(func.count().over(order_by=Sale.id, range_=(-1, 1))),
        lambda: select(func.count().over(order_by=Sale.id, rows=(-1, 1), exclude="TIES")),
    ],
    "aggregates": [
        lambda: select(func.mode().within_group(Sale.id)),
        lambda: select(func.mode().within_group(Sale.id.desc())),
        lambda: select(func.anything().order_by(Sale.id)),
        lambda: select(func.anything().within_group(Sale.id)),
        lambda: select(func.anything.anything().within_group(Sale.id)),
    ],
    "groupings": [
        lambda: select(func.count()).group_by(func.rollup(Sale.id, Sale.quantity)),
        lambda: select(func.count()).group_by(func.cube(Sale.id, Sale.quantity)),
        lambda: select(func.count()).group_by(func.rollup((Sale.id, Sale.quantity))),
    ],
    "tables": [
        lambda: select(func.unnest(Sale.id).table_valued("a").c.a),
        lambda: select(func.unnest(Sale.id).table_valued("a", "b").c.a),
        lambda: select(func.unnest(Sale.id).table_valued("a", with_ordinality="b").c.a),
        lambda: select(func.unnest(Sale.id).table_valued({"a": int}, with_types=True).c.a),
        lambda: select(func.unnest(Sale.id).table_valued({"a": str}, with_types=True).c.a),
        lambda: select(values({"a": int}, [(1,)]).c.a),
        lambda: select(values({"a": int, "b": int}, [(1, 2)]).c.a),
        lambda: select(values({"a": int}, [(func.now(),)]).c.a),
        lambda: select(values({"a": int}, [(func.now(),), (1,)]).c.a),
        lambda: select(tablesample(Sale, 1).id),
        lambda: select(tablesample(Sale, 1, seed=1).id),
        lambda: select(tablesample(Sale, func.bernoulli(1)).id),
        lambda: select(aliased(Sale).id),
    ],
    "common tables": [
        lambda: select(TREE.c.id),
        lambda: select(TREE.search_depth_first("id").c.id),
        lambda: select(TREE.search_breadth_first("id").c.id),
        lambda: select(TREE.search_breadth_first("id", set_="x").c.id),
        lambda: select(TREE.cycle("id").c.id),
        lambda: select(select(Category.id).cte("tree").c.id),
        lambda: select(select(Category.id).cte("tree", materialized=True).c.id),
        lambda: select(select(Category.id).cte("tree", materialized=False).c.id),
    ],
    "rest": [
        lambda: select(Sale.id).order_by(Sale.id).limit(1),
        lambda: select(Sale.id).order_by(Sale.id).fetch(1, with_ties=True),
        lambda: select(Sale.id).join(Product, true()),
        lambda: select(Sale.id).join(Product, true(), full=True),
        lambda: select(Sale.id).join(Product, true(), isouter=True),
        lambda: select(Product.name.collate("C")),
        lambda: select(Product.name.collate("D")),
        lambda: select(Sale.id.between(1, 2)),
        lambda: select(Sale.id.between(1, 2, symmetric=True)),
        lambda: select(case({1: 2}, value=Sale.id)),
        lambda: select(case((Sale.id == 1, 2))),
        lambda: select(tuple_(Sale.id, Sale.quantity).in_([(1, 2)])),
        lambda: select(tuple_(Sale.id, Sale.quantity) == (1, 2)),
        lambda: select(tuple_(Sale.id, Sale.quantity) < (1, 2)),
    ],
}

#: statements that differ in values only
ALIKE: list[tuple[Build, Build]] = [
    (
        lambda: select(func.count().over(order_by=Sale.id, rows=(-1, 1))),
        lambda: select(func.count().over(order_by=Sale.id, rows=(-5, 2))),
    ),
    (
        lambda: select(
            func.count().over(window(order_by=Sale.sold_at, range_=(-timedelta(days=1), None)))
        ),
        lambda: select(
            func.count().over(window(order_by=Sale.sold_at, range_=(-timedelta(days=3), None)))
        ),
    ),
    (
        lambda: select(tablesample(Sale, 1, seed=1).id),
        lambda: select(tablesample(Sale, 5, seed=2.5).id),
    ),
    (
        lambda: select(values({"a": int}, [(1,)]).c.a),
        lambda: select(values({"a": int}, [(1,), (2,)]).c.a),
    ),
    (
        lambda: select(func.generate_series(1, 2).column_valued("n")),
        lambda: select(func.generate_series(5, 9).column_valued("n")),
    ),
    (
        lambda: select(func.percentile_cont(0.5).within_group(Sale.id)),
        lambda: select(func.percentile_cont(0.9).within_group(Sale.id)),
    ),
    (
        lambda: select(Sale.id).order_by(Sale.id).fetch(1, with_ties=True),
        lambda: select(Sale.id).order_by(Sale.id).fetch(7, with_ties=True),
    ),
    (lambda: select(case({1: 2}, value=Sale.id)), lambda: select(case({3: 4}, value=Sale.id))),
]


@pytest.mark.parametrize("kind", DIFFERENT)
def test_another_text_has_another_key(kind: str) -> None:
    for first, second in combinations(DIFFERENT[kind], 2):
        assert str(first()) != str(second())
        assert first()._key != second()._key, str(second())


@pytest.mark.parametrize("build", [build for kind in DIFFERENT.values() for build in kind])
def test_the_same_again_has_the_same_key(build: Build) -> None:
    assert build()._key == build()._key


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_other_values_have_the_same_key_and_are_all_bound(first: Build, second: Build) -> None:
    one, two = first(), second()
    assert one._key == two._key
    assert str(one) == str(two)
    values_of_both = [
        [getattr(parameter, "value", None) for parameter in statement._parameters]
        for statement in (one, two)
    ]
    assert values_of_both[0] != values_of_both[1]
