"""Plans of loading are kept as long as their statements are."""

from __future__ import annotations

import gc
from weakref import WeakSet

from asyncorm import JSONB, delete, literal, select, selectinload
from asyncorm.compiler.cache import StatementCache
from asyncorm.loading.plan import LoadPlan, plan_for
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.bookshop import Author


def test_a_statement_of_the_same_shape_has_the_same_plan() -> None:
    """So that a statement which is sent again costs no more than a look."""
    cache = StatementCache().objects
    first = plan_for(select(Author).where(Author.id == 1), cache)
    assert plan_for(select(Author).where(Author.id == 2), cache) is first


def test_options_make_another_plan() -> None:
    """The plan knows what is loaded with the rows."""
    cache = StatementCache().objects
    plain = plan_for(select(Author), cache)
    loading = plan_for(select(Author).options(selectinload(Author.books)), cache)
    assert plain is not loading
    assert plan_for(select(Author), cache) is plain


def test_plans_go_with_the_statements_that_the_cache_forgets() -> None:
    """A program that makes ever new statements does not grow."""
    cache = StatementCache(4).objects
    plans: WeakSet[LoadPlan] = WeakSet()
    for count in range(1, 30):
        plans.add(plan_for(select(*[Author.id] * count), cache))
        plans.add(plan_for(select(Author).options(*[selectinload(Author.books)] * count), cache))
    gc.collect()
    assert len(plans) <= 5


def test_rows_of_plain_values_are_the_same_as_by_columns() -> None:
    """Where nothing is an object and nothing is decoded a record is a row."""
    cache = StatementCache().objects
    plan = plan_for(select(Author.id, Author.name), cache)
    assert plan.is_plain
    records = [(1, "Ada"), (2, "Bob")]
    by_columns = plan.rows(plan.columns(records, UnitOfWork(), None, {})[0])
    assert plan.plain_rows(records) == by_columns == records
    assert [type(row) for row in plan.plain_rows(records)] == [type(row) for row in by_columns]
    assert plan_for(select(Author.name), cache).plain_rows([("Ada",)]) == ["Ada"]


def test_rows_with_objects_or_with_values_to_decode_are_not_plain() -> None:
    cache = StatementCache().objects
    assert not plan_for(select(Author.id, Author), cache).is_plain
    assert not plan_for(select(literal([1], JSONB)), cache).is_plain
    assert not plan_for(delete(Author).returning(Author.id), cache).is_plain
