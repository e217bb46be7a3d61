from __future__ import annotations

import dataclasses
import datetime
import enum
import ipaddress
import pathlib
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional

import pydantic
import pytest
from annotated_types import MaxLen
from pydantic import BaseModel, Field, create_model
from typing_extensions import TypeAliasType, TypedDict

from asyncorm.errors import ConfigurationError
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.enums import EnumType, IntegerEnum
from asyncorm.types.json import JSON, JSONB, ModelJSON, ValidatedText
from asyncorm.types.network import Cidr, Inet
from asyncorm.types.resolve import coerce_type, resolve_type, type_of_value
from asyncorm.types.scalars import (
    BIGINT,
    BOOLEAN,
    BYTEA,
    INTEGER,
    NUMERIC,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    Integer,
    Numeric,
    SmallInteger,
    String,
)


class Status(enum.Enum):
    OPEN = "open"
    DONE = "done"


class Level(enum.IntEnum):
    LOW = 1


class Rights(enum.IntFlag):
    READ = 1
    WRITE = 2


class Address(BaseModel):
    street: str


class Options(TypedDict):
    dark: bool


class Pair(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Point:
    x: int


UserId = NewType("UserId", int)
Short = TypeAliasType("Short", Annotated[str, Field(max_length=5)])

NAMES = {
    int: "bigint",
    str: "text",
    bool: "boolean",
    float: "double precision",
    bytes: "bytea",
    Decimal: "numeric",
    datetime.datetime: "timestamptz",
    datetime.date: "date",
    datetime.time: "time",
    datetime.timedelta: "interval",
    uuid.UUID: "uuid",
    ipaddress.IPv4Address: "inet",
    ipaddress.IPv6Interface: "inet",
    ipaddress.IPv4Network: "cidr",
    ipaddress.IPv4Address | ipaddress.IPv6Address: "inet",
    pydantic.IPvAnyAddress: "text",
    Status: '"status"',
    Level: "bigint",
    Rights: "bigint",
    Literal["a", "b"]: "text",
    Literal[1, 2]: "bigint",
    Literal[True]: "boolean",
    Literal[Status.OPEN]: '"status"',
    UserId: "bigint",
    Short: "varchar(5)",
    Annotated[str, Field(max_length=50)]: "varchar(50)",
    Annotated[str, MaxLen(7)]: "varchar(7)",
    Annotated[Short, Field(max_length=3)]: "varchar(3)",
    pydantic.constr(max_length=9): "varchar(9)",
    Annotated[Decimal, Field(max_digits=10, decimal_places=2)]: "numeric(10,2)",
    Annotated[Decimal, Field(max_digits=10)]: "numeric(10,0)",
    Annotated[Decimal, Field(decimal_places=2)]: "numeric",
    pydantic.condecimal(max_digits=6, decimal_places=3): "numeric(6,3)",
    Annotated[int, Field(ge=0, le=5)]: "bigint",
    pydantic.PositiveInt: "bigint",
    pydantic.StrictStr: "text",
    pydantic.UUID4: "uuid",
    pydantic.AwareDatetime: "timestamptz",
    pydantic.NaiveDatetime: "timestamp",
    pydantic.PastDate: "date",
    pydantic.EmailStr: "text",
    pydantic.AnyUrl: "text",
    pydantic.HttpUrl: "text",
    pathlib.Path: "text",
    list[str]: "text[]",
    list[Annotated[str, MaxLen(3)]]: "varchar(3)[]",
    list[int | None]: "bigint[]",
    list[Status]: '"status"[]',
    set[uuid.UUID]: "uuid[]",
    frozenset[int]: "bigint[]",
    tuple[datetime.date, ...]: "date[]",
    tuple[int, str]: "jsonb",
    list[list[int]]: "jsonb",
    list[dict[str, Any]]: "jsonb",
    list[Address]: "jsonb",
    list: "jsonb",
    list[Any]: "jsonb",
    dict: "jsonb",
    dict[str, int]: "jsonb",
    dict[str, datetime.date]: "jsonb",
    Address: "jsonb",
    Options: "jsonb",
    Point: "jsonb",
    Pair: "jsonb",
    Address | Point: "jsonb",
    pydantic.JsonValue: "jsonb",
    Annotated[dict[str, int], JSON]: "json",
    Annotated[int, SmallInteger()]: "smallint",
}


@pytest.mark.parametrize("annotation", NAMES, ids=str)
def test_an_annotation_has_its_postgresql_type(annotation: Any) -> None:
    assert resolve_type(annotation)[0].ddl == NAMES[annotation]


@pytest.mark.parametrize("annotation", [a for a in NAMES if a is not pydantic.JsonValue], ids=str)
def test_none_makes_it_nullable_and_changes_nothing_else(annotation: Any) -> None:
    type_, nullable = resolve_type(annotation)
    assert not nullable
    assert resolve_type(Optional[annotation]) == (type_, True)  # noqa: UP045


# pydantic needs another package for a field of EmailStr
@pytest.mark.parametrize("annotation", [a for a in NAMES if a is not pydantic.EmailStr], ids=str)
def test_a_field_of_a_pydantic_model_resolves_like_the_annotation(annotation: Any) -> None:
    model: Any = create_model("Model", value=(annotation, ...))
    field = model.model_fields["value"]
    assert resolve_type(field.annotation, field.metadata)[0].ddl == NAMES[annotation]


def test_none_inside_annotated_is_seen() -> None:
    type_, nullable = resolve_type(Annotated[str | None, Field(max_length=4)])
    assert (type_, nullable) == (String(4), True)


def test_metadata_given_apart_is_used() -> None:
    assert resolve_type(str, [MaxLen(12)])[0] == String(12)


def test_plain_json_stays_plain_and_typed_documents_go_through_pydantic() -> None:
    for plain in (dict, dict[str, Any], dict[str, list[int]], list[dict[str, int | None]]):
        assert type(resolve_type(plain)[0]) is JSONB
    for typed in (dict[str, uuid.UUID], dict[int, str], list[Address], list[set[int]], Options):
        assert type(resolve_type(typed)[0]) is ModelJSON


def test_other_types_are_of_their_class() -> None:
    assert isinstance(resolve_type(Level)[0], IntegerEnum)
    assert isinstance(resolve_type(Status)[0], EnumType)
    assert isinstance(resolve_type(pydantic.HttpUrl)[0], ValidatedText)
    assert isinstance(resolve_type(ipaddress.IPv6Network)[0], Cidr)
    assert isinstance(resolve_type(ipaddress.IPv6Address)[0], Inet)


class Foreign:
    pass


@pytest.mark.parametrize(
    "annotation",
    [
        Foreign,
        Any,
        object,
        complex,
        int | str,
        list[Foreign],
        pydantic.SecretStr,
        type(None),
        tuple,
    ],
    ids=str,
)
def test_an_unknown_annotation_is_refused_with_a_hint(annotation: Any) -> None:
    with pytest.raises(ConfigurationError, match="no PostgreSQL type is known for") as caught:
        resolve_type(annotation)
    assert caught.value.hint == "give the type: column(JSONB)"


def test_the_error_names_the_annotation() -> None:
    with pytest.raises(ConfigurationError, match="Foreign"):
        resolve_type(Foreign | None)


def test_a_literal_of_mixed_types_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="mixes"):
        resolve_type(Literal["a", 1])


