"""Serialising of instances: a column that is not loaded is an error, not a field left out.

pydantic writes what an instance's dictionary holds, and for models that allow extra fields what
``__pydantic_extra__`` has besides. Its serializer of an entity is told that extras are allowed:
then it reads that attribute, and finds a ``Gap`` for each missing column, which raises if it is
really written. What ``include`` and ``exclude`` leave out is so for pydantic to know, and a
complete object costs no more than the look at its state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never, Self

from pydantic import BaseModel

from asyncorm._lazy_dataclass import dataclass
from asyncorm.errors import DetachedInstanceError, UnloadedAttributeError
from asyncorm.tracking.known import has_row
from asyncorm.tracking.unloaded import unloaded_error

_EXTRA = "__pydantic_extra__"
_slot: Any = BaseModel.__dict__[_EXTRA]


def _refuse(gap: Gap) -> Never:
    raise unloaded_error(gap.instance, gap.name)


@dataclass(init=False, eq=False, repr=False)
class Gap:
    """Stands for the value of a column that is not loaded.

    A dataclass, since pydantic reads the fields of one that it does not expect, and lets pass
    what that raises.
    """

    value: Any = property(_refuse)

    def __init__(self, instance: Any, name: str) -> None:
        self.instance = instance
        self.name = name

    def __deepcopy__(self, memo: Any) -> Self:
        return self


def _gaps(instance: Any) -> dict[str, Any] | None:
    state = instance._state
    if state is None or not state.partial:
        return None
    return _missing(instance)


def _missing(instance: Any) -> dict[str, Any] | None:
    if not has_row(instance):
        return None
    values, fields = instance.__dict__, type(instance).__pydantic_fields__.items()
    missing = [name for name, field in fields if name not in values and not field.exclude]
    return {name: Gap(instance, name) for name in missing} or None


def _gaps_of_deferred(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any] | None]:
    """The same for a model with deferred columns: an object may lack them, and be up to date."""

    def gaps(instance: Any) -> dict[str, Any] | None:
        values = instance.__dict__
        for name in names:
            if name not in values:
                return _missing(instance)
        return _gaps(instance)

    return gaps


def _with_extras(gaps: Callable[[Any], dict[str, Any] | None]) -> Callable[[Any], Any]:
    """The same for a model that does allow extra fields."""

    def extras(instance: Any) -> Any:
        try:
            given = _slot.__get__(instance)
        except AttributeError:
            given = None
        missing = gaps(instance)
        return {**(given or {}), **missing} if missing else given

    return extras


def install_gaps(cls: type[Any], deferred: tuple[str, ...] = ()) -> None:
    """Let the instances of a class show gaps to pydantic, in the place of extra fields."""
    gaps = _gaps_of_deferred(deferred) if deferred else _gaps
    if cls.model_config.get("extra") == "allow":
        gaps = _with_extras(gaps)
    type.__setattr__(cls, _EXTRA, property(gaps, _slot.__set__, _slot.__delete__))


def drop_gaps(instance: Any) -> None:
    """Take the gaps of the original out of a copy, which has its own."""
    try:
        kept = _slot.__get__(instance)
    except AttributeError:
        return
    if kept:
        _slot.__set__(instance, without_gap_values(kept))


def without_gap_values(extras: dict[str, Any] | None) -> dict[str, Any] | None:
    """Real extra fields, of those that an instance shows to pydantic."""
    return {n: v for n, v in (extras or {}).items() if not isinstance(v, Gap)} or None


def look_for_gaps(schema: Any) -> None:
    """Make the schema of a model write gaps; what it validates stays the same. Done in place."""
    model = _model_schema(schema)
    serialization = model.get("serialization")
    if serialization is None:
        model["serialization"] = _with_gaps(model)
    elif serialization["type"] == "function-wrap" and "schema" not in serialization:
        # the model's own serializer, and what it wraps
        plain = {k: v for k, v in model.items() if k not in ("ref", "metadata", "serialization")}
        serialization["schema"] = {**plain, "serialization": _with_gaps(model)}


def _model_schema(schema: Any) -> Any:
    while schema["type"] != "model":
        schema = schema["schema"]
    return schema


def _with_gaps(model: Any) -> dict[str, Any]:
    return {
        "type": "model",
        "cls": model["cls"],
        "config": {**model.get("config", {}), "extra_fields_behavior": "allow"},
        "schema": _allowing(model["schema"]),
    }


def _allowing(schema: Any) -> Any:
    """The schema of the fields, inside of those of validators, with extra fields."""
    if schema["type"] == "model-fields":
        return {**schema, "extra_behavior": "allow"}
    return {**schema, "schema": _allowing(schema["schema"])}


def without_gaps(schema: Any) -> Any:
    """The schema as it was, to describe it: how it is written is nobody's concern."""
    if schema["type"] != "model":
        return (
            {**schema, "schema": without_gaps(schema["schema"])} if "schema" in schema else schema
        )
    if schema.get("serialization", {}).get("type") != "model":
        return schema
    return {key: value for key, value in schema.items() if key != "serialization"}


def unloaded_in(error: BaseException | None) -> Exception | None:
    """The error about an attribute that is not loaded which pydantic has wrapped, if it is one."""
    while error is not None:
        if isinstance(error, UnloadedAttributeError | DetachedInstanceError):
            return error
        error = error.__cause__
    return None
