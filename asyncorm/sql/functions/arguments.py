"""Arguments of functions: expressions as they are, values bound as the type PostgreSQL wants."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import CastTo, Expression, Parameter, literal_of
from asyncorm.sql.nodes import Query
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import FLOAT, INTEGER, TEXT


def integer(value: Any) -> Expression[Any, Any]:
    """A number of 4 bytes: functions do not take the wider one that ``int`` else means."""
    found = _argument(value, int, INTEGER)
    is_wide = found._type.cast_type not in ("integer", "smallint")
    return CastTo(found, INTEGER) if is_wide else found


def floating(value: Any) -> Expression[Any, Any]:
    """A floating number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return _argument(value, float, FLOAT)


def text(value: Any) -> Expression[Any, Any]:
    """A text."""
    return _argument(value, str, TEXT)


def type_of(given: Any) -> SQLType[Any]:
    """The type of an expression; ArgumentError for what is none."""
    if isinstance(given, Expression):
        return given._type
    raise ArgumentError(
        f"an argument of the function is a column or an expression, not {type(given).__name__}",
        hint="give an expression such as User.name, or literal(value)",
    )


def _argument(value: Any, kind: type[Any], type_: SQLType[Any]) -> Expression[Any, Any]:
    if isinstance(value, (Expression, Query)):
        return literal_of(value)
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ArgumentError(
            f"an argument of the function is {kind.__name__}, not {type(value).__name__}",
            hint=f"give a value of type {kind.__name__}, or an expression",
        )
    return Parameter(value, type_)
