"""``into()``: rows as instances of a class that is not mapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncorm.errors import ArgumentError

#: classes of single values: ``into(int)``
VALUES: frozenset[Any] = frozenset(
    (int, str, float, bool, bytes, Decimal, date, datetime, time, timedelta, UUID)
)


def shape_rows(shape: Any, names: Sequence[str], rows: Sequence[Any]) -> list[Any]:
    """Rows (bare for one column, else tuples) as pydantic models, dataclasses or NamedTuples."""
    if shape in VALUES:
        return checked_values(shape, ", ".join(names), rows)
    make = _maker(shape)
    keys = tuple(names)
    if len(keys) == 1:
        return [make({keys[0]: row}) for row in rows]
    return [make(dict(zip(keys, row, strict=True))) for row in rows]


def checked_values(kind: Any, name: str, values: Sequence[Any]) -> list[Any]:
    """The values of one column, which must be of a class; None is none of it, and stays."""
    for value in values:
        if value is not None and type(value) is not kind and not isinstance(value, kind):
            raise ArgumentError(
                f"into({kind.__name__}) was given a {type(value).__name__} by column {name}",
                hint="cast the column in the statement, or name the class that it has",
            )
    return list(values)


def _maker(shape: Any) -> Callable[[dict[str, Any]], Any]:
    validate: Callable[[dict[str, Any]], Any] | None = getattr(shape, "model_validate", None)
    if validate is not None:
        return validate
    if callable(shape) and shape not in (tuple, list, set, frozenset):
        return lambda values: shape(**values)
    raise ArgumentError(
        f"into() can't make rows of {shape!r}",
        hint="give a pydantic model, a dataclass, a NamedTuple or a mapped class",
    )
