from __future__ import annotations

import datetime
import enum
import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

import asyncorm.types.json as json_types
from asyncorm.errors import ConfigurationError, DataError
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.enums import EnumType, IntegerEnum, snake_case
from asyncorm.types.json import JSON, JSONB, ModelJSON
from asyncorm.types.network import INET, Inet
from asyncorm.types.scalars import (
    BIGINT,
    BOOLEAN,
    BYTEA,
    DATE,
    FLOAT,
    INTEGER,
    INTERVAL,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    BigInteger,
    Numeric,
    String,
)


class Status(enum.Enum):
    OPEN = "open"
    DONE = "done"


class Size(enum.Enum):
    SMALL = 1
    LARGE = "l"


class Colour(enum.StrEnum):
    RED = "red"


class Settings(BaseModel):
    dark: bool = False


class Stranger(BaseModel):
    other: int = 1


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Settings, Stranger()),
        (Settings | None, Stranger()),
        (list[Settings], [Stranger()]),
        (dict[str, list[Settings]], {"a": [Settings(), Stranger()]}),
    ],
)
def test_a_document_of_another_class_is_no_document_of_this_one(
    annotation: Any, value: Any
) -> None:
    """Pydantic writes a Stranger where Settings are due, as {}."""
    with pytest.raises(DataError, match=r"does not fit jsonb: expected .*Settings"):
        ModelJSON(annotation).as_text(value)


def test_a_document_of_a_subclass_is_written_as_the_class() -> None:
    class Larger(Settings):
        size: int = 1

    assert json.loads(ModelJSON(Settings).as_text(Larger())) == {"dark": False}


def test_types_compare_by_value() -> None:
    assert String(5) == String(5)
    assert String(5) != String(6)
    assert BigInteger() == BIGINT
    assert Array(TEXT) == Array(TEXT)
    assert Array(TEXT) != Array(TEXT, container=set)
    assert JSONB() != JSON()


def test_types_of_one_ddl_that_convert_differently_are_different() -> None:
    class Other(BaseModel):
        dark: bool

    assert ModelJSON(Settings) == ModelJSON(Settings)
    assert ModelJSON(Settings) != ModelJSON(Other)
    assert ModelJSON(Settings) != JSONB()
    assert ModelJSON(Settings).key == ModelJSON(Settings).key
    assert ModelJSON(Settings).parameter_key != JSONB().parameter_key
    assert Inet(interface=True) != INET


