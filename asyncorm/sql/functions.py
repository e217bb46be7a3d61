"""Functions: ``func.<name>(...)``, aggregates and windows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast, overload
from uuid import UUID

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.expressions import (
    Expression,
    Order,
    Parameter,
    and_,
    literal_of,
    operand,
)
from asyncorm.sql.nodes import combined
from asyncorm.sql.values import array_type
from asyncorm.types import scalars
from asyncorm.types.base import SQLType
from asyncorm.types.json import JSON, JSONB
from asyncorm.types.resolve import coerce_type

V = TypeVar("V")
R = TypeVar("R")
T = TypeVar("T")

#: the result of a function nobody has described: values beside it say their own type
UNKNOWN: SQLType[Any] = SQLType("")


class IntegralNumeric(SQLType[int]):
    """numeric that holds whole numbers: the sum of integers can't overflow and is an int."""

    python_type = int
    copyable = False

    def __init__(self) -> None:
        super().__init__("numeric")
        self.decode = int


INTEGRAL = IntegralNumeric()
_JSON = JSON()
_JSONB = JSONB()
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}\Z", re.ASCII)


class FunctionCall(Expression[V, R]):
    """A call of a function; aggregates take ``filter`` and ``order_by``, windows ``over``."""

    __slots__ = ("arguments", "condition", "is_distinct", "name", "ordering")

    def __init__(
        self,
        name: str,
        arguments: Iterable[Expression[Any, Any]],
        type_: SQLType[Any],
        *,
        is_distinct: bool = False,
        ordering: tuple[Order, ...] = (),
        condition: Expression[bool, Any] | None = None,
    ) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.is_distinct = is_distinct
        self.ordering = ordering
        self.condition = condition
        keys, parameters = combined(self.arguments)
        order_keys, order_parameters = combined(ordering)
        parameters += order_parameters
        if condition is not None:
            parameters += condition._parameters
        shape = (type_.key, is_distinct, condition is not None and condition._key, order_keys)
        super().__init__(type_, ("function", name, keys, shape), parameters)

    def _changed(self, **changes: Any) -> Any:
        kept: dict[str, Any] = {
            "is_distinct": self.is_distinct,
            "ordering": self.ordering,
            "condition": self.condition,
        }
        return type(self)(self.name, self.arguments, self._type, **{**kept, **changes})

    def distinct(self) -> FunctionCall[V, R]:
        """The aggregate over distinct values only: ``count(DISTINCT x)``."""
        return cast("FunctionCall[V, R]", self._changed(is_distinct=True))

    def filter(self, *conditions: Expression[bool, Any]) -> FunctionCall[V, R]:
        """The aggregate over the rows that fulfil the conditions: ``FILTER (WHERE ...)``."""
        given = conditions if self.condition is None else (self.condition, *conditions)
        return cast("FunctionCall[V, R]", self._changed(condition=and_(*given)))

    def order_by(self, *order: Expression[Any, Any] | Order) -> FunctionCall[V, R]:
        """The order in which the aggregate sees its rows."""
        return cast("FunctionCall[V, R]", self._changed(ordering=orders(order)))

    def over(
        self,
        *,
        partition_by: Expression[Any, Any] | Iterable[Expression[Any, Any]] = (),
        order_by: Expression[Any, Any] | Order | Iterable[Expression[Any, Any] | Order] = (),
    ) -> Over[V, R]:
        """The function over a window of rows."""
        return Over(self, _as_tuple(partition_by), orders(_as_tuple(order_by)))


class NullFunctionCall(FunctionCall[V, "V | None"]):
    """A call that may give NULL, as aggregates over no rows do."""

    __slots__ = ()


class Over(Expression[V, R]):
    """A function over a window."""

    __slots__ = ("call", "ordering", "partition")

    def __init__(
        self,
        call: FunctionCall[V, R],
        partition: tuple[Expression[Any, Any], ...],
        ordering: tuple[Order, ...],
    ) -> None:
        self.call = call
        self.partition = partition
        self.ordering = ordering
        partition_keys, partition_parameters = combined(partition)
        order_keys, order_parameters = combined(ordering)
        super().__init__(
            call._type,
            ("over", call._key, partition_keys, order_keys),
            call._parameters + partition_parameters + order_parameters,
        )


def orders(given: Iterable[Any]) -> tuple[Order, ...]:
    """What ORDER BY was given, as ``Order``; a text is refused, because it would be SQL."""
    return tuple(_order(item) for item in given)


def _order(item: Any) -> Order:
    if isinstance(item, Order):
        return item
    if isinstance(item, Expression):
        return Order(item)
    raise InvalidRequestError(
        f"order_by() takes columns and expressions, not a {type(item).__name__}",
        hint="write order_by(User.name.desc()); look names of users up in a dict of your own",
    )


