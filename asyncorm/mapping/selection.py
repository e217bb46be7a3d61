"""Selection: some of the objects that a relationship leads to, as in ``User.books.top(3)``."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, Self, TypeVar

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.adapted import adapted
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression, as_condition
from asyncorm.sql.given import orders
from asyncorm.sql.nodes import combined
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import source_of, table_of
from asyncorm.sql.statements.clauses import JoinParts, row_count
from asyncorm.sql.subtype import meanings

E = TypeVar("E")
R = TypeVar("R", covariant=True)


class Selection(Generic[E, R]):
    """The related objects of entity ``E`` that fulfil conditions, or the first ones in an order.

    Loading it gives ``R``. Immutable; every method gives a new one.
    """

    __slots__ = ("_key", "_parameters", "conditions", "count", "kind", "order", "relationship")

    def __init__(
        self,
        relationship: Any,
        conditions: tuple[Expression[bool, Any], ...] = (),
        order: tuple[Order, ...] = (),
        count: Expression[Any, Any] | None = None,
        kind: type[Any] | None = None,
    ) -> None:
        self.relationship = relationship
        self.conditions = conditions
        self.order = order
        #: at most so many for each owner
        self.count = count
        #: only objects of this subclass
        self.kind = kind
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
            kind,
        )

    @property
    def is_whole(self) -> bool:
        """Whether it chooses nothing, as ``where()`` without conditions does."""
        return not (self.conditions or self.order or self.kind) and self.count is None

    def where(self, *conditions: Expression[bool, Any]) -> Self:
        """Only objects that fulfil these conditions too."""
        more = tuple(map(as_condition, conditions))
        return self._with(conditions=self.conditions + more)

    def and_(self, *conditions: Expression[bool, Any]) -> Self:
        """The same as ``where``."""
        return self.where(*conditions)

    def order_by(self, *order: Expression[Any, Any] | Order) -> Self:
        """Add to the order, which comes before that of the relationship."""
        return self._with(order=self.order + orders(order))

    def limit(self, count: int) -> Self:
        """At most so many objects for each owner."""
        return self._with(count=row_count(count, "limit"))

    def top(self, count: int, *, order_by: Any = None) -> Self:
        """The first of these objects of each owner, in an order."""
        chosen = self._with(count=row_count(count, "top"))
        if order_by is None:
            return chosen
        given = order_by if isinstance(order_by, list | tuple) else (order_by,)
        return chosen.order_by(*given)

    def of_kind(self, kind: type[Any]) -> Self:
        """Only objects of a subclass."""
        return self._with(kind=kind)

    def _with(self, **changed: Any) -> Self:
        parts: dict[str, Any] = {
            "conditions": self.conditions,
            "order": self.order,
            "count": self.count,
            "kind": self.kind,
        }
        return type(self)(self.relationship, **parts | changed)

    def _join(self, owner: Any = None, target: Any = None) -> JoinParts:
        """What a join along it is made of: its conditions belong to what is joined on."""
        if self.order or self.count is not None:
            raise InvalidRequestError(
                f"{self.relationship} in an order, or the first ones of it, can't be joined",
                hint="join with conditions only, join(User.books.where(...)), or join a "
                "select(...).lateral()",
            )
        parts: JoinParts = self.relationship._join(owner, target)
        source = source_of(parts.target)
        places = [(meant, source) for meant in meanings(table_of(parts.target))]
        if parts.link is None:
            conditions = [adapted(condition, *places) for condition in self.conditions]
            return parts._replace(condition=and_(parts.condition, *conditions))
        link, its = parts.link
        places.append((link.__table__, link))
        conditions = [adapted(condition, *places) for condition in self.conditions]
        return parts._replace(link=(link, and_(its, *conditions)))

    def __repr__(self) -> str:
        return f"<some of {self.relationship}>"


def first_of(relationship: Any, count: int, order_by: Any) -> Selection[Any, Any]:
    """The first objects of each owner, in an order (or in that of the relationship)."""
    return Selection[Any, Any](relationship).top(count, order_by=order_by)


def unknown(relationship: Any) -> Selection[Any, Any]:
    """Some objects of which nobody knows whether they are all: no other selection is the same."""
    found: Selection[Any, Any] = Selection(relationship)
    found._key = ("unknown selection", relationship._key, id(found))
    return found
