"""Windows: which rows a function sees, in which order, and the frame of them that counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression, Parameter
from asyncorm.sql.given import as_tuple, expressions, orders
from asyncorm.sql.nodes import combined
from asyncorm.sql.operators.order import Order
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import BIGINT, FLOAT, INTERVAL, NUMERIC

Partition = Expression[Any, Any] | Iterable[Expression[Any, Any]]
Ordering = Expression[Any, Any] | Order | Iterable[Expression[Any, Any] | Order]
Excluded = Literal["CURRENT ROW", "GROUP", "TIES", "NO OTHERS"]
#: the first and the last row: None is the end of the partition, 0 the current row, negative before
RowBounds = tuple[int | None, int | None]
Distance = int | float | Decimal | timedelta
ValueBounds = tuple[Distance | None, Distance | None]

_EXCLUDED = frozenset(("CURRENT ROW", "GROUP", "TIES", "NO OTHERS"))


class Bound(NamedTuple):
    """One end of a frame: on which side of the current row (-1, 0, 1), and how far."""

    side: int
    distance: Parameter[Any] | None


class Frame:
    """ROWS, RANGE or GROUPS between two bounds."""

    __slots__ = ("_key", "_parameters", "end", "excluded", "mode", "start")

    def __init__(self, mode: str, start: Bound, end: Bound, excluded: str | None) -> None:
        if start.side > end.side:
            raise InvalidRequestError(
                "the frame of a window ends before it begins",
                hint="give the earlier row first: rows=(-1, 1), rows=(None, 0)",
            )
        self.mode = mode
        self.start = start
        self.end = end
        self.excluded = excluded
        keys, parameters = combined(b.distance for b in (start, end) if b.distance is not None)
        shape = tuple((bound.side, bound.distance is None) for bound in (start, end))
        self._key: Hashable = ("frame", mode, shape, excluded, keys)
        self._parameters: tuple[Any, ...] = parameters


class Window:
    """PARTITION BY, ORDER BY and a frame, for the ``over()`` of any number of functions."""

    __slots__ = ("_key", "_parameters", "frame", "ordering", "partition")

    def __init__(
        self,
        partition: tuple[Expression[Any, Any], ...] = (),
        ordering: tuple[Order, ...] = (),
        frame: Frame | None = None,
    ) -> None:
        self.partition = partition
        self.ordering = ordering
        self.frame = frame
        partition_keys, partition_parameters = combined(partition)
        order_keys, order_parameters = combined(ordering)
        self._parameters: tuple[Any, ...] = partition_parameters + order_parameters
        if frame is not None:
            self._parameters += frame._parameters
        self._key: Hashable = (partition_keys, order_keys, frame and frame._key)


def window(
    *,
    partition_by: Partition = (),
    order_by: Ordering = (),
    rows: RowBounds | None = None,
    range_: ValueBounds | None = None,
    groups: RowBounds | None = None,
    exclude: Excluded | None = None,
) -> Window:
    """A window that several functions share: ``func.sum(Sale.quantity).over(by_day)``.

    A frame is a tuple: ``rows=(-1, 1)`` is the row before to the row after, ``None`` the end of
    the partition. ``range_`` counts in values of the ORDER BY column, ``groups`` in equal ones.
    """
    ordering = orders(as_tuple(order_by))
    given = {"ROWS": rows, "RANGE": range_, "GROUPS": groups}
    modes = [mode for mode, bounds in given.items() if bounds is not None]
    if len(modes) > 1 or (exclude is not None and not modes):
        raise InvalidRequestError(
            "a window has one frame, which exclude= leaves rows out of",
            hint="give one of rows=, range_= and groups=",
        )
    frame = _frame(modes[0], given[modes[0]], ordering, exclude) if modes else None
    return Window(expressions(as_tuple(partition_by), "partition_by()"), ordering, frame)


def _frame(mode: str, bounds: Any, ordering: tuple[Order, ...], excluded: str | None) -> Frame:
    if excluded is not None and excluded not in _EXCLUDED:
        raise InvalidRequestError(
            "exclude= of a window is not known", hint="use one of " + ", ".join(sorted(_EXCLUDED))
        )
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        raise InvalidRequestError(
            "the frame of a window is a tuple of two bounds",
            hint="write rows=(-1, 1); None is the end of the partition, 0 the current row",
        )
    if mode == "GROUPS" and not ordering:
        raise InvalidRequestError("groups= of a window needs an order", hint="give order_by=")
    type_: SQLType[Any] | None = BIGINT
    if mode == "RANGE":
        type_ = _distance_type(ordering[0].expression._type) if len(ordering) == 1 else None
    start, end = (
        Bound(end_side, None) if one is None else _bound(one, type_)
        for one, end_side in zip(bounds, (-2, 2), strict=True)
    )
    return Frame(mode, start, end, excluded)


def _distance_type(ordered: SQLType[Any]) -> SQLType[Any]:
    """The type of a distance between two values that rows are ordered by."""
    if issubclass(ordered.python_type, (date, datetime, time, timedelta)):
        return INTERVAL
    if ordered.python_type is Decimal:
        return NUMERIC
    return FLOAT if ordered.python_type is float else BIGINT


def _bound(distance: Any, type_: SQLType[Any] | None) -> Bound:
    if distance == 0 and not isinstance(distance, (bool, timedelta)):
        return Bound(0, None)
    if type_ is None:
        raise InvalidRequestError(
            "range_= of a window with a distance needs exactly one ORDER BY column",
            hint="order by one column, or use rows= or groups=",
        )
    if type_ in (NUMERIC, FLOAT) and isinstance(distance, (int, float, Decimal)):
        distance = type_.python_type(distance)
    if isinstance(distance, bool) or not isinstance(distance, type_.python_type):
        raise InvalidRequestError(
            f"a bound of this window's frame is {type_.python_type.__name__}, "
            f"not {type(distance).__name__}",
            hint="rows= and groups= count in int, range_= in what the rows are ordered by; over "
            "times in timedelta",
        )
    side = -1 if distance < type_.python_type(0) else 1
    return Bound(side, Parameter(abs(distance), type_))
