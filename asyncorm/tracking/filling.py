"""Filling: loaded members are put in place, and what was changed before loading stays changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.mapping.selection import Selection
from asyncorm.tracking.changes import changed_members
from asyncorm.tracking.collections import (
    make_collection,
    put_lists,
    silent_add,
    silent_remove,
)
from asyncorm.tracking.links import LINKS, record
from asyncorm.tracking.state import state_of

_state = attrgetter("_state")


def fill_collections(
    owners: Sequence[Any],
    groups: Sequence[list[Any]],
    relationship: Relationship[Any, Any],
    selection: Selection[Any, Any] | None = None,
    *,
    untouched: bool = False,
) -> None:
    """``fill_collection`` of many owners, most of whom nobody has touched.

    ``untouched`` says so of the members, who are not looked at then.
    """
    name, back = relationship.name, relationship.back
    is_plain = relationship.collection is list
    if is_plain and not untouched and back is not None and back.direction is Direction.MANY_TO_ONE:
        # objects that nobody has changed share one state
        states = set(map(_state, chain.from_iterable(groups)))
        is_plain = not any(state is not None and state.originals for state in states)
    are_new = all(s is not None and s.originals is None for s in set(map(_state, owners)))
    if is_plain and are_new and all(name not in owner.__dict__ for owner in owners):
        put_lists(owners, groups, relationship, LINKS, selection)
        return
    for owner, members in zip(owners, groups, strict=True):
        state = owner._state
        is_new = state is not None and state.originals is None and name not in owner.__dict__
        if is_plain and is_new:
            put_lists((owner,), (members,), relationship, LINKS, selection)
        else:
            fill_collection(owner, relationship, members, selection)


def fill_collection(
    instance: Any,
    relationship: Relationship[Any, Any],
    members: list[Any],
    selection: Selection[Any, Any] | None = None,
) -> None:
    """Put loaded members in place of nothing, or of a collection that was not whole."""
    name, state = relationship.name, state_of(instance)
    # a collection that was not whole may have been changed, beside what came from the other side
    in_part = getattr(instance.__dict__.get(name), "partial", False)
    added, removed = changed_members(instance, name) if in_part else ([], [])
    queued = None if state is None or not state.queued else state.queued.pop(name, None)
    back = relationship.back
    if back is not None and back.direction is Direction.MANY_TO_ONE:
        # objects that nobody has changed share one state
        states = set(map(_state, members))
        if any(one is not None and one.originals for one in states):
            members = [member for member in members if not _has_left(member, back, instance)]
    collection = make_collection(instance, relationship, LINKS, members)
    if selection is not None:
        collection.selection = selection
    instance.__dict__[name] = collection
    if in_part and state is not None and state.originals and name in state.originals:
        state.originals[name] = list(members)
    if queued is not None:
        if relationship.direction is Direction.MANY_TO_MANY:
            # what is queued is a change of this side as well, which may be taken back here
            record(instance, name, list(members))
        added, removed = [*added, *queued[0]], [*removed, *queued[1]]
    for member in added:
        silent_add(collection, member)
    for member in removed:
        silent_remove(collection, member)


def _has_left(member: Any, back: Relationship[Any, Any], owner: Any) -> bool:
    """Whether a member's reference was given to somebody else, which the database does not know."""
    state = member._state
    if state is None or not state.originals or back.name not in state.originals:
        return False
    return member.__dict__.get(back.name, owner) is not owner
