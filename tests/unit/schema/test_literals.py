from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from typing import Any

import pytest

from asyncorm.errors import ConfigurationError
from asyncorm.schema.literals import literal, string_literal
from asyncorm.types.enums import EnumType
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import FLOAT


class Mood(enum.Enum):
    ODD = "o'd"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "''"),
        ("it's", "'it''s'"),
        ("\\'; drop table x; --", "E'\\\\''; drop table x; --'"),
        ("$1 %s {}", "'$1 %s {}'"),
        ("\u2019\n", "'\u2019\n'"),
    ],
)
def test_a_text_is_quoted(text: str, quoted: str) -> None:
    assert string_literal(text) == quoted


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_the_server_can_not_take_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="a text in DDL") as caught:
        string_literal(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "true"),
        (5, "5"),
        (-5, "'-5'::bigint"),
        (Decimal("1.50"), "1.50"),
        (Decimal("NaN"), "'NaN'::numeric"),
        (float("inf"), "'inf'::double precision"),
        ("x", "'x'::text"),
        (b"\x01", "E'\\\\x01'::bytea"),
        (datetime.date(2024, 2, 29), "'2024-02-29'::date"),
        (Mood.ODD, "'o''d'::\"mood\""),
        ({"a": "'"}, "'{\"a\":\"''\"}'::jsonb"),
        (["a", None], "'{\"a\",NULL}'::text[]"),
    ],
)
def test_a_value_is_written_as_a_constant_of_its_type(value: Any, text: str) -> None:
    assert literal(value) == text


def test_a_given_type_is_used() -> None:
    assert literal(5, FLOAT) == "5"
    assert literal(5, JSONB()) == "'5'::jsonb"
    assert literal(5.0, FLOAT) == "'5.0'::double precision"
    assert literal([1], JSONB()) == "'[1]'::jsonb"
    assert literal(Mood.ODD, EnumType(Mood, name="m", schema="s")) == "'o''d'::\"s\".\"m\""


def test_a_value_without_a_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="value of type object"):
        literal(object())
