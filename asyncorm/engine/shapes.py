"""``into()``: rows as instances of a class that is not mapped."""

from __future__ import annotations

import dataclasses
from collections import Counter
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
    keys = tuple(names)
    if rows:
        check_names(shape, keys)
    make = _maker(shape, keys)
    if len(keys) == 1:
        return [make({keys[0]: row}) for row in rows]
    if getattr(shape, "model_validate", None) is None:  # without the call of a lambda
        return [shape(**dict(zip(keys, row, strict=True))) for row in rows]
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


def check_names(shape: Any, names: Sequence[str]) -> None:
    """Refuse columns of one name, of which one would be lost, and those that the fields of a
    dataclass, NamedTuple or TypedDict don't fit."""
    if len(set(names)) < len(names):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        raise ArgumentError(
            f"into({shape.__name__}) was given several columns {', '.join(repeated)}",
            hint="give them names of their own: .label('name'), or AS name in SQL",
        )
    fields = _fields(shape)
    if fields is None:
        return
    missing = [name for name, required in fields.items() if required and name not in names]
    unknown = [name for name in names if name not in fields]
    wrong = [f"no column {', '.join(missing)}"] if missing else []
    wrong += [f"{', '.join(unknown)}, which it has no field for"] if unknown else []
    if wrong:
        raise ArgumentError(
            f"into({shape.__name__}) was given {' and '.join(wrong)}",
            hint="select columns with the names of the fields: .label('name')",
        )


def _fields(shape: Any) -> dict[str, bool] | None:
    """The fields of a class that is no model, and whether each must be given."""
    if dataclasses.is_dataclass(shape):
        given = [field for field in dataclasses.fields(shape) if field.init]
        missing = dataclasses.MISSING
        return {f.name: f.default is missing and f.default_factory is missing for f in given}
    if isinstance(shape, type) and issubclass(shape, tuple) and hasattr(shape, "_fields"):
        described: Any = shape
        return {name: name not in described._field_defaults for name in described._fields}
    required = getattr(shape, "__required_keys__", None)
    return None if required is None else {n: n in required for n in shape.__annotations__}


def _validated(validate: Callable[[Any], Any], name: str, keys: tuple[str, ...]) -> Any:
    """``model_validate``, which says which columns are missing instead of which fields."""

    def make(values: dict[str, Any]) -> Any:
        try:
            return validate(values)
        except ValueError as error:
            details: Any = getattr(error, "errors", list)()
            missing = [
                str(detail["loc"][0])
                for detail in details
                if detail["type"] == "missing" and len(detail["loc"]) == 1
            ]
            if not missing:
                raise
            raise ArgumentError(
                f"into({name}) was given no column {', '.join(missing)}",
                hint=f"the statement has {', '.join(keys)}; name others with .label('name')",
            ) from error

    return make


def _maker(shape: Any, keys: tuple[str, ...]) -> Callable[[dict[str, Any]], Any]:
    validate: Callable[[dict[str, Any]], Any] | None = getattr(shape, "model_validate", None)
    if validate is not None:
        made: Callable[[dict[str, Any]], Any] = _validated(validate, shape.__name__, keys)
        return made
    if callable(shape) and shape not in (tuple, list, set, frozenset):
        return lambda values: shape(**values)
    raise ArgumentError(
        f"into() can't make rows of {shape!r}",
        hint="give a pydantic model, a dataclass, a NamedTuple or a mapped class",
    )
