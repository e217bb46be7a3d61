"""Calls of functions, of aggregates and over windows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression, literal_of
from asyncorm.sql.functions.frames import (
    Excluded,
    Ordering,
    Partition,
    RowBounds,
    ValueBounds,
    Window,
)
from asyncorm.sql.functions.frames import window as window_of
from asyncorm.sql.functions.sources import FunctionTable, named_types, scalar_table
from asyncorm.sql.given import orders
from asyncorm.sql.nodes import combined
from asyncorm.sql.operators.order import Order
from asyncorm.sql.table import BaseColumn
from asyncorm.types.base import SQLType

V = TypeVar("V")
R = TypeVar("R")


class Windowed(Generic[V, R]):
    """What can be called over a window."""

    __slots__ = ()

    def _call(self) -> FunctionCall[V, R]:
        raise NotImplementedError

    @overload
    def over(self, window: Window, /) -> Over[V, R]: ...
    @overload
    def over(
        self,
        *,
        partition_by: Partition = (),
        order_by: Ordering = (),
        rows: RowBounds | None = None,
        range_: ValueBounds | None = None,
        groups: RowBounds | None = None,
        exclude: Excluded | None = None,
    ) -> Over[V, R]: ...
    def over(self, *given: Any, **parts: Any) -> Over[V, R]:
        """The function over a window of rows: what ``window()`` takes, or has made."""
        found = given[0] if given else window_of(**parts)
        if not isinstance(found, Window) or len(given) + bool(parts) > 1:
            raise InvalidRequestError(
                "over() takes a window, or the parts of one",
                hint="write over(window(partition_by=...)) or over(partition_by=...)",
            )
        return Over(self._call(), found)


class FunctionCall(Windowed[V, R], Expression[V, R]):
    """A call of a function; aggregates take ``filter`` and ``order_by``, windows ``over``."""

    __slots__ = ("arguments", "condition", "is_distinct", "name", "ordering", "within")

    def __init__(
        self,
        name: str,
        arguments: Iterable[Expression[Any, Any]],
        type_: SQLType[Any],
        *,
        is_distinct: bool = False,
        ordering: tuple[Order, ...] = (),
        within: tuple[Order, ...] = (),
        condition: Expression[bool, Any] | None = None,
    ) -> None:
        self.name = name
        self.arguments = tuple(map(literal_of, arguments))
        self.is_distinct = is_distinct
        self.ordering = ordering
        #: of an ordered-set aggregate: WITHIN GROUP (ORDER BY ...)
        self.within = within
        self.condition = condition
        keys, parameters = combined(self.arguments)
        tail: Hashable = None
        if ordering or within or condition is not None:  # most calls have none of them
            order_keys, order_parameters = combined((*ordering, *within))
            parameters += order_parameters
            if condition is not None:
                parameters += condition._parameters
            tail = (len(within), condition is not None and condition._key, order_keys)
        shape = (type_.key, is_distinct, tail)
        super().__init__(type_, ("function", name, keys, shape), parameters)

    def _call(self) -> FunctionCall[V, R]:
        return self

    def _changed(self, **changes: Any) -> Any:
        kept: dict[str, Any] = {
            "is_distinct": self.is_distinct,
            "ordering": self.ordering,
            "within": self.within,
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

    def within_group(self, *order: Expression[Any, Any] | Order) -> FunctionCall[V, R]:
        """The order that an ordered-set aggregate speaks of: ``WITHIN GROUP (ORDER BY ...)``."""
        return cast("FunctionCall[V, R]", self._changed(within=orders(order)))

    def table_valued(
        self,
        *columns: str | Mapping[str, Any],
        name: str | None = None,
        with_ordinality: str | None = None,
        with_types: bool = False,
    ) -> FunctionTable:
        """The function's rows as something to select from, with columns of these names.

        A dict gives names and types. ``with_types`` writes them too, which functions that return
        records of any kind need. ``with_ordinality`` names a further column with the row's number.
        """
        return FunctionTable(self, named_types(self, columns), name, with_ordinality, with_types)

    def column_valued(self, name: str | None = None) -> BaseColumn[V, R]:
        """The function's rows as something to select from, with one column, which this is."""
        return cast("BaseColumn[V, R]", scalar_table(self, name))


class NullFunctionCall(FunctionCall[V, "V | None"]):
    """A call that may give NULL, as aggregates over no rows do."""

    __slots__ = ()


class WindowCall(Windowed[V, R]):
    """A call that means something over a window only; ``over()`` makes it an expression."""

    __slots__ = ("_inner",)

    def __init__(
        self, name: str, arguments: Iterable[Expression[Any, Any]], type_: SQLType[Any]
    ) -> None:
        self._inner: FunctionCall[V, R] = FunctionCall(name, arguments, type_)

    def _call(self) -> FunctionCall[V, R]:
        return self._inner

    def __repr__(self) -> str:
        return f"<{self._inner.name}() without over()>"


class NullWindowCall(WindowCall[V, "V | None"]):
    """One that gives NULL where there is no such row."""

    __slots__ = ()


class Over(Expression[V, R]):
    """A function over a window."""

    __slots__ = ("call", "window")

    def __init__(self, call: FunctionCall[V, R], window: Window) -> None:
        self.call = call
        self.window = window
        key = ("over", call._key, window._key)
        super().__init__(call._type, key, call._parameters + window._parameters)
