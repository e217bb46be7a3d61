"""Names of constraints and indexes that were given none, and look-up of columns by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.sql.table import BaseColumn, Table
from asyncorm.types.quoting import MAX_NAME_BYTES


def conventional_name(prefix: str, table: Table, parts: Iterable[str] = ()) -> str:
    """``prefix_table_parts``; if PostgreSQL would cut it, cut with a hash at its end."""
    name = "_".join([prefix, table.name, *parts])
    encoded = name.encode()
    if len(encoded) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    kept = encoded[: MAX_NAME_BYTES - len(digest) - 1].decode(errors="ignore")
    return f"{kept}_{digest}"


class Names:
    """The names used within one table, so that conventional ones do not meet."""

    def __init__(self, table: Table, given: Iterable[str | None]) -> None:
        self._table = table
        self._used = {name for name in given if name}

    def choose(self, given: str | None, prefix: str, parts: Iterable[str] = ()) -> str:
        """The given name, else the conventional one, with a number if that is taken."""
        if given:
            return given
        parts = list(parts)
        name, number = conventional_name(prefix, self._table, parts), 1
        while name in self._used:
            number += 1
            name = conventional_name(prefix, self._table, [*parts, str(number)])
        self._used.add(name)
        return name


def find_column(table: Table, name: str, user: str) -> BaseColumn[Any, Any]:
    """The column of a table by attribute or column name; ``user`` says who asks for it."""
    column = table.by_attribute.get(name, table.columns.get(name))
    if column is None:
        known = [*table.by_attribute, *table.columns]
        near = get_close_matches(name, known, 1)
        raise ConfigurationError(
            f"{user} of table {table.full_name!r} names an unknown column {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else "use an attribute name of the model",
        )
    return column
