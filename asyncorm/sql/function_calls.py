"""Calls of functions, of aggregates and over windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression, Order
from asyncorm.sql.nodes import combined
from asyncorm.types.base import SQLType

V = TypeVar("V")
R = TypeVar("R")
T = TypeVar("T")

#: the result of a function nobody has described: values beside it say their own type
UNKNOWN: SQLType[Any] = SQLType("")


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
