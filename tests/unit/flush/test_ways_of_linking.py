"""However parents and children are put together, a flush finds the same links and rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncorm.errors import FlushError, IdentityConflictError
from asyncorm.flush import checks
from asyncorm.flush.changes import ChangeSet, collect_changes
from asyncorm.flush.link import apply_links
from asyncorm.flush.plan import Batch
from asyncorm.flush.planner import plan_flush
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.library import Line, Note, Order, stored, unit_of


class Gifts(Model):
    metadata = MetaData()


class Person(Gifts, table="person"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Gift(Gifts, table="gift"):
    """Needs two people, who may be one."""

    id: Mapped[int] = column(primary_key=True, init=False)
    giver_id: Mapped[int] = foreign_key(Person.id)
    taker_id: Mapped[int] = foreign_key(Person.id)
    giver: Related[Person] = relationship(foreign_keys="giver_id")
    taker: Related[Person] = relationship(foreign_keys="taker_id")


Gifts.metadata.configure()


def given_when_made(numbers: list[int]) -> UnitOfWork:
    return unit_of(
        *(Order(name=str(n), lines=[Line(text=f"{n}.{m}") for m in range(n)]) for n in numbers)
    )


def given_to_a_member_of_the_session(numbers: list[int]) -> UnitOfWork:
    unit = unit_of()
    for n in numbers:
        order = Order(name=str(n))
        unit.add(order)
        order.lines = [Line(text=f"{n}.{m}") for m in range(n)]
    return unit


def appended(numbers: list[int]) -> UnitOfWork:
    orders = [Order(name=str(n)) for n in numbers]
    for order, n in zip(orders, numbers, strict=True):
        for m in range(n):
            order.lines.append(Line(text=f"{n}.{m}"))
    return unit_of(*orders)


def referring_when_made(numbers: list[int]) -> UnitOfWork:
    unit = unit_of()
    for n in numbers:
        order = Order(name=str(n))
        lines = [Line(text=f"{n}.{m}", order=order) for m in range(n)]
        unit.add_all([order, *lines])
    return unit


def moved_from_another(numbers: list[int]) -> UnitOfWork:
    """Each line was another order's first, which is no longer in the session."""
    unit = unit_of()
    for n in numbers:
        other = Order(name="other", lines=[Line(text=f"{n}.{m}") for m in range(n)])
        order = Order(name=str(n))
        for line in list(other.lines):
            line.order = order
        unit.add(order)
    return unit


WAYS = [
    given_when_made,
    given_to_a_member_of_the_session,
    appended,
    referring_when_made,
    moved_from_another,
]


def told(changes: ChangeSet) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """The rows, the links and the statements, without the objects."""
    rows = [one.text if isinstance(one, Line) else one.name for one in changes.inserts]
    links = [(link.child.text, link.parent.name) for link in changes.links.values()]
    return rows, links, [str(batch) for batch in plan_flush(changes).batches]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
@given(numbers=st.lists(st.integers(0, 3), max_size=3, unique=True))
@settings(max_examples=30)
def test_the_same_links_and_rows(
    way: Callable[[list[int]], UnitOfWork], numbers: list[int]
) -> None:
    unit, expected = way(numbers), []
    rows, links, batches = told(collect_changes(unit))
    for n in numbers:
        expected += [str(n), *(f"{n}.{m}" for m in range(n))]
    assert rows == expected
    assert links == [(f"{n}.{m}", str(n)) for n in numbers for m in range(n)]
    assert len(batches) == (bool(numbers) + any(numbers))
    for order in [one for one in unit.new if isinstance(one, Order)]:
        assert all(line.order is order for line in order.lines)


def keyed(kind: type[Any], key: int | None) -> Any:
    return kind() if key is None else kind(id=key)


@st.composite
def units(draw: st.DrawFn) -> UnitOfWork:
    """Orders, lines and notes, with keys and without; some refer to nobody, some are stored."""
    unit = unit_of()
    keys = st.none() | st.integers(1, 3)
    orders = [keyed(Order, draw(keys)) for _ in range(draw(st.integers(1, 3)))]
    known = [order for order in orders if order.id is not None]
    if len({order.id for order in known}) == len(known) and draw(st.booleans()):
        stored(unit, *known)
    lines = [keyed(Line, draw(keys)) for _ in range(draw(st.integers(0, 4)))]
    for line in lines:
        line.order_id = draw(st.none() | st.integers(1, 3))
        line.notes = [Note() for _ in range(draw(st.integers(0, 2)))]
        if draw(st.booleans()):
            line.order = draw(st.sampled_from(orders))
    unit.add_all([*orders, *lines])
    if draw(st.booleans()):
        unit.add(Note())
    people = [Person() for _ in range(2)]
    gifts = [Gift() for _ in range(draw(st.integers(0, 2)))]
    for gift in gifts:
        for name in draw(st.sets(st.sampled_from(["giver", "taker"]))):
            setattr(gift, name, draw(st.sampled_from(people)))
        for name in draw(st.sets(st.sampled_from(["giver_id", "taker_id"]))):
            setattr(gift, name, draw(st.none() | st.just(1)))
    unit.add_all([*people, *gifts])
    return unit


def outcome(unit: UnitOfWork) -> Any:
    try:
        return told_of_keys(collect_changes(unit))
    except (FlushError, IdentityConflictError) as error:
        return type(error), str(error)


def told_of_keys(changes: ChangeSet) -> list[Any]:
    return [(id(link.child), id(link.parent)) for link in changes.links.values()]


@settings(max_examples=200)
@given(units())
def test_rows_that_surely_fit_need_no_comparison(unit: UnitOfWork) -> None:
    short = outcome(unit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "_surely_fits", lambda *given: False)
        assert outcome(unit) == short


@settings(max_examples=100)
@given(units())
def test_links_are_applied_together_as_one_by_one(unit: UnitOfWork) -> None:
    if not isinstance(outcome(unit), list):
        return
    plan = plan_flush(collect_changes(unit))
    for number, batch in enumerate(batch for batch in plan.batches if isinstance(batch, Batch)):
        for instance in batch.instances:
            if instance.id is None:
                instance.id = 10 + number
        before = [dict(link.child.__dict__) for link in batch.links]
        apply_links(batch.links)
        together = [dict(link.child.__dict__) for link in batch.links]
        for link, values in zip(batch.links, before, strict=True):
            link.child.__dict__.update(values)
        for link in batch.links:
            link.apply()
        assert [dict(link.child.__dict__) for link in batch.links] == together
