"""Names and constants as SQL text: the only place where they become part of a statement."""

from __future__ import annotations

from asyncorm.sql.values import checked_name
from asyncorm.types.base import characters


def quote_name(name: str) -> str:
    """The name in double quotes; a quote inside it is doubled."""
    return '"' + checked_name(name).replace('"', '""') + '"'


def quote_qualified(schema: str | None, name: str) -> str:
    """``"schema"."name"``, or ``"name"`` alone."""
    quoted = quote_name(name)
    return f"{quote_name(schema)}.{quoted}" if schema else quoted


def quote_text(text: str) -> str:
    """The text as a string constant, as the server's ``quote_literal`` writes it."""
    quoted = "'" + characters(text).replace("'", "''") + "'"
    # E'' means the same whatever standard_conforming_strings says
    return "E" + quoted.replace("\\", "\\\\") if "\\" in quoted else quoted
