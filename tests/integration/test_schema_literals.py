"""Constants in DDL are quoted as the server itself quotes them, and mean what was given."""

from __future__ import annotations

import asyncio
import datetime
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncorm.engine.engine import create_engine
from asyncorm.schema.literals import literal, string_literal

texts = st.text(
    st.one_of(
        st.sampled_from("'\\\"$;-/*{}%\n\r\t\x1f\x7f\u2028"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=30,
)
values = st.one_of(
    texts,
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.decimals(allow_nan=False, places=8),
    st.booleans(),
    st.dates(),
    st.timedeltas(datetime.timedelta(days=-9999), datetime.timedelta(days=9999)),
    st.uuids(),
    st.binary(max_size=9),
    st.lists(texts, max_size=3),
)


@pytest.fixture(scope="module")
def query(database_url: str) -> Iterator[Callable[..., Any]]:
    """Ask for one value, from examples that hypothesis draws outside the event loop."""
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        connection = runner.run(engine.acquire())

        def ask(sql: str, *arguments: Any) -> Any:
            [[found]] = runner.run(connection.fetch(sql, arguments))
            return found

        yield ask
        connection.release()
        runner.run(engine.dispose())


@settings(max_examples=300)
@given(text=texts)
def test_a_text_is_quoted_as_the_server_does_it(query: Callable[..., Any], text: str) -> None:
    # the server puts a blank before E''
    assert query("select ltrim(quote_literal($1::text))", text) == string_literal(text)
    assert query(f"select {string_literal(text)}") == text


@pytest.mark.parametrize("setting", ["on", "off"])
@settings(max_examples=50)
@given(text=texts)
def test_a_quoted_text_means_the_same_under_every_setting(
    query: Callable[..., Any], setting: str, text: str
) -> None:
    query("select set_config('standard_conforming_strings', $1, false)", setting)
    assert query(f"select {string_literal(text)}") == text


@settings(max_examples=300)
@given(value=values)
def test_a_constant_means_the_value(query: Callable[..., Any], value: Any) -> None:
    found = query(f"select {literal(value)}")
    if isinstance(value, float) and math.isnan(value):
        assert math.isnan(found)
    else:
        assert found == value
