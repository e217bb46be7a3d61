"""Arithmetic: which types an operator takes, and the type it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncorm.errors import ArgumentError
from asyncorm.types.base import SQLType
from asyncorm.types.extensions import HStore
from asyncorm.types.resolve import type_of_value
from asyncorm.types.scalars import INTEGER, INTERVAL, TIMESTAMP, TIMESTAMPTZ

_NUMBERS = (int, Decimal, float)
#: the types whose arithmetic is known here; of others PostgreSQL knows
_KNOWN = frozenset((bool, str, bytes, UUID, date, datetime, time, timedelta, *_NUMBERS))

#: the known types of operators that give the same type
_SAME: dict[str, tuple[type[Any], ...]] = {
    **dict.fromkeys(("&", "|", "#", "<<", ">>", "invert"), (int,)),
    "negate": (*_NUMBERS, timedelta),
}

#: what an operator makes of two types: a type, or which of the two
_RESULTS: dict[tuple[str, type[Any], type[Any]], SQLType[Any] | int] = {
    ("+", str, str): 0,
    ("+", bytes, bytes): 0,
    ("+", date, int): 0,
    ("+", int, date): 1,
    ("-", date, int): 0,
    ("-", date, date): INTEGER,
    ("+", date, time): TIMESTAMP,
    ("+", time, date): TIMESTAMP,
    ("-", datetime, datetime): INTERVAL,
    ("-", datetime, date): INTERVAL,
    ("-", date, datetime): INTERVAL,
    ("-", time, time): INTERVAL,
    **{(sign, timedelta, timedelta): 0 for sign in "+-"},
    **{(sign, date, timedelta): TIMESTAMP for sign in "+-"},
    **{(sign, kind, timedelta): 0 for sign in "+-" for kind in (datetime, time)},
    ("+", timedelta, date): TIMESTAMP,
    **{("+", timedelta, kind): 1 for kind in (datetime, time)},
    **{(sign, timedelta, kind): 0 for sign in "*/" for kind in _NUMBERS},
    **{("*", kind, timedelta): 1 for kind in _NUMBERS},
    # numbers: the wider one, except that PostgreSQL has no rest of floating numbers
    **{
        (sign, left, right): 0 if _NUMBERS.index(left) >= _NUMBERS.index(right) else 1
        for sign in "+-*/%"
        for left in _NUMBERS
        for right in _NUMBERS
        if sign != "%" or float not in (left, right)
    },
}


def operation_type(
    operator: str, left: SQLType[Any], right: SQLType[Any], name: Callable[[], str]
) -> tuple[str, SQLType[Any]]:
    """What PostgreSQL calls an operator of two types, and the type that it makes of them.

    Raises ArgumentError if it has no such.
    """
    if operator == "//":  # "/" drops the fraction of PostgreSQL's integers only
        is_exact = "numeric" in (left.cast_type, right.cast_type)
        return "div" if is_exact else "/", _result("/", left, right, name)
    type_ = _result(operator, left, right, name)
    if operator == "+" and (type_.python_type in (str, bytes) or isinstance(type_, HStore)):
        operator = "||"
    return operator, type_


def _result(
    operator: str, left: SQLType[Any], right: SQLType[Any], name: Callable[[], str]
) -> SQLType[Any]:
    kinds = (left.python_type, right.python_type)
    found = _RESULTS.get((operator, *kinds))
    if isinstance(found, SQLType):
        return found
    if found is not None:
        return common_type(right if found else left, (left, right))
    if kinds[0] in _KNOWN and kinds[1] in _KNOWN and left.cast_type and right.cast_type:
        raise ArgumentError(
            f"{name()} is {left.ddl}; PostgreSQL has no {operator} of it with {right.ddl}",
            hint="cast() one of them, or use a function",
        )
    return left


def common_type(first: SQLType[Any], others: Iterable[SQLType[Any]]) -> SQLType[Any]:
    """The type of one of several values: of whole numbers the one that holds any size."""
    if first.python_type is not int or first.cast_type == "numeric":
        return first
    return next(
        (one for one in others if one.python_type is int and one.cast_type == "numeric"), first
    )


def check_same(operator: str, operands: Iterable[Any], name: Callable[[], str]) -> None:
    """ArgumentError if an operator that keeps the type does not exist for these operands."""
    allowed = _SAME.get(operator)
    for type_ in (operand._type for operand in operands):
        if allowed and type_.python_type in _KNOWN and type_.python_type not in allowed:
            raise ArgumentError(
                f"{name()} can't be used so: PostgreSQL has no such operator for {type_.ddl}",
                hint="cast() it, or use a function",
            )


def value_beside(operator: str, value: Any, type_: SQLType[Any]) -> SQLType[Any] | None:
    """The type to bind a value with beside another type; None if it has that type itself."""
    kind = bool if isinstance(value, bool) else type(value)
    if kind is type_.python_type or not type_.cast_type or type_.python_type not in _KNOWN:
        return None
    if (operator, type_.python_type, kind) in _RESULTS:
        if kind is timedelta:
            return INTERVAL
        if kind is int and type_.python_type is date:
            return INTEGER
        return None if kind in _NUMBERS and type_.python_type in _NUMBERS else type_of_value(value)
    if (operator, kind, type_.python_type) in _RESULTS:
        return type_of_value(value)
    return None


def other_zone(type_: SQLType[Any]) -> SQLType[Any]:
    """What AT TIME ZONE makes: of a time with zone one without, and the other way round."""
    has_zone = type_.cast_type == TIMESTAMPTZ.cast_type
    return TIMESTAMP if has_zone else TIMESTAMPTZ
