from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from pydantic import Field

from asyncorm.errors import (
    CheckViolation,
    DatabaseError,
    DataError,
    ForeignKeyViolation,
    NotNullViolation,
    OperationalError,
    UniqueViolation,
)
from asyncorm.flush.blame import name_objects
from asyncorm.flush.plan import Batch, Kind
from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column, generated
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from asyncorm.types.scalars import Integer, Numeric


class Base(Model):
    metadata = MetaData()


class Mood(Enum):
    HAPPY = 1
    SAD = 2


class Row(Base, table="row"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[Annotated[str, Field(max_length=5)]] = column(name="the text")
    flag: Mapped[bool] = column(default=True)
    mood: Mapped[Mood] = column(default=Mood.SAD)
    number: Mapped[int] = column(Integer, default=0)
    price: Mapped[Decimal | None] = column(Numeric(5, 2), default=None)
    at: Mapped[datetime | None] = column(default=None)
    data: Mapped[dict[str, Any]] = column(default_factory=dict)


COLUMNS = ("text", "flag", "mood", "number", "price", "at", "data")


def row(**values: Any) -> Row:
    found = Row(text="a")
    found.__dict__.update(values)
    return found


def blamed(error: DatabaseError, rows: list[Row], columns: tuple[str, ...] = COLUMNS) -> list[Row]:
    name_objects(error, Batch(Kind.INSERT, Row.__mapper__.written_parts[0], columns, rows, ("id",)))
    return list(error.objects)


def test_the_only_row_of_a_batch_is_to_blame() -> None:
    only = row()
    assert blamed(OperationalError("no idea"), [only]) == [only]


def test_of_two_rows_with_one_key_the_second_is_refused() -> None:
    first, second, other = row(text="x"), row(text="x"), row(text="y")
    error = UniqueViolation("", sqlstate="23505", detail='Key ("the text")=(x) already exists.')
    [found] = blamed(error, [first, second, other])
    assert found is second


def test_a_composite_key_is_found() -> None:
    rows = [row(text="a", number=n, flag=n == 2) for n in range(4)]
    error = UniqueViolation(
        "", sqlstate="23505", detail='Key ("the text", number, flag)=(a, 2, t) already exists.'
    )
    assert blamed(error, rows) == [rows[2]]


def test_labels_of_enums_are_read_as_the_server_writes_them() -> None:
    rows = [row(mood=Mood.SAD), row(mood=Mood.HAPPY)]
    error = UniqueViolation("", sqlstate="23505", detail="Key (mood)=(HAPPY) already exists.")
    assert blamed(error, rows) == [rows[1]]


def test_a_reference_to_nothing_is_found() -> None:
    rows = [row(number=n) for n in range(4)]
    error = ForeignKeyViolation(
        "", sqlstate="23503", detail='Key (number)=(3) is not present in table "other".'
    )
    assert blamed(error, rows) == [rows[3]]


def test_an_expression_of_an_index_blames_nobody() -> None:
    error = UniqueViolation("", sqlstate="23505", detail="Key (lower(text))=(a) already exists.")
    assert blamed(error, [row(), row()]) == []


def test_a_missing_value_is_found() -> None:
    rows = [row(), row(number=None), row()]
    assert blamed(NotNullViolation("", columns=["number"]), rows) == [rows[1]]


def test_a_value_missing_in_a_column_that_the_batch_does_not_write_is_found_by_the_row() -> None:
    rows = [row(text="b"), row(text="c")]
    error = NotNullViolation(
        "",
        columns=["id"],
        detail="Failing row contains (null, c, t, SAD, 0, null, null, {}).",
    )
    assert blamed(error, rows) == [rows[1]]


def test_a_row_quoted_as_a_whole_is_found() -> None:
    rows = [
        row(text="a, b", number=-1, price=Decimal("1.50"), at=datetime.now(UTC), data={"a": [1]}),
        row(text="a, b", number=-2, price=Decimal("1.50"), at=datetime.now(UTC), data={"a": [1]}),
    ]
    detail = (
        'Failing row contains (17, a, b, t, SAD, -2, 1.50, 2026-01-01 01:02:03.4+00, {"a": [1]}).'
    )
    assert blamed(CheckViolation("", detail=detail), rows) == [rows[1]]


def test_long_values_are_quoted_shortened() -> None:
    rows = [row(text="é" * 50 + "x"), row(text="ü" * 50 + "y")]
    detail = f"Failing row contains (1, {'ü' * 32}..., t, SAD, 0, null, null, {{}})."
    assert blamed(CheckViolation("", detail=detail), rows) == [rows[1]]


@pytest.mark.parametrize(
    "values",
    [
        {"text": "123456"},
        {"text": "a\0b"},
        {"number": 2**31},
        {"number": "x"},
        {"price": Decimal("999.995")},
        {"price": Decimal("Infinity")},
        {"mood": "HAPPY"},
        {"data": {"x": object()}},
        {"at": "now"},
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_found(values: dict[str, Any]) -> None:
    bad = row(**values)
    assert blamed(DataError(""), [row(), bad, row()]) == [bad]


def test_values_that_fit_blame_nobody() -> None:
    rows = [
        row(text="12345  ", number=-(2**31), price=Decimal("999.994"), at=datetime.now(UTC)),
        row(price=Decimal("NaN"), number=2**31 - 1),
    ]
    assert blamed(DataError(""), rows) == []


def test_objects_that_are_named_already_stay() -> None:
    first, second = row(), row()
    assert blamed(UniqueViolation("", objects=[first]), [second]) == [first]


def test_a_refused_parameter_is_named_by_its_attribute() -> None:
    error = DataError("parameter $4 is no integer (got str)")
    wrong = row(number="x")
    assert blamed(error, [row(), wrong]) == [wrong]
    assert error.message == "Row.number is no integer (got str)"
    assert error.columns == ("number",)


class Refused(Exception):
    """Stands for the driver's error, of which only the context is read."""

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context


def test_copy_says_at_which_line_it_stopped() -> None:
    rows = [row(text=str(n)) for n in range(5)]
    error = DatabaseError("refused")
    error.__cause__ = Refused("PL/pgSQL function refuse() line 3 at RAISE\nCOPY row, line 4")
    assert blamed(error, rows) == [rows[3]]
    error = DatabaseError("refused")
    error.__cause__ = Refused("COPY other, line 4\nCOPY rows, line 2\nCOPY row, line 9")
    assert blamed(error, rows) == []


def test_of_three_rows_with_one_key_the_second_is_refused() -> None:
    rows = [row(text="x") for _ in range(3)]
    error = UniqueViolation("", sqlstate="23505", detail='Key ("the text")=(x) already exists.')
    assert [found is rows[1] for found in blamed(error, rows)] == [True]


def test_rows_that_look_alike_blame_nobody() -> None:
    rows = [row(text="x" * 70 + str(n)) for n in range(3)]
    detail = f"Failing row contains (1, {'x' * 64}..., t, SAD, 0, null, null, {{}})."
    assert blamed(CheckViolation("", detail=detail), rows) == []


@pytest.mark.parametrize(
    "error",
    [
        UniqueViolation(
            "", sqlstate="23505", table="log", detail="Key (number)=(0) already exists."
        ),
        NotNullViolation("", table="log", columns=["price"]),
        CheckViolation(
            "",
            table="log",
            detail="Failing row contains (1, a, t, SAD, 0, null, null, {}).",
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_about_a_table_that_a_trigger_writes_to_blames_nobody(
    error: DatabaseError,
) -> None:
    assert blamed(error, [row(), row(text="b")]) == []


def test_attributes_that_are_not_loaded_may_be_anything_in_a_changed_row() -> None:
    rows = [row(id=n, number=n) for n in range(3)]
    for found in rows:
        del found.__dict__["text"]
    error = CheckViolation("", detail="Failing row contains (2, hi, t, SAD, 2, null, null, {}).")
    name_objects(error, Batch(Kind.UPDATE, Row.__mapper__.written_parts[0], ("number",), rows))
    assert error.objects == (rows[2],)


@pytest.mark.parametrize("given", [Decimal("1E+140000"), 10**50])
def test_a_number_that_python_can_not_round_is_blamed(given: Any) -> None:
    rows = [row(), row(price=given)]
    assert blamed(DataError("numeric field overflow", sqlstate="22003"), rows) == [rows[1]]
