"""Conditions evaluated in Python mean what they mean in PostgreSQL, or are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column
from asyncorm.models.model import Model
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.conditions import and_, not_, or_
from asyncorm.sql.constructs import false, null, true
from asyncorm.sql.functions.func import func
from asyncorm.sql.table import MetaData
from asyncorm.tracking.evaluate import assigned_value, evaluator
from asyncorm.tracking.state import UNLOADED


class Base(Model):
    metadata = MetaData()


class Thing(Base, table="evaluated_thing"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str | None]
    size: Mapped[int | None]
    price: Mapped[Decimal]
    weight: Mapped[float]
    ready: Mapped[bool | None]


TABLE: Any = Thing.__table__
VALUES = {"id": 1, "name": "x", "size": None, "price": Decimal("2.50"), "weight": float("nan")}
VALUES |= {"ready": None}


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        (Thing.id == 1, True),
        (Thing.id != 1, False),
        (Thing.size == 1, None),
        (Thing.size != 1, None),
        (not_(Thing.size == 1), None),
        (Thing.size == None, True),
        (Thing.size != None, False),
        (Thing.ready.is_(True), False),
        (Thing.ready.is_not(True), True),
        (Thing.id.is_distinct_from(None), True),
        (Thing.size.is_not_distinct_from(None), True),
        (and_(Thing.size == 1, Thing.id == 2), False),
        (and_(Thing.size == 1, Thing.id == 1), None),
        (or_(Thing.size == 1, Thing.id == 1), True),
        (or_(Thing.size == 1, Thing.id == 2), None),
        (Thing.id.in_([1, 2]), True),
        (Thing.id.in_([2, 3]), False),
        (Thing.id.not_in([2, 3]), True),
        (Thing.size.in_([1]), None),
        (Thing.size.in_([]), None),
        (Thing.id.between(0, 1), True),
        (Thing.id + 1 > 1, True),
        (Thing.id * 3 - 1 == 2, True),
        (Thing.price >= Decimal(2), True),
        (Thing.price < 3, True),
        (Thing.weight == float("nan"), True),  # PostgreSQL's NaN is equal to itself
        (Thing.name == "x", True),
        (true(), True),
        (false(), False),
        (null(), None),
    ],
)
def test_conditions_are_evaluated_with_three_truth_values(condition: Any, result: Any) -> None:
    assert evaluator(condition, TABLE)(VALUES) is result


def test_in_of_nothing_is_false_for_a_value_and_null_for_null() -> None:
    # PostgreSQL: NULL = ANY('{}') is false; both leave the row out
    assert evaluator(Thing.id.in_([]), TABLE)(VALUES) is False


@pytest.mark.parametrize(
    "condition",
    [
        Thing.size == 1,
        and_(Thing.size == 1, Thing.id == 1),
        or_(Thing.id == 2, Thing.size == 1),
        ~(Thing.size > 1),
        Thing.size.is_(None),
        Thing.size.in_([1]),
        Thing.size.is_distinct_from(1),
    ],
)
def test_a_value_that_is_not_loaded_leaves_it_open(condition: Any) -> None:
    assert evaluator(condition, TABLE)({"id": 1}) is UNLOADED


def test_what_is_decided_anyway_needs_no_value() -> None:
    assert evaluator(and_(Thing.id == 2, Thing.size == 1), TABLE)({"id": 1}) is False
    assert evaluator(or_(Thing.id == 1, Thing.size == 1), TABLE)({"id": 1}) is True


@pytest.mark.parametrize(
    ("condition", "construct"),
    [
        (Thing.name > "a", "the operator > between these types"),
        (Thing.name.between("a", "b"), "the operator BETWEEN"),
        (Thing.name.startswith("a"), "the operator LIKE"),
        (Thing.price + 1 == 2, r"the operator \+"),
        (Thing.id / 2 == 1, "a CastTo"),
        (Thing.id // 2 == 1, "the operator /"),
        (func.abs(Thing.id) == 1, r"the function abs\(\)"),
    ],
)
def test_what_python_does_differently_is_refused(condition: Any, construct: str) -> None:
    with pytest.raises(InvalidRequestError, match=construct) as caught:
        evaluator(condition, TABLE)
    assert "leave the option out" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "result"),
    [
        (Thing.id, 5, 5),
        (Thing.size, None, None),
        (Thing.id, Thing.id + 4, 5),
        (Thing.name, "y", "y"),
        (Thing.ready, True, True),
    ],
)
def test_plain_values_and_whole_numbers_are_computed(column: Any, value: Any, result: Any) -> None:
    make = assigned_value(Assignment(column, value), TABLE)
    assert make is not None
    assert make(VALUES) == result


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Thing.price, Decimal("1.005")),  # the column rounds
        (Thing.price, 1),
        (Thing.weight, 1.5),
        (Thing.name, func.lower("A")),
        (Thing.id, func.abs(Thing.id)),
        (Thing.name, Thing.name.concat("!")),
    ],
)
def test_what_the_database_may_store_otherwise_is_not_computed(column: Any, value: Any) -> None:
    assert assigned_value(Assignment(column, value), TABLE) is None