def test_a_type_may_be_given_as_instance_class_or_python_type() -> None:
    assert coerce_type(Numeric(10, 2)).ddl == "numeric(10,2)"
    assert coerce_type(JSONB) == JSONB()
    assert coerce_type(Integer) == INTEGER
    assert coerce_type(str) == TEXT
    assert coerce_type(Status) == EnumType(Status)
    with pytest.raises(ConfigurationError, match="Array needs arguments"):
        coerce_type(Array)


UTC = datetime.UTC
VALUES: list[tuple[Any, SQLType[Any]]] = [
    (True, BOOLEAN),
    (1, BIGINT),
    (2**70, NUMERIC),
    (-(2**63), BIGINT),
    ("x", TEXT),
    (b"x", BYTEA),
    (bytearray(b"x"), BYTEA),
    (datetime.datetime(2024, 1, 1), TIMESTAMP),
    (datetime.datetime(2024, 1, 1, tzinfo=UTC), TIMESTAMPTZ),
    (datetime.time(1), TIME),
    (datetime.time(1, tzinfo=UTC), TIMETZ),
    (uuid.uuid4(), UUID),
    (Status.OPEN, EnumType(Status)),
    (Level.LOW, IntegerEnum(Level)),
    ({"a": 1}, JSONB()),
    ([1, None, 2], Array(BIGINT)),
    ([1, 2**70], Array(NUMERIC)),
    (("a",), Array(TEXT)),
    ([], Array(TEXT)),
    ([[1], [2]], JSONB()),
    ([1, "a"], JSONB()),
    (Address(street="x"), ModelJSON(Address)),
    (Pair(1, 2), ModelJSON(Pair)),
    (ipaddress.ip_address("10.0.0.1"), Inet(ipaddress.IPv4Address)),
]


@pytest.mark.parametrize(("value", "type_"), VALUES, ids=lambda item: repr(item)[:40])
def test_a_bare_value_has_a_type(value: Any, type_: SQLType[Any]) -> None:
    assert type_of_value(value) == type_


@pytest.mark.parametrize("value", [None, object(), 1j, int])
def test_a_value_without_a_type_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="no PostgreSQL type is known for a value of type"):
        type_of_value(value)
