"""Payloads: what a pydantic model or a dict says of an entity's attributes, and its validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from asyncorm.errors import ArgumentError
from asyncorm.models.assignment import annotation_validator
from asyncorm.models.construct import set_values
from asyncorm.models.markers import Unsettable
from asyncorm.models.model import Model
from asyncorm.sql.expressions import Expression

#: what may be applied to an object: only what is set in it counts
Payload: TypeAlias = BaseModel | Mapping[str, Any]


def given_values(payload: Any) -> dict[str, Any]:
    """The values that are set, by attribute name; ArgumentError for what is no payload."""
    if isinstance(payload, Mapping):
        return dict(payload)
    if not isinstance(payload, BaseModel) or isinstance(payload, Model):
        raise ArgumentError(
            f"apply() takes a pydantic model or a dict, not a {type(payload).__name__}",
            hint="merge() copies the state of another entity object",
        )
    given, names = payload.model_fields_set, type(payload).model_fields
    extra = payload.model_extra or {}
    return {n: getattr(payload, n) for n in (*names, *extra) if n in given}


def validated_columns(instance: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Column values as assignments would store them, and what the model's validators make of
    them; raises pydantic's ValidationError. Run on a stand-in, so that nothing is changed yet.
    """
    cls = type(instance)
    plain = {n: _plain(cls, n, v) for n, v in values.items() if not isinstance(v, Expression)}
    fields = cls.__pydantic_fields__
    before = {n: v for n, v in instance.__dict__.items() if n in fields} | plain
    stand_in: Any = object.__new__(cls)
    set_values(stand_in, dict(before))
    stand_in.__pydantic_fields_set__ = set(before)
    for name, value in plain.items():
        cls.__pydantic_validator__.validate_assignment(stand_in, name, value)
    after, missing = stand_in.__dict__, object()
    others = {n: after[n] for n in before if after.get(n, missing) is not before[n]}
    return {**values, **{n: after[n] for n in plain}, **others}


def settable_columns(cls: type[Any]) -> frozenset[str]:
    """The columns that input may set: all but those with ``init=False``."""
    memo = cls.__mapper__.memo
    if "settable" not in memo:
        memo["settable"] = frozenset(
            name
            for name, field in cls.__pydantic_fields__.items()
            if not any(isinstance(item, Unsettable) for item in field.metadata)
        )
    names: frozenset[str] = memo["settable"]
    return names


def coerced(cls: type[Any], name: str, value: Any) -> Any:
    """A column's value by its annotation alone, such as the key that a JSON body has as text."""
    memo = cls.__mapper__.memo
    adapter = memo.get(("adapter", name))
    if adapter is None:
        adapter = memo["adapter", name] = annotation_validator(
            f"{cls.__name__}.{name}", cls.__pydantic_fields__[name]
        )
    return None if value is None else adapter(None, value)


def _plain(cls: type[Any], name: str, value: Any) -> Any:
    """A nested model of the payload's own is taken apart: the column has another type."""
    if isinstance(value, BaseModel) and not isinstance(
        value, cls.__mapper__.columns[name]._type.python_type
    ):
        return value.model_dump()
    return value
