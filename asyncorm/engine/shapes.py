"""``into()``: rows as instances of a class that is not mapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asyncorm.errors import ArgumentError


def shape_rows(shape: Any, names: Sequence[str], rows: Sequence[Any]) -> list[Any]:
    """Rows (bare for one column, else tuples) as pydantic models, dataclasses or NamedTuples."""
    make = _maker(shape)
    keys = tuple(names)
    if len(keys) == 1:
        return [make({keys[0]: row}) for row in rows]
    return [make(dict(zip(keys, row, strict=True))) for row in rows]


def _maker(shape: Any) -> Callable[[dict[str, Any]], Any]:
    validate: Callable[[dict[str, Any]], Any] | None = getattr(shape, "model_validate", None)
    if validate is not None:
        return validate
    if callable(shape):
        return lambda values: shape(**values)
    raise ArgumentError(
        f"into() can't make rows of {shape!r}",
        hint="give a pydantic model, a dataclass, a NamedTuple or a mapped class",
    )
