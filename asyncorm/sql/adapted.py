"""Adapted: a condition in which some tables stand for aliases of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from asyncorm.sql.expressions import Expression
from asyncorm.sql.nodes import combined
from asyncorm.sql.operators.order import Order
from asyncorm.types.scalars import BOOLEAN


class Adapted(Expression[bool, bool]):
    """A condition as written for entities, read for what stands in their places."""

    __slots__ = ("inner", "places")

    def __init__(self, inner: Expression[bool, Any], places: tuple[tuple[Any, Any], ...]) -> None:
        self.inner = inner
        #: pairs of a source and of what is meant instead
        self.places = places
        keys: list[Hashable] = []
        parameters: tuple[Any, ...] = ()
        for pair in places:
            more, bound = combined(pair)
            keys.append(more)
            parameters += bound
        key = ("adapted", tuple(keys), inner._key)
        super().__init__(BOOLEAN, key, parameters + inner._parameters)


def adapted(condition: Expression[bool, Any], *places: tuple[Any, Any]) -> Expression[bool, Any]:
    """The condition with sources replaced, where any of them has to be."""
    changed = tuple((was, now) for was, now in places if was is not now)
    return Adapted(condition, changed) if changed else condition


def adapted_order(order: Order, *places: tuple[Any, Any]) -> Order:
    """The same for what ORDER BY was given."""
    return Order(adapted(order.expression, *places), order.direction, order.nulls)
