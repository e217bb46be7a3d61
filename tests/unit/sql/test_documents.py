"""Records and JSON documents in SQL."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm.sql.constructs import RowValue
from asyncorm.sql.documents import KEY, DocumentRows, DocumentValue
from asyncorm.sql.expressions import Label, Parameter
from asyncorm.sql.statements.select import select
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.documents import json_template
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import BIGINT, BYTEA, DATE, INTERVAL, NUMERIC, REAL, TIMESTAMPTZ
from asyncorm.types.transport import transport_of
from tests.support.language import User, compiled, text_of


def test_a_row_of_one_value_and_of_several() -> None:
    assert text_of(RowValue((User.id,))) == 'ROW("users"."id")'
    assert text_of(RowValue((User.id, User.age))) == 'ROW("users"."id", "users"."age")'
    assert RowValue((User.id,))._key != RowValue((User.id, User.id))._key


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("one", 'row_to_json("rows")'),
        ("list", "coalesce(json_agg(\"rows\"), '[]'::json)"),
        (
            "dict",
            (
                'coalesce(json_object_agg("rows"."key of the row", to_jsonb("rows") - '
                "'key of the row'), '{}'::json)"
            ),
        ),
    ],
)
def test_rows_as_json(kind: Any, sql: str) -> None:
    rows = select(User.id, Label(User.email, KEY)).subquery("rows")
    statement = select(DocumentRows(rows, kind)).select_from(rows)
    text, _ = compiled(statement)
    assert text == (
        f'SELECT ({sql})::text FROM (SELECT "users"."id", "users"."email" AS "key of the row" '
        'FROM "users") AS "rows"'
    )


@pytest.mark.parametrize(
    "type_",
    [NUMERIC, REAL, DATE, TIMESTAMPTZ, INTERVAL, BYTEA, Array(DATE), Array(INTERVAL), Array(BYTEA)],
    ids=repr,
)
def test_values_that_json_would_change_have_templates(type_: SQLType[Any]) -> None:
    template = json_template(type_, "hex")
    assert template not in (None, "{0}")
    assert template is not None
    assert '"users"."id"' in text_of(DocumentValue(User.id, template))


def test_values_by_label_are_bound() -> None:
    values: Parameter[Any] = Parameter({"a": 1}, JSONB())
    value = DocumentValue(User.email, "{1} -> {0}::text", values)
    assert text_of(value) == '$1::text::jsonb -> "users"."email"::text'
    assert compiled(select(Label(value, "v")))[1] == ['{"a":1}']


def test_bytes_in_utf_8_have_no_template() -> None:
    assert json_template(BYTEA, "utf8") is None
    assert json_template(Array(BYTEA), "utf8") is None
    assert json_template(BIGINT, "utf8") == "{0}"


def test_types_that_only_a_column_of_its_own_brings() -> None:
    assert transport_of(SQLType("point")) is None
    assert transport_of(Array(SQLType("point"))) is None
    assert transport_of(BIGINT) == (None, None)
    citext = transport_of(SQLType("citext"))
    assert citext is not None
    assert citext.cast is not None
