"""Names as SQL text: the only place where a name becomes part of a statement."""

from __future__ import annotations

from asyncorm.sql.values import checked_name


def quote_name(name: str) -> str:
    """The name in double quotes; a quote inside it is doubled."""
    return '"' + checked_name(name).replace('"', '""') + '"'


def quote_qualified(schema: str | None, name: str) -> str:
    """``"schema"."name"``, or ``"name"`` alone."""
    quoted = quote_name(name)
    return f"{quote_name(schema)}.{quoted}" if schema else quoted
