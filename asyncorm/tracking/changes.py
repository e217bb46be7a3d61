"""What has changed on one instance: net changes of columns and collections."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from operator import is_
from typing import Any
from uuid import UUID

from asyncorm.sql.expressions import Expression
from asyncorm.tracking.mutables import is_changed, thawed
from asyncorm.tracking.state import UNLOADED, InstanceState, state_of

#: what equals itself and is no expression
_PLAIN = frozenset((str, int, bool, bytes, date, datetime, UUID))


def same(one: Any, other: Any) -> bool:
    """Whether two column values are the same; NaN is the same as itself, True is not 1."""
    if one is other:
        return True
    if isinstance(one, Expression) or isinstance(other, Expression):
        return False
    if type(one) is not type(other):
        if one is None or other is None or one is UNLOADED or other is UNLOADED:
            return False
        if isinstance(one, bool) is not isinstance(other, bool):
            return False
    return bool(one == other) or (one != one and other != other)


def changed_columns(instance: Any) -> tuple[str, ...]:
    """The column attributes whose value differs from the one in the database, in table order."""
    state = instance._state
    if state is None:
        return ()
    if state.snapshots:
        changed = _changed_with_snapshots(instance, state)
    elif not state.originals:
        return ()
    else:
        position, values = type(instance).__mapper__.position, instance.__dict__
        changed = [
            name
            for name, before in state.originals.items()
            if name in position and name in values and not same(before, values[name])
        ]
    if len(changed) > 1:
        # one order, whatever was assigned first, so that rows with the same changes share a batch
        changed.sort(key=type(instance).__mapper__.position.__getitem__)
    return tuple(changed)


def changed_columns_of(instances: Iterable[Any]) -> dict[Any, tuple[str, ...]]:
    """The same of many instances, without those that have not changed: half the time for each.

    It is one loop without calls, since each would cost as much as a comparison.
    """
    found: dict[Any, tuple[str, ...]] = {}
    kind: Any = None
    position: dict[str, int] = {}
    #: of the class, by the order of assignment: there are few
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    for instance in instances:
        state = instance._state
        if state is None or state.snapshots or not state.originals:
            columns = changed_columns(instance)
        else:
            if type(instance) is not kind:
                kind, known = type(instance), {}
                position = kind.__mapper__.position
            values = instance.__dict__
            names: tuple[str, ...] = ()
            for name, before in state.originals.items():
                value = values.get(name, before)
                if value is not before and name in position:
                    if type(value) is type(before) and type(value) in _PLAIN:
                        if value == before:
                            continue
                    elif same(before, value):
                        continue
                    names += (name,)
            if names not in known:
                in_order = sorted(names, key=position.__getitem__) if len(names) > 1 else names
                known[names] = tuple(in_order)
            columns = known[names]
        if columns:
            found[instance] = columns
    return found


def _changed_with_snapshots(instance: Any, state: InstanceState) -> list[str]:
    """The same where values may have been changed inside."""
    values, position = instance.__dict__, type(instance).__mapper__.position
    names = dict.fromkeys((*(state.snapshots or ()), *(state.originals or ())))
    return [n for n in names if n in position and n in values and column_changed(instance, n)]


def column_changed(instance: Any, name: str) -> bool:
    """Whether a column differs from the database, by an assignment or inside its value."""
    state = state_of(instance)
    if state is None:
        return False
    value = instance.__dict__.get(name, UNLOADED)
    if state.snapshots and name in state.snapshots:
        return is_changed(type(instance).__mapper__.mutable[name], state.snapshots[name], value)
    originals = state.originals or {}
    return name in originals and not same(originals[name], value)


def original_value(instance: Any, name: str) -> Any:
    """The value the database has of a changed column; UNLOADED if it is not known."""
    state = state_of(instance)
    if state is None:
        return UNLOADED
    if state.snapshots and name in state.snapshots:
        return thawed(type(instance).__mapper__.mutable[name], state.snapshots[name])
    return (state.originals or {}).get(name, UNLOADED)


def originals_of(instance: Any) -> dict[str, Any]:
    """The values that changed attributes have in the database."""
    state = instance._state
    return (state.originals if state is not None else None) or {}


def stored_values(instance: Any) -> dict[str, Any]:
    """The attributes as they are in the database: unflushed changes do not count."""
    values: dict[str, Any] = instance.__dict__
    originals = originals_of(instance)
    return values | originals if originals else values


def changed_members(instance: Any, name: str) -> tuple[list[Any], list[Any]]:
    """What was added to and removed from a relationship since the last flush."""
    state = state_of(instance)
    if state is None or not state.originals or name not in state.originals:
        return [], []
    before, now = _as_list(state.originals[name]), _as_list(instance.__dict__.get(name))
    was = set(map(id, before))
    if len(now) >= len(before) and all(map(is_, before, now)):
        # added at the end, as most are: a third of what comparing all of them costs
        return [m for m in now[len(before) :] if id(m) not in was], []
    are = set(map(id, now))
    added = [] if are <= was else [m for m in now if id(m) not in was]
    return added, [] if was <= are else [m for m in before if id(m) not in are]


def queued_members(instance: Any, name: str) -> list[Any]:
    """What came into a relationship from its other side while it is not loaded."""
    state = state_of(instance)
    queued = None if state is None or state.queued is None else state.queued.get(name)
    return [] if queued is None else list(queued[0])


def has_changes(instance: Any, include_collections: bool = True) -> bool:
    """Whether a flush would find a net change on the instance."""
    if changed_columns(instance):
        return True
    if not include_collections:
        return False
    for name, relationship in type(instance).__mapper__.relationships.items():
        if relationship.viewonly:
            continue
        added, removed = changed_members(instance, name)
        if added or removed:
            return True
    return False


#: ``list | set`` in a function would be made anew at each call
_SEVERAL = (list, set, tuple)


def _as_list(value: Any) -> list[Any]:
    if value is None or value is UNLOADED:
        return []
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, _SEVERAL):
        return list(value)
    return [value]
