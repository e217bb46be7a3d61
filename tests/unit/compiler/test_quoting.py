from __future__ import annotations

import pglast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.statements.raw import ident, sql
from asyncorm.sql.statements.select import select
from tests.support.language import User

PAYLOADS = [
    'a"b',
    '"',
    "a'b",
    "a;b",
    "a--b",
    "a/*b",
    "a.b",
    "a%b",
    "a\nb",
    "a\x1fb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a$1b",
    '"; drop table users; --',
    "x" * 63,
]


def name_read_back(text: str) -> str:
    """The name that PostgreSQL's parser reads in a select list."""
    (statement,) = pglast.parse_sql(f"SELECT 1 AS {text}")
    return str(statement.stmt.targetList[0].name)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_hostile_name_is_read_back_as_it_was(name: str) -> None:
    assert name_read_back(quote_name(name)) == name


@given(st.text(min_size=1, max_size=15).filter(lambda t: "\0" not in t and t.isprintable()))
def test_any_name_is_read_back_as_it_was(name: str) -> None:
    assert name_read_back(quote_name(name)) == name


@pytest.mark.parametrize("name", PAYLOADS)
def test_labels_aliases_and_ident_are_quoted(name: str) -> None:
    quoted = quote_name(name)
    assert str(select(User.id.label(name))) == f'SELECT "users"."id" AS {quoted} FROM "users"'
    assert quoted in str(select(select(User.id).subquery(name).c.id))
    assert str(sql("select {}", ident(name))) == f"select {quoted}"


def test_a_schema_is_quoted_apart() -> None:
    assert quote_qualified("a.b", "c") == '"a.b"."c"'
    assert quote_qualified(None, "c") == '"c"'


@pytest.mark.parametrize("name", ["", "a\0b", "ä" * 32])
def test_a_name_that_would_change_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="hint: "):
        quote_name(name)
