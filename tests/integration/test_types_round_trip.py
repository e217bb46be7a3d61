"""Every type keeps its values on all three ways: parameter, array of a bulk statement, row."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import ipaddress
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.errors import DataError
from asyncorm.schema.ddl import CreateEnum
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.enums import EnumType, IntegerEnum
from asyncorm.types.json import JSON, JSONB, ModelJSON, ValidatedText
from asyncorm.types.network import CIDR, INET, Inet
from asyncorm.types.scalars import (
    BIGINT,
    BOOLEAN,
    BYTEA,
    DATE,
    FLOAT,
    INTEGER,
    INTERVAL,
    NUMERIC,
    REAL,
    SMALLINT,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    Numeric,
    String,
)
from tests.support.typed import Address, Level, Mood

EXAMPLES = settings(max_examples=30)


@dataclasses.dataclass
class Point:
    x: int
    y: float


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.one_of(
    st.text(characters, max_size=20),
    st.sampled_from(["", "NULL", "null", '"', "\\", "{}", ",", "'", " a ", "\\N", "\n", "\\\\x"]),
)
moments = st.datetimes(
    min_value=datetime.datetime(1, 1, 3), max_value=datetime.datetime(9999, 12, 29)
)
zones = st.integers(-15 * 60, 15 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
aware = st.builds(lambda moment, zone: moment.replace(tzinfo=zone), moments, zones)
durations = st.timedeltas(
    min_value=datetime.timedelta(days=-100_000), max_value=datetime.timedelta(days=100_000)
)
json_values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**70), 2**70),
        # jsonb writes out larger ones digit by digit: 5e15 comes back as a whole number
        st.floats(-1e15, 1e15),
        texts,
    ),
    lambda inner: st.one_of(
        st.lists(st.none() | inner, max_size=3),
        st.dictionaries(texts, st.none() | inner, max_size=3),
    ),
    max_leaves=8,
)
exact = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=6),
    st.sampled_from([Decimal(text) for text in ("0", "-0.00", "1E+30", "1e-30", "Infinity")]),
    st.integers(-(10**40), 10**40).map(Decimal),
)
money = st.decimals(-(10**9), 10**9, places=2)

CASES: dict[str, tuple[SQLType[Any], st.SearchStrategy[Any]]] = {
    "smallint": (SMALLINT, st.integers(-(2**15), 2**15 - 1)),
    "integer": (INTEGER, st.integers(-(2**31), 2**31 - 1)),
    "bigint": (BIGINT, st.integers(-(2**63), 2**63 - 1)),
    "float": (FLOAT, st.floats(allow_nan=False)),
    "real": (REAL, st.floats(width=32, allow_nan=False)),
    "numeric": (NUMERIC, exact),
    "numeric(p,s)": (Numeric(12, 2), money),
    "boolean": (BOOLEAN, st.booleans()),
    "text": (TEXT, texts),
    "varchar": (String(20), texts),
    "date": (DATE, st.dates()),
    "time": (TIME, st.times()),
    "timetz": (TIMETZ, st.times(timezones=zones)),
    "timestamp": (TIMESTAMP, moments | st.sampled_from([datetime.datetime.max])),
    "timestamptz": (TIMESTAMPTZ, aware),
    "interval": (INTERVAL, durations),
    "uuid": (UUID, st.uuids()),
    "bytea": (BYTEA, st.binary(max_size=20)),
    "inet": (INET, st.ip_addresses()),
    "inet with network": (
        Inet(interface=True),
        st.builds(
            lambda address, size: ipaddress.ip_interface(f"{address}/{size}"),
            st.ip_addresses(),
            st.integers(0, 32),
        ),
    ),
    "cidr": (CIDR, st.ip_addresses().map(ipaddress.ip_network)),
    "enum": (EnumType(Mood), st.sampled_from(Mood)),
    "integer enum": (IntegerEnum(Level), st.sampled_from(Level)),
    "jsonb": (JSONB(), json_values),
    "json": (JSON(), json_values),
    "model": (ModelJSON(Address), st.builds(Address, street=texts, price=money)),
    "list of models": (ModelJSON(list[Address]), st.lists(st.builds(Address, street=texts))),
    "dataclass": (ModelJSON(Point), st.builds(Point, x=st.integers(), y=st.floats(0, 1))),
    "url": (ValidatedText(AnyUrl), st.just(AnyUrl("https://example.org/a?b=c'd"))),
}
#: types whose values are compared as text, because == is too weak or too strict for them
CANONICAL = {"json", "jsonb"}
ARRAYS = {
    f"{name}[]": (Array(type_), st.lists(st.none() | values, max_size=5))
    for name, (type_, values) in CASES.items()
}
ARRAYS["set"] = (Array(TEXT, container=set), st.sets(texts, max_size=4))
ALL = CASES | ARRAYS


@asynccontextmanager
async def opened_connection(engine: Engine) -> AsyncIterator[Connection]:
    """A connection with the enum type, whose work is rolled back."""
    connection = await engine.acquire()
    await connection.begin()
    await connection.command(str(CreateEnum(EnumType(Mood))))
    yield connection
    await connection.rollback()
    connection.release()


@pytest.fixture
async def connection(engine: Engine) -> AsyncIterator[Connection]:
    async with opened_connection(engine) as connection:
        yield connection


def selected(type_: SQLType[Any], column: str) -> str:
    return column if type_.select_type is None else f"{column}::{type_.select_type}"


def decoded(type_: SQLType[Any], value: Any) -> Any:
    return value if type_.decode is None or value is None else type_.decode(value)


async def by_parameter(connection: Connection, type_: SQLType[Any], value: Any) -> Any:
    sent = value if type_.encode is None else type_.encode(value)
    column = selected(type_, "c")
    [[returned]] = await connection.fetch(
        f"with t(c) as (select $1::{type_.parameter_type}::{type_.cast_type}::{type_.ddl}) "
        f"select {column} from t",
        [sent],
    )
    return decoded(type_, returned)


async def in_bulk(connection: Connection, type_: SQLType[Any], values: list[Any]) -> list[Any]:
    encode = type_.encode_bulk
    sent = [value if value is None or encode is None else encode(value) for value in values]
    column = selected(type_, "c")
    rows = await connection.fetch(
        f"with t(c) as (select u.c::{type_.cast_type}::{type_.ddl} "
        f"from unnest($1::{type_.bulk_type}[]) as u(c)) select {column} from t",
        [sent],
    )
    return [decoded(type_, row[0]) for row in rows]


def shown(value: Any) -> Any:
    """A form of JSON whose equality tells 1 from True, and knows no order of keys.

    jsonb has one kind of number: 1e16 is a whole number there.
    """
    return json.dumps(whole(value), sort_keys=True)


def whole(value: Any) -> Any:
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.fixture
def check(database_url: str) -> Iterator[Callable[..., Any]]:
    """Run a coroutine function on one connection, from examples that hypothesis draws."""
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        opened = opened_connection(engine)
        connection = runner.run(opened.__aenter__())
        yield lambda function, *arguments: runner.run(function(connection, *arguments))
        runner.run(opened.__aexit__(None, None, None))
        runner.run(engine.dispose())


@pytest.mark.parametrize("name", ALL)
def test_a_value_comes_back_from_a_parameter_and_from_a_bulk_array(
    check: Callable[..., Any], name: str
) -> None:
    type_, strategy = ALL[name]

    @EXAMPLES
    @given(st.lists(strategy, min_size=1, max_size=8))
    def each_way(values: list[Any]) -> None:
        check(assert_kept, type_, values, name.partition("[")[0] in CANONICAL)

    each_way()


async def assert_kept(
    connection: Connection, type_: SQLType[Any], values: list[Any], canonical: bool
) -> None:
    form = shown if canonical else lambda value: value
    for value in values[:3]:
        returned = await by_parameter(connection, type_, value)
        assert form(returned) == form(value)
        assert isinstance(returned, type(value))
    returned = await in_bulk(connection, type_, [None, *values, None])
    assert [form(value) for value in returned] == [form(value) for value in [None, *values, None]]


@pytest.mark.parametrize("type_", [NUMERIC, FLOAT, REAL, Array(NUMERIC), Array(FLOAT)], ids=repr)
async def test_nan_is_kept(connection: Connection, type_: SQLType[Any]) -> None:
    nan: Any = Decimal("NaN") if "numeric" in type_.ddl else float("nan")
    value = [nan] if isinstance(type_, Array) else nan
    assert str(await by_parameter(connection, type_, value)) == str(value)
    assert str(await in_bulk(connection, type_, [value, None])) == str([value, None])


@pytest.mark.parametrize("moment", [datetime.datetime.max, datetime.datetime.min])
async def test_infinity_is_the_same_in_an_array_as_alone(
    connection: Connection, moment: Any
) -> None:
    for type_, value in ((TIMESTAMP, moment), (TIMESTAMPTZ, moment), (DATE, moment.date())):
        array = Array(type_)
        assert await in_bulk(connection, array, [[value]]) == [[value]]
        literal = array.as_text([value])
        assert "infinity" in literal
        assert await by_parameter(connection, type_, value) == value


async def test_digits_of_a_decimal_are_kept(connection: Connection) -> None:
    digits = Decimal("12345678901234567890.123456789012345678900")
    assert str(await by_parameter(connection, NUMERIC, digits)) == str(digits)
    assert str(await in_bulk(connection, NUMERIC, [digits])) == str([digits])
    assert str(await in_bulk(connection, Array(NUMERIC), [[digits]])) == str([[digits]])


async def test_a_set_is_taken_and_given_back(connection: Connection) -> None:
    tags = Array(UUID, container=set)
    value = {uuid.uuid4(), uuid.uuid4()}
    assert await by_parameter(connection, tags, value) == value


async def test_nan_inside_json_is_refused_by_the_server(connection: Connection) -> None:
    with pytest.raises(DataError):
        await by_parameter(connection, JSONB(), {"x": float("nan")})


async def test_json_deeper_than_the_fast_parser_goes_is_read(connection: Connection) -> None:
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    document = json.dumps(deep)
    [[text]] = await connection.fetch("select $1::text::jsonb::text", [document])
    decode = JSONB().decode
    assert decode is not None
    assert json.dumps(decode(text)) == document


async def test_a_value_longer_than_its_column_is_refused_and_not_cut(
    connection: Connection,
) -> None:
    await connection.command("create temporary table t (c varchar(3))")
    type_ = String(3)
    with pytest.raises(DataError):
        await connection.run(f"insert into t values ($1::{type_.cast_type})", ["abcd"])
