"""CASE, CAST, EXTRACT, ROW, constants and the quantifiers ANY and ALL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeVar, overload
from typing import cast as typing_cast

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.expressions import (
    CastTo,
    Condition,
    Expression,
    Parameter,
    ScalarQuery,
    as_condition,
    literal_of,
    operand,
)
from asyncorm.sql.functions.arguments import type_of
from asyncorm.sql.nodes import Query, combined
from asyncorm.sql.operators.arithmetic import common_type
from asyncorm.sql.values import UNKNOWN
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.resolve import coerce_type, type_of_value
from asyncorm.types.scalars import BOOLEAN, INTEGER, INTEGRAL, NUMERIC, TEXT

V = TypeVar("V")
R = TypeVar("R")
T = TypeVar("T")
K = TypeVar("K")

WholeField = Literal[
    "century", "day", "decade", "dow", "doy", "hour", "isodow", "isoyear", "millennium", "minute",
    "month", "quarter", "timezone", "timezone_hour", "timezone_minute", "week", "year",
]  # fmt: skip
FractionField = Literal["epoch", "julian", "microseconds", "milliseconds", "second"]
_WHOLE = frozenset(WholeField.__args__)  # type: ignore[attr-defined]
_NUMBERS = (int, float, Decimal)
_FRACTION = frozenset(FractionField.__args__)  # type: ignore[attr-defined]


class Case(Expression[V, R]):
    """CASE WHEN ... THEN ... ELSE ... END."""

    __slots__ = ("otherwise", "value", "whens")

    def __init__(
        self,
        whens: tuple[tuple[Expression[Any, Any], Expression[Any, Any]], ...],
        otherwise: Expression[Any, Any] | None,
        value: Expression[Any, Any] | None = None,
        type_: SQLType[Any] | None = None,
    ) -> None:
        self.whens = whens
        self.otherwise = otherwise
        #: what each WHEN is compared with; None if they are conditions
        self.value = value
        parts = [] if value is None else [value]
        parts += [part for pair in whens for part in pair]
        if otherwise is not None:
            parts.append(otherwise)
        keys, parameters = combined(parts)
        shape = ("case", value is not None, otherwise is not None, keys)
        super().__init__(type_ or whens[0][1]._type, shape, parameters)


class NullCase(Case[V, "V | None"]):
    """One without ELSE (a class of its own keeps inference and hover simple)."""

    __slots__ = ()


class Constant(Expression[V, R]):
    """NULL, TRUE or FALSE."""

    __slots__ = ("text",)

    def __init__(self, text: str, type_: SQLType[Any]) -> None:
        super().__init__(type_, ("constant", text))
        self.text = text


class Extract(Expression[V, V]):
    """EXTRACT(field FROM time)."""

    __slots__ = ("inner", "part")

    def __init__(self, field: str, inner: Expression[Any, Any], type_: SQLType[Any]) -> None:
        super().__init__(type_, ("extract", field, inner._key), inner._parameters)
        self.part = field
        self.inner = inner


class Quantified(Expression[V, V]):
    """ANY or ALL of an array or of a query's rows."""

    __slots__ = ("inner", "quantifier")

    def __init__(self, quantifier: str, inner: Expression[Any, Any], type_: SQLType[Any]) -> None:
        super().__init__(type_, (quantifier, inner._key), inner._parameters)
        self.quantifier = quantifier
        self.inner = inner


