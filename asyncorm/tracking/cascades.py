"""Cascades: what goes along when an object enters or leaves a session, or is deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from asyncorm.errors import InvalidRequestError
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.changes import changed_members
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.state import Status, state_of

_COLLECTIONS = (list, set, dict, tuple, frozenset)
_NOBODY: Sequence[Any] = ()


class Cascade(NamedTuple):
    """Why an instance is deleted along with another one: it refers to it by this key."""

    parent: Any
    foreign_key: ForeignKey


def related(instance: Any, cascade: str) -> list[Any]:
    """The loaded objects that an operation on the instance reaches along a cascade."""
    found: list[Any] = []
    values = instance.__dict__
    for name in type(instance).__mapper__.along(cascade):
        value = values.get(name)
        if isinstance(value, _COLLECTIONS):
            found.extend(members_of(value))
        elif value is not None:
            found.append(value)
    return found


def reached(instance: Any, follows: Callable[[Any], bool]) -> tuple[dict[Any, None], list[Any]]:
    """The object and all that the save-update cascade takes along, nearest first; and those of
    them that some session has seen.

    ``follows`` says whether it goes on to such a one. One loop without calls: 0.5 µs for an object
    of a graph instead of 0.9.
    """
    found: dict[Any, None] = {instance: None}
    seen: list[Any] = []
    queue = [instance]
    for member in queue:
        values, others = member.__dict__, _NOBODY
        for name in member.__mapper__.saved:  # by the instance: 0.05 µs less than by its class
            value = values.get(name)
            if value is None:
                continue
            if isinstance(value, _COLLECTIONS):
                others = [*others, *members_of(value)]
            elif value not in found:
                others = [*others, value]
        if (state := member._state) is not None:
            seen.append(member)
            if state.originals:
                others = [*others, *removed_members(member)]
        for other in others:
            if other not in found and (other._state is None or follows(other)):
                found[other] = None
                queue.append(other)
    return found, seen


def removed_members(instance: Any) -> list[Any]:
    """What a detached object has lost from its collections: it has to be written as well."""
    state = state_of(instance)
    if state is None or not state.originals or state.current is not Status.DETACHED:
        return []
    return [
        member
        for name, relationship in type(instance).__mapper__.relationships.items()
        if name in state.originals and "save-update" in relationship.cascade
        for member in changed_members(instance, name)[1]
    ]


def check_dependents(leaving: dict[Any, None], new: dict[Any, None]) -> None:
    """A pending object must not stay behind whose key would come from a pending leaver."""
    for child in new:
        if child not in leaving:
            for relationship in type(child).__mapper__.many_to_one:
                parent = child.__dict__.get(relationship.name)
                if parent is not None and parent in leaving and parent in new:
                    raise _left_behind(child, relationship, parent)
    for parent in leaving:
        if parent in new:
            for relationship in type(parent).__mapper__.relationships.values():
                if relationship.direction is Direction.ONE_TO_MANY:
                    for child in members_of(parent.__dict__.get(relationship.name)):
                        if child in new and child not in leaving:
                            raise _left_behind(child, relationship, parent)


def _left_behind(
    child: Any, relationship: Relationship[Any, Any], parent: Any
) -> InvalidRequestError:
    entity, owner = type(child).__name__, type(parent).__name__
    return InvalidRequestError(
        f"a pending {entity} would stay behind without the {owner} that {relationship} links it to",
        hint=f"expunge the {entity} too, or take it out of {relationship} first",
    )
