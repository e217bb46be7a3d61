"""Construction from rows, without validation: the one place that fills pydantic's slots.

Measured for 10 columns on CPython 3.11: validating 2.8 µs, ``model_construct`` 4.3, the way below
0.35. A twin class without Python-level setters is filled by native attribute stores and then
given the real class; on 3.13, where that does not win, ``__dict__`` is set at once. pydantic's
own slots are made on first read instead of at construction.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

#: whether filling a twin and swapping its class beats setting ``__dict__`` (measured per version)
SWAPS_CLASS = sys.version_info[:2] in ((3, 11), (3, 12))


class AbsentSlot:
    """Stands in for one of pydantic's slots and makes its value when it is first read."""

    __slots__ = ("fields_set", "slot")

    def __init__(self, slot: Any, fields_set: bool) -> None:
        self.slot = slot
        self.fields_set = fields_set

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            return self.slot.__get__(instance, owner)
        except AttributeError:
            value = None
            if self.fields_set:
                fields = type(instance).__pydantic_fields__
                value = {name for name in instance.__dict__ if name in fields}
            self.slot.__set__(instance, value)
            return value

    def __set__(self, instance: Any, value: Any) -> None:
        self.slot.__set__(instance, value)

    def __delete__(self, instance: Any) -> None:
        self.slot.__delete__(instance)


def install_absent_slots(root: type[Any]) -> None:
    """Let instances of ``root`` exist without values in pydantic's slots."""
    for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
        slot = BaseModel.__dict__[name]
        type.__setattr__(root, name, AbsentSlot(slot, name == "__pydantic_fields_set__"))


def make_twin(cls: type[Any], root: type[Any]) -> type[Any] | None:
    """A class of the same layout as ``cls`` with native setters; None where that can't be."""
    if not SWAPS_CLASS:
        return None
    namespace = {
        "__module__": cls.__module__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    twin: Any = type.__new__(type(cls), f"{cls.__name__}Twin", (root,), namespace)
    try:
        # proves that the layouts agree; a class with slots of its own does not fit
        object.__new__(twin).__class__ = cls
    except TypeError:
        return None
    return twin  # type: ignore[no-any-return]


#: the attributes that a constructed instance was given, without the detour over AbsentSlot
given_fields: Callable[[Any], set[str]] = BaseModel.__dict__["__pydantic_fields_set__"].__get__

set_values = BaseModel.__dict__["__dict__"].__set__
