"""Selection: some of the objects that a relationship leads to, as in ``User.books.top(3)``."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, Self, TypeVar

from asyncorm.sql.clauses import row_count
from asyncorm.sql.expressions import Expression, Order, as_condition
from asyncorm.sql.functions import orders
from asyncorm.sql.nodes import combined

E = TypeVar("E")
R = TypeVar("R")


class Selection(Generic[E, R]):
    """The related objects of entity ``E`` that fulfil conditions, or the first ones in an order.

    Loading it gives ``R``. Immutable; every method gives a new one.
    """

    __slots__ = ("_key", "_parameters", "conditions", "count", "order", "relationship")

    def __init__(
        self,
        relationship: Any,
        conditions: tuple[Expression[bool, Any], ...] = (),
        order: tuple[Order, ...] = (),
        count: Expression[Any, Any] | None = None,
    ) -> None:
        self.relationship = relationship
        self.conditions = conditions
        self.order = order
        #: at most so many for each owner
        self.count = count
        condition_keys, parameters = combined(conditions)
        order_keys, more = combined(order)
        self._parameters: tuple[Any, ...] = parameters + more
        if count is not None:
            self._parameters += count._parameters
        self._key: Hashable = (
            "selection",
            relationship._key,
            condition_keys,
            order_keys,
            count is not None and count._key,
        )

    def where(self, *conditions: Expression[bool, Any]) -> Self:
        """Only objects that fulfil these conditions too."""
        more = tuple(map(as_condition, conditions))
        return type(self)(self.relationship, self.conditions + more, self.order, self.count)

    def and_(self, *conditions: Expression[bool, Any]) -> Self:
        """The same as ``where``."""
        return self.where(*conditions)

    def order_by(self, *order: Expression[Any, Any] | Order) -> Self:
        """Add to the order, which comes before that of the relationship."""
        return type(self)(
            self.relationship, self.conditions, self.order + orders(order), self.count
        )

    def limit(self, count: int) -> Self:
        """At most so many objects for each owner."""
        number = row_count(count, "limit")
        return type(self)(self.relationship, self.conditions, self.order, number)

    def __repr__(self) -> str:
        return f"<some of {self.relationship}>"


def first_of(relationship: Any, count: int, order_by: Any) -> Selection[Any, Any]:
    """The first objects of each owner, in an order (or in that of the relationship)."""
    chosen: Selection[Any, Any] = Selection(relationship).limit(count)
    if order_by is None:
        return chosen
    given = order_by if isinstance(order_by, list | tuple) else (order_by,)
    return chosen.order_by(*given)
