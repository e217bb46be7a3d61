"""Copies and pickles of instances: detached from every session, equal to the original.

A copy has the columns; what the original is related to stays with the original, since a
collection has one owner. A pickle keeps loaded relationships, so that a graph travels as one.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from asyncorm.mapping.selection import unknown
from asyncorm.models.construct import set_values
from asyncorm.models.serializing import drop_gaps, without_gap_values
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.state import NO_SCOPE, InstanceState, Status, set_state, state_of

_STATE = "__asyncorm_state__"


def detach_copy(original: Any, copied: Any) -> None:
    """Make a finished shallow copy an object of its own."""
    relationships = type(copied).__relationships__
    if relationships:
        values = {name: v for name, v in copied.__dict__.items() if name not in relationships}
        set_values(copied, values)
    drop_gaps(copied)
    state = _state_of_copy(original)
    if state is not None:
        # or a change inside the copy's value would be one of the original's
        for name in type(copied).__mapper__.mutable:
            if name in copied.__dict__:
                copied.__dict__[name] = deepcopy(copied.__dict__[name])
    set_state(copied, state)


def _state_of_copy(original: Any) -> InstanceState | None:
    """Detached if the original has a row, so that what is not loaded reads as an error."""
    state = state_of(original)
    if state is None or state.current in (Status.TRANSIENT, Status.PENDING):
        return None
    columns = type(original).__pydantic_fields__
    originals = {name: v for name, v in (state.originals or {}).items() if name in columns}
    found = InstanceState(NO_SCOPE, Status.PERSISTENT, originals, partial=state.partial)
    found.was_deleted = state.was_deleted or state.status is Status.DELETED
    found.expressions = state.expressions
    found.key = state.key
    found.snapshots = dict(state.snapshots) if state.snapshots else None
    return found


def to_pickle(instance: Any, pydantic_state: dict[Any, Any]) -> dict[Any, Any]:
    """What is pickled of an instance: pydantic's part and whether it has a row."""
    state, copied = state_of(instance), _state_of_copy(instance)
    if state is None or copied is None:
        return pydantic_state
    # other than a copy, a pickle has the related objects too, so what changed among them counts
    kept = (
        dict(state.originals or {}),
        state.partial,
        copied.was_deleted,
        state.expressions,
        state.key,
        state.inserted,
        state.queued,
        copied.snapshots,
        tuple(
            name
            for name in type(instance).__relationships__
            if getattr(instance.__dict__.get(name), "partial", False)
        ),
    )
    extras = without_gap_values(pydantic_state["__pydantic_extra__"])
    return {**pydantic_state, "__pydantic_extra__": extras, _STATE: kept}


def from_pickle(instance: Any, pickled: dict[Any, Any]) -> None:
    """Complete an instance whose pydantic part is restored."""
    kept = pickled.get(_STATE)
    state, in_part = None, ()
    if kept is not None:
        *kept, in_part = kept
        originals, partial, was_deleted, expressions, key, inserted, queued, snapshots = kept
        state = InstanceState(NO_SCOPE, Status.PERSISTENT, originals, partial=partial)
        state.was_deleted, state.expressions, state.key = was_deleted, expressions, key
        state.inserted, state.queued, state.snapshots = inserted, queued, snapshots
    set_state(instance, state)
    for name, relationship in type(instance).__relationships__.items():
        members = instance.__dict__.get(name)
        if isinstance(members, list | set | dict):
            relationship.owner.metadata.configure()
            selection = unknown(relationship) if name in in_part else None
            fill_collection(instance, relationship, list(members_of(members)), selection)
