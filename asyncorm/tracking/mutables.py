"""Mutable values: JSON documents, models and arrays, which change inside without an assignment.

A value that nobody has read can't have been changed, so loading does nothing for it (a snapshot
of each would cost as much again as reading it), and a flush does not look at it. Reading one takes
the snapshot of what the database has. From then on the session holds its object, or the object of
``(await session.get(User, 1)).settings`` would be gone before the change that follows, until
nobody else refers to the value or a part of it: then nobody can change it without reading it
again. Counting references tells that; it is exact on CPython, and where it says too many an object
is only held longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from sys import getrefcount
from typing import Any
from uuid import UUID

from asyncorm.errors import DataError
from asyncorm.sql.expressions import Expression
from asyncorm.tracking.state import UNLOADED, InstanceState, own_state
from asyncorm.types.base import SQLType

#: how many objects are watched before those are let go of that nobody can change
_SWEEP_FLOOR = 1024

#: can't be changed, so it does not matter who has them
_FIXED = frozenset(
    (str, int, float, bool, type(None), bytes, complex, Decimal, date, datetime, time, timedelta)
) | {UUID}
_UNCHANGING = (tuple, frozenset, Enum)


def snapshot_of(type_: SQLType[Any], value: Any) -> Any:
    """Something fixed that equals the snapshot of another value if both are stored alike.

    A value that can't be stored equals nothing, so that the flush finds it and says why.
    """
    if value is None or type_.snapshot is None:
        return value
    try:
        return type_.snapshot(value)
    except (DataError, TypeError, ValueError):
        return object()


def thawed(type_: SQLType[Any], snapshot: Any) -> Any:
    """A value like the one a snapshot was made of."""
    if snapshot is None or type_.thaw is None:
        return snapshot
    return type_.thaw(snapshot)


def is_changed(type_: SQLType[Any], snapshot: Any, value: Any) -> bool:
    """Whether a value is stored otherwise than the one the snapshot was made of."""
    if value is UNLOADED or isinstance(value, Expression):
        return True
    return bool(snapshot_of(type_, value) != snapshot)


def hand_out(instance: Any, name: str, type_: SQLType[Any], value: Any) -> None:
    """Somebody reads a value of a stored object, and may change it from now on."""
    state = own_state(instance)
    if state.snapshots is None:
        state.snapshots = {}
    state.snapshots[name] = snapshot_of(type_, value)
    unit = state.scope.unit
    if unit is not None:
        unit.watch(instance)


def keep_original(instance: Any, name: str, type_: SQLType[Any]) -> None:
    """A value of a stored object is about to be replaced: keep what the database has."""
    state = own_state(instance)
    value = instance.__dict__.get(name, UNLOADED)
    if value is not UNLOADED:
        if state.snapshots is None or name not in state.snapshots:
            hand_out(instance, name, type_, value)
        elif state.snapshots[name] is not None:
            value = thawed(type_, state.snapshots[name])
    state.originals[name] = value  # type: ignore[index]


def forget_snapshot(state: InstanceState, name: str) -> None:
    """An attribute has a value of its own again that nobody has read."""
    if state.snapshots is not None:
        state.snapshots.pop(name, None)


class Watched(dict[Any, None]):
    """The objects of a session whose values somebody may have changed inside."""

    #: at how many objects to look next for some to let go of
    sweep_at = _SWEEP_FLOOR

    def notice(self, mark_dirty: Callable[[Any], None]) -> None:
        """Find the objects that were changed, and let go of those that nobody can change."""
        for instance in list(self):
            if _notice(instance):
                mark_dirty(instance)
            elif not instance._state.snapshots:
                del self[instance]
        self.sweep_at = max(_SWEEP_FLOOR, 2 * len(self))

    def prune(self) -> None:
        """Let go of the objects whose values were forgotten."""
        for instance in [i for i in self if not i._state.snapshots]:
            del self[instance]


def _notice(instance: Any) -> bool:
    """Record inner changes as what they are, and forget what nobody else holds."""
    state, values = instance._state, instance.__dict__
    snapshots, originals = state.snapshots, state.originals
    if not snapshots:
        return False
    types = type(instance).__mapper__.mutable
    found = False
    for name, snapshot in list(snapshots.items()):
        if name in originals:
            found = True
        elif is_changed(types[name], snapshot, values.get(name, UNLOADED)):
            originals[name] = thawed(types[name], snapshot)
            found = True
        elif not is_held(values, name):
            del snapshots[name]
    return found


# -- what is written ---------------------------------------------------------------------------


def snapshots_to_write(instance: Any, names: Iterable[str]) -> dict[str, Any]:
    """Snapshots of the values that go to the database now, as far as somebody can change them."""
    types, values = type(instance).__mapper__.mutable, instance.__dict__
    return {
        name: snapshot_of(types[name], values[name])
        for name in names
        if name in types
        and values.get(name) is not None
        and not isinstance(values[name], Expression)
        and is_held(values, name)
    }


def renew_snapshots(instance: Any, names: Iterable[str], snapshots: dict[str, Any]) -> None:
    """The named attributes were written; the database has what the snapshots say."""
    state = instance._state
    if not snapshots and state.snapshots is None:
        return
    state = own_state(instance)
    kept = {n: s for n, s in (state.snapshots or {}).items() if n not in names}
    state.snapshots = {**kept, **snapshots} or None
    unit = state.scope.unit
    if unit is not None and state.snapshots:
        unit.watch(instance)


# -- who holds a value -------------------------------------------------------------------------


def is_held(values: dict[str, Any], name: str) -> bool:
    """Whether anybody beside its object refers to a value or to a part of it."""
    if type(values[name]) in _FIXED:
        return False
    if getrefcount(values[name]) > _ALONE:
        return True
    pending = [values[name]]
    while pending:
        container = pending.pop()
        for part in _parts(container):
            if type(part) in _FIXED:
                continue
            # a tuple can't be changed, only what is in it
            if getrefcount(part) > _ALONE_IN_LOOP and not isinstance(part, _UNCHANGING):
                return True
            pending.append(part)
    return False


#: ``list | set`` in a function would be made anew at each call
_SEVERAL = (list, tuple, set, frozenset)


def _parts(container: Any) -> Iterable[Any]:
    if type(container) is dict or isinstance(container, dict):
        return container.values()
    if isinstance(container, _SEVERAL):
        return container
    if isinstance(container, Enum):
        return ()
    attributes: dict[str, Any] = getattr(container, "__dict__", {})
    return attributes.values()


def _count_alone() -> tuple[int, int]:
    """How many references this interpreter counts where there is no other one."""
    values: dict[str, Any] = {"name": {}}
    in_loop = [getrefcount(part) for part in _parts(values)]
    return getrefcount(values["name"]), in_loop[0]


_ALONE, _ALONE_IN_LOOP = _count_alone()
