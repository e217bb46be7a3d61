"""Construction from rows, without validation: the one place that fills pydantic's slots.

Measured for 10 columns on CPython 3.11: validating 2.8 µs, ``model_construct`` 4.3, the way below
0.35. A twin class without Python-level setters is filled and then given the real class: value by
value, or, where that does not win, by its ``__dict__`` at once. pydantic's own slots are made on
first read instead of at construction.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic._internal._model_construction import init_private_attributes

#: whether storing each value beats setting ``__dict__``; measured per version: for five columns
#: 0.24 µs on 3.11, on 3.13 0.49 instead of 0.36
STORES_EACH = sys.version_info[:2] in ((3, 11), (3, 12))


def absent_slot(slot: Any, make: Callable[[Any], Any]) -> property:
    """Stands in for one of pydantic's slots and makes its value when it is first read.

    A property, because its setter is then the slot's own, without a Python call: validated
    construction writes three of them.
    """

    def read(instance: Any) -> Any:
        try:
            return slot.__get__(instance)
        except AttributeError:
            value = make(instance)
            slot.__set__(instance, value)
            return value

    return property(read, slot.__set__, slot.__delete__)


def install_absent_slots(root: type[Any]) -> None:
    """Let instances of ``root`` exist without values in pydantic's slots."""
    for name, make in _MAKERS.items():
        type.__setattr__(root, name, absent_slot(BaseModel.__dict__[name], make))


def _loaded_fields(instance: Any) -> set[str]:
    fields = type(instance).__pydantic_fields__
    return {name for name in instance.__dict__ if name in fields}


def _private_defaults(instance: Any) -> Any:
    if not type(instance).__private_attributes__:
        return None
    slot = BaseModel.__dict__["__pydantic_private__"]
    slot.__set__(instance, None)  # or the function below would ask here again
    init_private_attributes(instance, None)
    return slot.__get__(instance)


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "__pydantic_fields_set__": _loaded_fields,
    "__pydantic_private__": _private_defaults,
}


def make_twin(cls: type[Any], root: type[Any]) -> type[Any] | None:
    """A class of the same layout as ``cls`` with native setters; None where that can't be."""
    namespace = {
        "__module__": cls.__module__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
        # calling the class makes an empty instance
        "__init__": object.__init__,
    }
    twin: Any = type.__new__(type(cls), f"{cls.__name__}Twin", (root,), namespace)
    try:
        # proves that the layouts agree; a class with slots of its own does not fit
        object.__new__(twin).__class__ = cls
    except TypeError:
        return None
    return twin  # type: ignore[no-any-return]


#: the attributes that a constructed instance was given, without the detour over absent_slot
given_fields: Callable[[Any], set[str]] = BaseModel.__dict__["__pydantic_fields_set__"].__get__

set_values = BaseModel.__dict__["__dict__"].__set__