class Retyped(Expression[V, R]):
    """An expression that is read as another type, without a cast."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression[Any, Any], type_: SQLType[Any]) -> None:
        super().__init__(type_, ("retyped", type_.key, inner._key), inner._parameters)
        self.inner = inner


class RowValue(Expression[V, V]):
    """ROW(...): several values as one."""

    __slots__ = ("fields",)

    def __init__(self, fields: Iterable[Expression[Any, Any]]) -> None:
        self.fields = tuple(fields)
        keys, parameters = combined(self.fields)
        super().__init__(UNKNOWN, ("row", keys), parameters)


@overload
def case(*whens: tuple[Expression[bool, Any], Expression[V, Any]]) -> NullCase[V]: ...
@overload
def case(*whens: tuple[Expression[bool, Any], V | Expression[V, Any]]) -> NullCase[V]: ...
@overload
def case(
    *whens: tuple[Expression[bool, Any], Expression[V, Any]], else_: V | Expression[V, Any]
) -> Case[V, V]: ...
@overload
def case(
    *whens: tuple[Expression[bool, Any], V | Expression[V, Any]], else_: V | Expression[V, Any]
) -> Case[V, V]: ...
@overload
def case(whens: Mapping[K, V], /, *, value: Expression[K, Any]) -> NullCase[V]: ...
@overload
def case(
    whens: Mapping[K, V], /, *, value: Expression[K, Any], else_: V | Expression[V, Any]
) -> Case[V, V]: ...
def case(*whens: Any, value: Any = None, else_: Any = None) -> Case[Any, Any]:
    """``case((condition, value), ..., else_=value)``, or ``case({key: value}, value=column)``."""
    if value is not None and len(whens) == 1 and isinstance(whens[0], Mapping):
        whens = tuple(whens[0].items())
    if not whens or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in whens):
        raise InvalidRequestError(
            "case() takes pairs of a condition and a value",
            hint='write case((User.age < 18, "child"), else_="adult")',
        )
    near = _typed_of([*(result for _, result in whens), else_])
    pairs = tuple((_when(when, value), _branch(result, near)) for when, result in whens)
    otherwise = None if else_ is None else _branch(else_, near)
    # the first branch that is not NULL: beside an expression a value may have another type
    types = [one._type for one in _branches(pairs, otherwise) if not _is_null(one)] or [near._type]
    kind = NullCase if otherwise is None else Case
    return kind(pairs, otherwise, value, common_type(types[0], types))


def _typed_of(values: list[Any]) -> Expression[Any, Any]:
    """The value that gives the others its type: an expression if there is one, and not NULL."""
    given = [value for value in values if value is not None and not _is_null(value)]
    first = next((value for value in given if isinstance(value, Expression)), None)
    return literal_of(first if first is not None else given[0] if given else None)


def _branches(
    pairs: tuple[tuple[Any, Any], ...], otherwise: Expression[Any, Any] | None
) -> list[Expression[Any, Any]]:
    return [then for _, then in pairs] + ([] if otherwise is None else [otherwise])


def _is_null(value: Any) -> bool:
    return isinstance(value, Constant) and value.text == "NULL"


def _when(when: Any, value: Any) -> Any:
    return as_condition(when) if value is None else operand(when, value)


def _branch(value: Any, near: Expression[Any, Any]) -> Any:
    return operand(value, near, nullable=True)


@overload
def cast(
    expression: Expression[V, V | None], type_: type[T] | SQLType[T] | type[SQLType[T]]
) -> Expression[T, T | None]: ...
@overload
def cast(
    expression: Expression[Any, Any], type_: type[T] | SQLType[T] | type[SQLType[T]]
) -> Expression[T, T]: ...
def cast(expression: Expression[Any, Any], type_: Any) -> Expression[Any, Any]:
    """The expression as a Python type or SQL type: ``cast(User.id, str)``."""
    inner, found = literal_of(expression), coerce_type(type_)
    # between boolean and numbers PostgreSQL has casts of integer alone
    if inner._type.python_type is bool and found.python_type in _NUMBERS:
        inner = CastTo(inner, INTEGER)
    elif inner._type.python_type in _NUMBERS and found.python_type is bool:
        inner = Condition("<>", (inner, operand(0, inner)))
    return CastTo(inner, found)


@overload
def type_coerce(
    expression: Expression[V, V | None], type_: type[T] | SQLType[T] | type[SQLType[T]]
) -> Expression[T, T | None]: ...
@overload
def type_coerce(
    expression: Expression[Any, Any], type_: type[T] | SQLType[T] | type[SQLType[T]]
) -> Expression[T, T]: ...
def type_coerce(expression: Expression[Any, Any], type_: Any) -> Expression[Any, Any]:
    """The expression read and compared as another type, without a cast in SQL."""
    return Retyped(literal_of(expression), coerce_type(type_))


@overload
def extract(field: WholeField, expression: Expression[Any, Any]) -> Extract[int]: ...
@overload
def extract(field: FractionField, expression: Expression[Any, Any]) -> Extract[Decimal]: ...
def extract(field: str, expression: Expression[Any, Any]) -> Extract[Any]:
    """A part of a date, time or interval: ``extract("year", Order.created_at)``."""
    type_of(expression)
    known = isinstance(field, str)
    if known and field in _WHOLE:
        return Extract(field, expression, INTEGRAL)
    if known and field in _FRACTION:
        return Extract(field, expression, NUMERIC)
    raise InvalidRequestError(
        "extract() was asked for an unknown field",
        hint="use one of " + ", ".join(sorted(_WHOLE | _FRACTION)),
    )


def literal(value: V, type_: Any = None) -> Parameter[V]:
    """A bound value as an expression."""
    if isinstance(value, (Expression, Query)):
        raise ArgumentError(
            "literal() takes a plain value; this is an expression already",
            hint="use the expression as it is",
        )
    if type_ is not None:
        return Parameter(value, coerce_type(type_))
    return Parameter(value, TEXT if value is None else type_of_value(value))


def null() -> Constant[Any, None]:
    """NULL."""
    return Constant("NULL", TEXT)


def true() -> Constant[bool, bool]:
    """TRUE."""
    return Constant("TRUE", BOOLEAN)


def false() -> Constant[bool, bool]:
    """FALSE."""
    return Constant("FALSE", BOOLEAN)


@overload
def any_(source: Expression[list[T], Any]) -> Quantified[T]: ...
@overload
def any_(source: Query[T]) -> Quantified[T]: ...
def any_(source: Any) -> Quantified[Any]:
    """Any element of an array or row of a query: ``5 == any_(Post.scores)`` and the like."""
    return _quantified("ANY", source)


@overload
def all_(source: Expression[list[T], Any]) -> Quantified[T]: ...
@overload
def all_(source: Query[T]) -> Quantified[T]: ...
def all_(source: Any) -> Quantified[Any]:
    """All elements of an array or rows of a query: ``User.age >= all_(select(...))``."""
    return _quantified("ALL", source)


def _quantified(quantifier: str, source: Any) -> Quantified[Any]:
    inner = literal_of(source)
    if isinstance(source, ScalarQuery) and isinstance(source._type, Array):
        # an array, which without a cast PostgreSQL would take for rows
        return Quantified(quantifier, CastTo(source, source._type), source._type.item)
    if isinstance(inner, ScalarQuery):
        return Quantified(quantifier, inner, inner._type)
    if not isinstance(inner._type, Array):
        raise ArgumentError(
            f"{quantifier.lower()}_() takes an array expression or a select()",
            hint="write column == any_(User.tags), or column.in_([...]) for values",
        )
    return Quantified(quantifier, typing_cast("Any", inner), inner._type.item)
