"""Values as SQL text: only for DDL, which takes no bound parameters."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from asyncorm.compiler.quoting import quote_text
from asyncorm.errors import ConfigurationError
from asyncorm.types.base import SQLType
from asyncorm.types.resolve import type_of_value


def string_literal(text: str) -> str:
    """The text as a string constant, as the server's ``quote_literal`` writes it."""
    if "\0" in text:
        raise ConfigurationError(
            "a text in DDL contains a NUL character", hint="PostgreSQL can't store NUL in text"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            "a text in DDL is no valid Unicode", hint="remove the lone surrogate"
        ) from None
    return quote_text(text)


def literal(value: Any, type_: SQLType[Any] | None = None) -> str:
    """The value as a constant of its type."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    numeric = type_ is None or type_.python_type in (int, float, Decimal)
    if numeric and type(value) in (int, Decimal) and _is_plain(value):
        return str(value)
    type_ = type_ or _type_of(value)
    return f"{string_literal(type_.as_text(value))}::{type_.cast_type}"


def _is_plain(number: int | Decimal) -> bool:
    # a minus would bind weaker than the cast or operator that may follow
    return math.isfinite(number) and not str(number).startswith("-")


def _type_of(value: Any) -> SQLType[Any]:
    try:
        return type_of_value(value)
    except TypeError as error:
        raise ConfigurationError(
            str(error), hint='write it as SQL: server_default=sql("...")'
        ) from None