def expressions(given: Iterable[Any], user: str) -> tuple[Expression[Any, Any], ...]:
    """``given`` if all of it are expressions."""
    found = tuple(given)
    for item in found:
        if not isinstance(item, Expression):
            raise InvalidRequestError(
                f"{user} takes columns and expressions, not a {type(item).__name__}",
                hint=f"give columns, as in {user[:-1]}User.name)",
            )
    return found


def _as_tuple(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)


class Functions:
    """``func``: every function of PostgreSQL by name; the well-known ones have exact types.

    The names are those of SQL. Arguments that are no expressions are bound as parameters.
    """

    def __getattr__(self, name: str) -> Callable[..., FunctionCall[Any, Any]]:
        if name.startswith("__") or not _NAME.match(name):
            raise AttributeError(f"{name!r} is no name of a function")

        def call(*arguments: Any, type_: Any = None) -> FunctionCall[Any, Any]:
            result = UNKNOWN if type_ is None else coerce_type(type_)
            return FunctionCall(name.lower(), map(literal_of, arguments), result)

        return call

    # aggregates

    def count(self, expression: Expression[Any, Any] | None = None) -> FunctionCall[int, int]:
        """``count(*)``, or the number of values that are not NULL."""
        return FunctionCall("count", () if expression is None else (expression,), scalars.BIGINT)

    def sum(self, expression: Expression[V, Any]) -> NullFunctionCall[V]:
        """The sum; of integers an int of any size."""
        given = expression._type
        return NullFunctionCall(
            "sum", (expression,), INTEGRAL if given.python_type is int else given
        )

    @overload
    def avg(self, expression: Expression[int, Any]) -> NullFunctionCall[Decimal]: ...
    @overload
    def avg(self, expression: Expression[V, Any]) -> NullFunctionCall[V]: ...
    def avg(self, expression: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The average; of integers a Decimal."""
        given = expression._type
        result = scalars.NUMERIC if given.python_type is int else given
        return NullFunctionCall("avg", (expression,), result)

    def min(self, expression: Expression[V, Any]) -> NullFunctionCall[V]:
        """The smallest value."""
        return NullFunctionCall("min", (expression,), expression._type)

    def max(self, expression: Expression[V, Any]) -> NullFunctionCall[V]:
        """The largest value."""
        return NullFunctionCall("max", (expression,), expression._type)

    def bool_and(self, expression: Expression[bool, Any]) -> NullFunctionCall[bool]:
        """Whether all are true."""
        return NullFunctionCall("bool_and", (expression,), scalars.BOOLEAN)

    def bool_or(self, expression: Expression[bool, Any]) -> NullFunctionCall[bool]:
        """Whether any is true."""
        return NullFunctionCall("bool_or", (expression,), scalars.BOOLEAN)

    def array_agg(self, expression: Expression[V, R]) -> FunctionCall[list[V], list[R] | None]:
        """All values as an array."""
        return FunctionCall("array_agg", (expression,), array_type(expression._type))

    def string_agg(
        self, expression: Expression[str, Any], separator: str | Expression[str, Any]
    ) -> NullFunctionCall[str]:
        """All texts joined by the separator."""
        parts = (expression, operand(separator, expression))
        return NullFunctionCall("string_agg", parts, scalars.TEXT)

    def json_agg(self, expression: Expression[Any, Any]) -> FunctionCall[Any, Any]:
        """All values as a JSON array."""
        return FunctionCall("json_agg", (expression,), _JSON)

    def jsonb_agg(self, expression: Expression[Any, Any]) -> FunctionCall[Any, Any]:
        """All values as a JSONB array."""
        return FunctionCall("jsonb_agg", (expression,), _JSONB)

    # text

    def lower(self, text: str | Expression[str, R]) -> FunctionCall[str, R]:
        """The text in lower case."""
        return FunctionCall("lower", (literal_of(text),), scalars.TEXT)

    def upper(self, text: str | Expression[str, R]) -> FunctionCall[str, R]:
        """The text in upper case."""
        return FunctionCall("upper", (literal_of(text),), scalars.TEXT)

    def trim(self, text: Expression[str, R]) -> FunctionCall[str, R]:
        """The text without blanks at its ends."""
        return FunctionCall("btrim", (literal_of(text),), scalars.TEXT)

    def length(self, text: Expression[str, Any]) -> FunctionCall[int, int]:
        """The number of characters."""
        return FunctionCall("length", (literal_of(text),), scalars.INTEGER)

    def concat(self, *parts: object) -> FunctionCall[str, str]:
        """The texts of all parts in a row; NULL counts as empty."""
        return FunctionCall("concat", map(literal_of, parts), scalars.TEXT)

    # numbers, time, choice

    def abs(self, number: Expression[V, R]) -> FunctionCall[V, R]:
        """The number without its sign."""
        return FunctionCall("abs", (number,), number._type)

    def now(self) -> FunctionCall[datetime, datetime]:
        """The time at which the transaction began."""
        return FunctionCall("now", (), scalars.TIMESTAMPTZ)

    def clock_timestamp(self) -> FunctionCall[datetime, datetime]:
        """The time at this moment."""
        return FunctionCall("clock_timestamp", (), scalars.TIMESTAMPTZ)

    def date_trunc(self, unit: str, time: Expression[datetime, R]) -> FunctionCall[datetime, R]:
        """The time cut down to a unit such as ``"day"``."""
        return FunctionCall("date_trunc", (literal_of(unit), time), time._type)

    def random(self) -> FunctionCall[float, float]:
        """A number from 0 to below 1."""
        return FunctionCall("random", (), scalars.FLOAT)

    def gen_random_uuid(self) -> FunctionCall[UUID, UUID]:
        """A random UUID."""
        return FunctionCall("gen_random_uuid", (), scalars.UUID)

    @overload
    def coalesce(self, first: Expression[V, Any], last: V, /) -> FunctionCall[V, V]: ...
    @overload
    def coalesce(
        self, first: Expression[V, Any], /, *rest: Expression[V, R]
    ) -> FunctionCall[V, R]: ...
    @overload
    def coalesce(
        self, first: Expression[V, Any], second: Expression[V, Any], last: V, /
    ) -> FunctionCall[V, V]: ...
    def coalesce(self, first: Expression[Any, Any], /, *rest: Any) -> FunctionCall[Any, Any]:
        """The first of the values that is not NULL."""
        parts = (first, *(operand(item, first) for item in rest))
        return FunctionCall("coalesce", parts, first._type)

    def nullif(
        self, value: Expression[V, Any], other: V | Expression[V, Any]
    ) -> NullFunctionCall[V]:
        """NULL if both are equal, else the value."""
        return NullFunctionCall("nullif", (value, operand(other, value)), value._type)

    def greatest(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The largest of the values."""
        parts = (first, *(operand(item, first) for item in rest))
        return FunctionCall("greatest", parts, first._type)

    def least(
        self, first: Expression[V, R], /, *rest: V | Expression[V, Any]
    ) -> FunctionCall[V, R]:
        """The smallest of the values."""
        parts = (first, *(operand(item, first) for item in rest))
        return FunctionCall("least", parts, first._type)

    # windows

    def row_number(self) -> FunctionCall[int, int]:
        """The number of the row in its window; needs ``over()``."""
        return FunctionCall("row_number", (), scalars.BIGINT)

    def rank(self) -> FunctionCall[int, int]:
        """The rank of the row with gaps; needs ``over()``."""
        return FunctionCall("rank", (), scalars.BIGINT)

    def dense_rank(self) -> FunctionCall[int, int]:
        """The rank of the row without gaps; needs ``over()``."""
        return FunctionCall("dense_rank", (), scalars.BIGINT)

    def lag(self, expression: Expression[V, Any], offset: int = 1) -> NullFunctionCall[V]:
        """The value of an earlier row of the window; needs ``over()``."""
        return NullFunctionCall("lag", (expression, _integer(offset)), expression._type)

    def lead(self, expression: Expression[V, Any], offset: int = 1) -> NullFunctionCall[V]:
        """The value of a later row of the window; needs ``over()``."""
        return NullFunctionCall("lead", (expression, _integer(offset)), expression._type)

    def first_value(self, expression: Expression[V, R]) -> FunctionCall[V, R]:
        """The value of the first row of the window; needs ``over()``."""
        return FunctionCall("first_value", (expression,), expression._type)

    # GROUP BY

    def grouping_sets(self, *sets: Iterable[Expression[Any, Any]]) -> FunctionCall[Any, Any]:
        """``GROUPING SETS ((a, b), (a), ())`` for ``group_by``."""
        rows: list[Expression[Any, Any]] = [
            FunctionCall("row of", tuple(one), UNKNOWN) for one in sets
        ]
        return FunctionCall("grouping sets", rows, UNKNOWN)


def _integer(value: int) -> Expression[Any, Any]:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(
            f"an offset is int, not {type(value).__name__}", hint="give a whole number"
        )
    return Parameter(value, scalars.INTEGER)


func = Functions()