def test_a_parameter_type_has_no_size() -> None:
    for type_ in (String(3), Numeric(4, 2), Array(String(3))):
        assert "(" in type_.ddl
        assert "(" not in type_.parameter_type + type_.cast_type + type_.bulk_type


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: Numeric(scale=2), "has a scale but no precision"),
        (lambda: Numeric(1001), "Numeric precision is 1001"),
        (lambda: Numeric(10, "2; drop table x"), "Numeric scale is"),  # type: ignore[arg-type]
        (lambda: String(0), "String length is 0"),
        (lambda: String("5) --"), "String length is"),  # type: ignore[arg-type]
        (lambda: String(True), "String length is True"),
        (lambda: Array(Array(TEXT)), "array of arrays"),
        (lambda: EnumType(enum.Enum("Empty", [])), "has no members"),  # type: ignore[arg-type]
        (lambda: EnumType(enum.Flag("Flags", ["A"])), "is a Flag"),  # type: ignore[arg-type]
        (lambda: EnumType(enum.Enum("Long", {"A": "x" * 64})), "label of Long.A"),  # type: ignore[arg-type]
        (lambda: EnumType(Status, name="a\0b"), "can't be the name of a type"),
        (lambda: EnumType(Status, name="é" * 32), "can't be the name of a type"),
        (lambda: EnumType(Status, name="\ud800"), "can't be the name of a type"),
        (lambda: EnumType(enum.Enum("Odd", {"A": "\ud800"})), "label of Odd.A"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type_is_refused_when_it_is_made(wrong: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        wrong()
    assert caught.value.hint


def test_array_literals_keep_what_looks_like_syntax() -> None:
    items = ["", "NULL", None, 'a"b', "a\\b", "{}", ",", " "]
    assert Array(TEXT).as_text(items) == ('{"","NULL",NULL,"a\\"b","a\\\\b","{}",","," "}')
    assert Array(TEXT).as_text([]) == "{}"


@pytest.mark.parametrize(
    ("item", "value", "text"),
    [
        (BOOLEAN, True, "true"),
        (FLOAT, float("-inf"), "-inf"),
        (FLOAT, 3, "3.0"),
        (NUMERIC, Decimal("1E+3"), "1E+3"),
        (BYTEA, b"\x00\xff", "\\x00ff"),
        (DATE, datetime.date.max, "infinity"),
        (DATE, datetime.datetime(2024, 2, 29, 12), "2024-02-29"),
        (TIMESTAMP, datetime.datetime.min, "-infinity"),
        (
            TIMESTAMPTZ,
            datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            "2023-12-31T22:00:00+00:00",
        ),
        (INTERVAL, datetime.timedelta(seconds=-1), "-1 days +86399 secs +0 microseconds"),
        (TEXT, Colour.RED, "red"),
        (EnumType(Colour), "red", "red"),
        (BIGINT, enum.IntEnum("N", ["ONE"]).ONE, "1"),  # type: ignore[attr-defined]
    ],
)
def test_text_form_of_a_value(item: SQLType[Any], value: Any, text: str) -> None:
    assert item.as_text(value) == text


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (INTEGER, "5"),
        (INTEGER, 5.0),
        (TEXT, 5),
        (BOOLEAN, 1),
        (FLOAT, "1"),
        (NUMERIC, "1"),
        (UUID, "x"),
        (BYTEA, "x"),
        (DATE, "2024-01-01"),
        (TIMESTAMP, datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),
        (INET, "10.0.0.1"),
        (EnumType(Status), "open"),
        (EnumType(Status), Colour.RED),
        (EnumType(Status), []),
        (JSONB(), object()),
        (JSONB(), {"a": "\ud800"}),
        (ModelJSON(Settings), "dark"),
        (Array(TEXT), "abc"),
        (Array(TEXT), {"a": 1}),
        (Array(INTEGER), ["secret"]),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_refused_without_being_shown(
    type_: SQLType[Any], value: Any
) -> None:
    with pytest.raises(DataError) as caught:
        type_.as_text(value)
    assert "secret" not in str(caught.value)
    assert type(value).__name__ in str(caught.value) or "str" in str(caught.value)


def test_an_enum_takes_values_as_labels_if_all_are_strings() -> None:
    assert EnumType(Status).labels == ("open", "done")
    assert EnumType(Size).labels == ("SMALL", "LARGE")
    assert EnumType(Status, name="s", schema='a"b').ddl == '"a""b"."s"'


def test_an_enum_is_decoded_from_its_label() -> None:
    decode = EnumType(Status).decode
    assert decode is not None
    assert decode("done") is Status.DONE
    with pytest.raises(DataError, match='has a label of "status" that Status has not'):
        decode("gone")


def test_an_integer_enum_is_decoded_from_its_number() -> None:
    level = enum.IntFlag("Level", {"READ": 1, "WRITE": 2})
    decode = IntegerEnum(level).decode  # type: ignore[arg-type]
    assert decode is not None
    assert decode(3) == level["READ"] | level["WRITE"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("OrderStatus", "order_status"), ("HTTPMethod", "http_method"), ("A1B", "a1_b")],
)
def test_names_in_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


def snapshot(type_: SQLType[Any], value: Any) -> Any:
    assert type_.mutable
    assert type_.snapshot is not None
    return type_.snapshot(value)


def test_a_snapshot_does_not_change_with_its_value() -> None:
    document: dict[str, Any] = {"a": [1]}
    before = snapshot(JSONB(), document)
    document["a"].append(2)
    assert snapshot(JSONB(), document) != before
    settings = Settings()
    before = snapshot(ModelJSON(Settings), settings)
    settings.dark = True
    assert snapshot(ModelJSON(Settings), settings) != before
    items = ["a"]
    before = snapshot(Array(TEXT), items)
    items.append("b")
    assert snapshot(Array(TEXT), items) != before
    assert snapshot(Array(TEXT), ["a"]) == before


def test_a_snapshot_tells_true_from_one_where_json_does() -> None:
    assert snapshot(JSONB(), {"a": 1}) != snapshot(JSONB(), {"a": True})


def test_a_snapshot_of_a_document_knows_no_order_of_keys() -> None:
    one, other = {"a": {"b": 1, "c": [1, 2]}, "d": None}, {"d": None, "a": {"c": [1, 2], "b": 1}}
    assert snapshot(JSONB(), one) == snapshot(JSONB(), other)
    # the same characters, and yet another document
    assert snapshot(JSONB(), {"a": 12}) != snapshot(JSONB(), {"a": 21})
    assert snapshot(JSONB(), {"a": 1, "b": 2}) != snapshot(JSONB(), {"a": 2, "b": 1})


def test_documents_of_other_characters_are_told_apart_without_being_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(text: str) -> str:
        raise AssertionError(f"{text} was read")

    monkeypatch.setattr("asyncorm.types.json._sorted", read)
    assert snapshot(JSONB(), {"n": 5}) != snapshot(JSONB(), {"n": 6})
    assert snapshot(JSONB(), {"n": 5}) != snapshot(JSONB(), {"n": 5, "m": 6})
    dark = Settings(dark=True)
    assert snapshot(ModelJSON(Settings), Settings()) != snapshot(ModelJSON(Settings), dark)


def test_a_snapshot_of_a_set_knows_no_order() -> None:
    type_ = Array(BIGINT, container=set)
    assert snapshot(type_, {1, 9, 17}) == snapshot(type_, {17, 9, 1})


def test_whole_numbers_of_any_size_survive_json() -> None:
    type_ = JSONB()
    assert type_.encode is not None
    assert type_.decode is not None
    value = {"n": 2**80, "m": -(2**64)}
    assert type_.decode(type_.encode(value)) == value


def test_nan_is_never_written_as_null() -> None:
    assert "NaN" in JSONB().as_text({"a": float("nan"), "b": None})


@pytest.mark.parametrize("fast", [True, False], ids=["with orjson", "without"])
def test_json_is_written_alike_with_and_without_orjson(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(json_types, "_orjson", None)
    value = {"a": [1, 2.5, None, True, 'é"\\'], "b": {1: datetime.date(2024, 2, 29)}, "c": 2**70}
    text = JSONB().as_text(value)
    assert json.loads(text) == {
        "a": [1, 2.5, None, True, 'é"\\'],
        "b": {"1": "2024-02-29"},
        "c": 2**70,
    }
    with pytest.raises(DataError, match="can't be written as JSON"):
        JSONB().as_text({"a": object()})
