"""ORDER BY: an expression with a direction."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from asyncorm.sql.operators.base import C, Operators, R, V


class Order:
    """An expression with a direction, for ORDER BY."""

    __slots__ = ("_key", "_parameters", "direction", "expression", "nulls")

    def __init__(
        self, expression: Operators[Any, Any, Any], direction: str = "ASC", nulls: str | None = None
    ) -> None:
        #: an Expression, which can't be named here
        self.expression: Any = expression
        self.direction = direction
        self.nulls = nulls
        self._key: Hashable = ("order", direction, nulls, expression._key)
        self._parameters: tuple[Any, ...] = expression._parameters

    def nulls_first(self) -> Order:
        """NULL before all values."""
        return Order(self.expression, self.direction, "FIRST")

    def nulls_last(self) -> Order:
        """NULL after all values."""
        return Order(self.expression, self.direction, "LAST")


class OrderOperators(Operators[V, R, C]):
    """What gives an expression a direction."""

    __slots__ = ()

    def asc(self) -> Order:
        """Ascending order."""
        return Order(self, "ASC")

    def desc(self) -> Order:
        """Descending order."""
        return Order(self, "DESC")

    def nulls_first(self) -> Order:
        """Ascending order, NULL before all values."""
        return Order(self, "ASC", "FIRST")

    def nulls_last(self) -> Order:
        """Ascending order, NULL after all values."""
        return Order(self, "ASC", "LAST")
