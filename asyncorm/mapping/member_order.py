"""order_by of a relationship: by which columns its members are ordered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.direction import suggest
from asyncorm.mapping.relationships import Relationship
from asyncorm.sql.expressions import Expression
from asyncorm.sql.operators.order import Order
from asyncorm.sql.table import BaseColumn

_NAMED = r"(?:(.+)\.)?(\w+?)(?:\.(asc|desc)\(\))?"


def resolve_order(relationship: Relationship[Any, Any]) -> tuple[Any, ...]:
    """What ``order_by`` says: columns, by name or not, expressions, or a lambda that makes them."""
    given: Any = relationship.declaration.order_by
    if callable(given):
        given = given()
    if given is None:
        return ()
    items: Sequence[Any] = given if isinstance(given, list | tuple) else (given,)
    return tuple(_resolved(relationship, item) for item in items)


def _resolved(relationship: Relationship[Any, Any], item: Any) -> Any:
    if isinstance(item, Expression | Order):
        return item
    if not isinstance(item, str):
        raise ConfigurationError(
            f"{relationship}: order_by is a {type(item).__name__}, not an order",
            hint='write a column\'s name, "year" or "year.desc()", or an expression, in a lambda '
            "where classes come later: order_by=lambda: Book.year.desc()",
        )
    match = re.fullmatch(_NAMED, item)
    column = match and _column(relationship, match[1] or "", match[2])
    if match is None or column is None:
        name = match[2] if match else item
        raise ConfigurationError(
            f"{relationship}: order_by names an unknown column {item!r}",
            hint=suggest(name, relationship.target.columns, "use a column of the target"),
        )
    return getattr(column, match[3])() if match[3] else column


def _column(
    relationship: Relationship[Any, Any], table_name: str, name: str
) -> BaseColumn[Any, Any] | None:
    """The column of the target that a text names, or else of the link table."""
    secondary = relationship.secondary
    found = relationship.target.columns.get(name)
    if secondary is not None and (found is None or table_name == secondary.table.name):
        return secondary.table.columns.get(name)
    return found
