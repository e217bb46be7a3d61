"""The garbage collector stands still while rows become objects, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from asyncorm import Mapped, MetaData, Model, column, select, sql
from asyncorm.compiler.cache import StatementCache
from asyncorm.loading.context import LoadContext
from asyncorm.loading.pipeline import make_rows
from asyncorm.loading.raw import load_text
from asyncorm.tracking.collector import without_collections
from asyncorm.tracking.unit_of_work import UnitOfWork


class Base(Model):
    metadata = MetaData()


class Reading(Base, table="reading"):
    id: Mapped[int] = column(primary_key=True)
    value: Mapped[float]


Base.metadata.configure()


class Record(tuple[Any, ...]):
    """One of the driver's, as far as it matters here."""

    __slots__ = ()

    def keys(self) -> list[str]:
        return ["id", "value"]


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations that were collected since."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.collect()
    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


async def never(*_: Any, **__: Any) -> list[Any]:
    raise AssertionError("nothing is to be asked")


def load(records: list[Any]) -> list[Any]:
    """The objects of records; nothing waits for anything."""
    statement = select(Reading)
    context = LoadContext(UnitOfWork(), StatementCache().objects, never)
    with pytest.raises(StopIteration) as end:
        make_rows(statement, context.plan(statement), records, context).send(None)
    found: list[Any] = end.value.value.rows
    return found


def test_many_rows_set_off_no_more_collections_than_few(collections: list[int]) -> None:
    load([(0, 0.0)])
    records = [(number, 0.5) for number in range(20_000)]
    gc.collect()
    del collections[:]
    found = load(records)
    assert len(found) == 20_000
    assert len(collections) <= 2  # one, when the pause is over


def test_many_rows_of_raw_sql_set_off_no_more_collections_than_few(
    collections: list[int],
) -> None:
    statement = sql("select id, value from reading").into(Reading)
    compiled = StatementCache().get(statement)
    records = [Record((number, 0.5)) for number in range(20_000)]
    load_text(statement, compiled, records[:1], UnitOfWork())
    gc.collect()
    del collections[:]
    found, _ = load_text(statement, compiled, records, UnitOfWork())
    assert len(found) == 20_000
    assert len(collections) <= 2  # one, when the pause is over


def test_the_collector_goes_on_after_an_error() -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        without_collections(fail)
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        assert not without_collections(gc.isenabled)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_rows_that_cannot_be_read_leave_the_collector_on() -> None:
    with pytest.raises(ValueError, match="unpack"):
        load([(1,)] * 1_000)
    assert gc.isenabled()


def test_what_is_made_comes_back_and_the_collector_goes_on(
    collections: list[int],
) -> None:
    lists = without_collections(lambda count: [[number] for number in range(count)], 20_000)
    assert len(lists) == 20_000
    assert len(collections) <= 1  # when the pause is over
    assert gc.isenabled()
