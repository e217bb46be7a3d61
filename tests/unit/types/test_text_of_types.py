"""What the server's texts mean, and which values types refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum as PythonEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, create_model

from asyncorm.errors import ConfigurationError, DataError
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.beyond import (
    CalendarInterval,
    EndOfDay,
    OutOfRangeDate,
    microseconds_of,
    moment_in_utc,
    moment_of,
)
from asyncorm.types.composites import Composite
from asyncorm.types.custom import CustomType
from asyncorm.types.domains import Domain
from asyncorm.types.enums import EnumType
from asyncorm.types.extensions import HStore, read_hstore
from asyncorm.types.from_text import array_elements, record_fields, text_reader
from asyncorm.types.json import JSONB
from asyncorm.types.named import Money, NamedType
from asyncorm.types.network import CIDR, INET
from asyncorm.types.resolve import coerce_type
from asyncorm.types.scalars import (
    BIGINT,
    BOOLEAN,
    BYTEA,
    DATE,
    FLOAT,
    INTERVAL,
    NUMERIC,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    Numeric,
    Text,
)
from asyncorm.types.scalars import (
    UUID as UUID_TYPE,
)
from asyncorm.types.transport import transport_of
from asyncorm.types.vectors import SparseVector, Vector, read_sparse_vector, read_vector


class Color(PythonEnum):
    RED = "red"


MIDNIGHT_OF_1 = microseconds_of(datetime.min)
END_OF_9999 = microseconds_of(datetime.max) + 1

READ: list[tuple[SQLType[Any], str, Any]] = [
    (BIGINT, "-5", -5),
    (BOOLEAN, "t", True),
    (BOOLEAN, "f", False),
    (BYTEA, "\\x00ff", b"\x00\xff"),
    (FLOAT, "NaN", None),
    (FLOAT, "-Infinity", float("-inf")),
    (NUMERIC, "1.50", Decimal("1.50")),
    (DATE, "2026-01-02", date(2026, 1, 2)),
    (DATE, "infinity", date.max),
    (DATE, "-infinity", date.min),
    (DATE, "0044-03-15 BC", OutOfRangeDate(-15_997)),
    (DATE, "10000-01-01", OutOfRangeDate(date.max.toordinal() + 1)),
    (TIMESTAMP, "2026-01-02 03:04:05.5", datetime(2026, 1, 2, 3, 4, 5, 500_000)),
    (TIMESTAMP, "0001-12-31 23:59:59.5 BC", moment_of(MIDNIGHT_OF_1 - 500_000)),
    (TIMESTAMPTZ, "2026-01-02 03:04:05+02", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
    (TIMESTAMPTZ, "2026-01-02 03:04:05.000007-03:30", datetime(2026, 1, 2, 6, 34, 5, 7, UTC)),
    (TIMESTAMPTZ, "infinity", datetime.max),
    (TIME, "01:02:03.000004", time(1, 2, 3, 4)),
    (TIMESTAMPTZ, "10000-01-01 01:30:00+02", moment_in_utc(END_OF_9999 - 1_800_000_000)),
    (TIME, "24:00:00", EndOfDay()),
    (INTERVAL, "1 year 2 mons -3 days -04:05:06.7", CalendarInterval(14, -3, -14_706_700_000)),
    (INTERVAL, "-3 days +05:00:00", timedelta(days=-3, hours=5)),
    (INTERVAL, "00:00:00", timedelta(0)),
    (UUID_TYPE, "00000000-0000-0000-0000-000000000007", UUID(int=7)),
    (INET, "10.0.0.1", IPv4Address("10.0.0.1")),
    (INET, "10.0.0.1/8", IPv4Interface("10.0.0.1/8")),
    (CIDR, "10.0.0.0/8", IPv4Network("10.0.0.0/8")),
    (JSONB(), '{"a": [1]}', {"a": [1]}),
    (EnumType(Color), "red", Color.RED),
    (Domain("price", Numeric(5, 2)), "1.50", Decimal("1.50")),
    (Array(BIGINT), "{1,NULL,3}", [1, None, 3]),
    (Array(BIGINT), "[0:1]={1,2}", [1, 2]),
    (Array(BIGINT), "{}", []),
    (Array(TEXT, container=set), '{a,"b c"}', {"a", "b c"}),
]


@pytest.mark.parametrize(("type_", "text", "value"), READ)
def test_texts_of_the_server_are_read(type_: SQLType[Any], text: str, value: Any) -> None:
    found = text_reader(type_)(text)
    if value is None:
        assert found != found
    else:
        assert found == value
        assert type(found) is type(value)


def test_what_can_not_be_read_is_refused() -> None:
    with pytest.raises(DataError, match="an interval inside a composite"):
        text_reader(INTERVAL)("P1Y2M")
    with pytest.raises(DataError, match="can't be read"):
        array_elements('{"a"b}')
    with pytest.raises(ConfigurationError, match="can't be read inside a composite"):
        text_reader(SQLType("something"))
    with pytest.raises(DataError, match="a key without a value"):
        read_hstore('"a"')


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.none() | texts))
def test_arrays_are_read_as_they_were_written(values: list[str | None]) -> None:
    assert array_elements(Array(TEXT).as_text(values)) == values


@given(st.dictionaries(texts, st.none() | texts, max_size=4))
def test_stores_are_read_as_they_were_written(value: dict[str, str | None]) -> None:
    assert read_hstore(HStore().as_text(value)) == value


class Inner(NamedTuple):
    a: str | None
    b: list[str | None]


class Outer(NamedTuple):
    inner: Annotated[Inner | None, Composite(Inner)]
    many: Annotated[list[Inner | None], Array(Composite(Inner))]
    text: str | None


@given(
    st.builds(
        Outer,
        st.none() | st.builds(Inner, st.none() | texts, st.lists(st.none() | texts, max_size=3)),
        st.lists(st.none() | st.builds(Inner, texts, st.just([])), max_size=3),
        st.none() | texts,
    )
)
def test_composites_are_read_as_they_were_written(value: Outer) -> None:
    type_ = Composite(Outer)
    assert type_.decode is not None
    assert type_.decode(type_.as_text(value)) == value


def test_records_have_as_many_fields_as_the_class() -> None:
    assert record_fields('(,"",a b)') == [None, "", "a b"]
    decode = Composite(Inner).decode
    assert decode is not None
    with pytest.raises(DataError, match="has not the fields of Inner"):
        decode("(a)")


def test_a_style_of_dates_that_can_not_be_read_is_named() -> None:
    class Event(NamedTuple):
        day: date

    decode = Composite(Event).decode
    assert decode is not None
    with pytest.raises(DataError, match="can't be read") as caught:
        decode("(15.03.2026)")
    assert "datestyle" in str(caught.value)


def test_values_of_a_composite_are_named_when_they_do_not_fit() -> None:
    @dataclass
    class Line:
        count: int
        secret: str

    with pytest.raises(DataError, match="its count: a value of type str does not fit") as caught:
        Composite(Line).as_text(Line("hidden", "hidden"))  # type: ignore[arg-type]
    assert "hidden" not in str(caught.value)


def test_composites_of_pydantic_models_are_not_validated_again() -> None:
    class Shape(BaseModel):
        width: int

    decode = Composite(Shape).decode
    assert decode is not None
    assert decode("(-5)") == Shape(width=-5)
    odd = create_model("Odd", **{"a'b": int})  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="a field of Odd has a name"):
        Composite(odd)


class Cash:
    def __init__(self, amount: Decimal) -> None:
        self.amount = amount


class CashType(CustomType[Cash]):
    sql = Numeric(12, 2)

    def __init__(self, unit: str = "EUR") -> None:
        self.unit = unit

    def to_sql(self, value: Cash) -> Decimal:
        if value.amount < 0:
            raise ValueError(f"secret {value.amount}")
        return value.amount

    def from_sql(self, value: Decimal) -> Cash:
        if value > 100:
            raise ValueError(f"secret {value}")
        return Cash(value)


def test_a_custom_type_is_what_it_is_stored_as() -> None:
    type_ = CashType()
    assert (type_.ddl, type_.cast_type, type_.python_type) == ("numeric(12,2)", "numeric", Cash)
    assert type_.as_text(Cash(Decimal("1.5"))) == "1.5"
    assert type_.encode is not None
    assert type_.encode(Cash(Decimal(2))) == Decimal(2)
    assert transport_of(type_) == transport_of(NUMERIC)
    assert CashType() == type_
    assert CashType().key == type_.key
    assert CashType("USD") != type_
    assert CashType("USD").key != type_.key


def test_errors_of_a_custom_type_name_it_and_not_the_value() -> None:
    type_ = CashType()
    with pytest.raises(DataError, match=r"CashType.to_sql\(\) raised ValueError") as caught:
        type_.as_text(Cash(Decimal(-1)))
    assert "secret" not in str(caught.value)
    with pytest.raises(DataError, match="a value of type Decimal does not fit numeric"):
        type_.as_text(Decimal(1))
    assert type_.decode is not None
    with pytest.raises(DataError, match=r"CashType.from_sql\(\): it raised ValueError") as caught:
        type_.decode(Decimal(101))
    assert "secret" not in str(caught.value)


def test_an_incomplete_custom_type_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(ConfigurationError, match="Nothing does not say how its values are stored"):
        type("Nothing", (CustomType,), {})
    with pytest.raises(ConfigurationError, match=r"Half has no from_sql\(\)"):
        type("Half", (CustomType,), {"sql": Text, "to_sql": lambda self, value: value})
    with pytest.raises(ConfigurationError, match="Numeric has a scale but no precision"):
        type("Wrong", (CustomType,), {"sql": Numeric(scale=2)})


def test_vectors_are_read_and_written() -> None:
    assert read_vector(Vector(3).as_text([1, 2.5, -1e-5])) == [1.0, 2.5, -1e-5]
    assert read_vector("[]") == []
    assert SparseVector(5).as_text({5: 2, 1: 1.5}) == "{1:1.5,5:2.0}/5"
    assert read_sparse_vector("{1:1.5,5:2}/5") == {1: 1.5, 5: 2.0}
    assert read_sparse_vector("{}/5") == {}
    for dimensions in (0, 16_001, True, "3"):
        with pytest.raises(ConfigurationError, match="dimensions of vector"):
            Vector(dimensions)  # type: ignore[arg-type]


def refused_types() -> Iterator[tuple[Any, str]]:
    yield Money, "money are not supported"
    yield lambda: NamedType("money"), "money are not supported"
    yield lambda: NamedType(""), "can't be the name of a type"
    yield lambda: NamedType("bpchar", "3"), "no whole numbers"
    yield lambda: coerce_type(Money), "money are not supported"
    yield lambda: Domain("email", SQLType("")), "has no base type"


@pytest.mark.parametrize(("make", "message"), list(refused_types()))
def test_wrong_types_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        make()
    assert caught.value.hint


def test_names_of_types_are_quoted() -> None:
    assert NamedType('odd"; drop table x --').ddl == '"odd""; drop table x --"'
    assert NamedType("bpchar", 3).ddl == '"bpchar"(3)'
    assert NamedType("bpchar", 3).cast_type == '"bpchar"'
    assert Domain('a"b', Text, schema="c d").ddl == '"c d"."a""b"'
