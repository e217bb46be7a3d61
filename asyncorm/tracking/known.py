"""Known: what memory can tell of a relationship without asking the database."""

from __future__ import annotations

from typing import Any, NamedTuple

from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.tracking.state import UNLOADED, Status, state_of, status_of

_WITHOUT_ROW = (Status.TRANSIENT, Status.PENDING)


def known_one(instance: Any, relationship: Relationship[Any, Any]) -> Any:
    """A to-one value as far as memory can tell: none, one that is held, or UNLOADED."""
    values = instance.__dict__
    if relationship.name in values:
        return values[relationship.name]
    if relationship.direction is Direction.ONE_TO_MANY:
        return None if known_empty(instance, relationship) else UNLOADED
    state = instance._state
    if state is None or state.current in _WITHOUT_ROW:
        return None
    keys: tuple[Any, ...]
    if len(relationship.local_attributes) == 1:
        keys = (values.get(relationship.local_attributes[0], UNLOADED),)
    else:
        keys = tuple(values.get(local, UNLOADED) for local in relationship.local_attributes)
    if None in keys:
        return None
    unit = state.scope.unit
    if unit is None or UNLOADED in keys:
        return UNLOADED
    if not relationship.found_by_key:
        return UNLOADED
    found = unit.find(relationship.target.entity, keys)
    return UNLOADED if found is None else found


_REFUSING = ("raise", "raise_on_sql")


class Refusal(NamedTuple):
    """Why an attribute that is not loaded raises; ``always`` even where memory has the answer."""

    reason: str | None
    always: bool


def refusal(instance: Any, relationship: Relationship[Any, Any]) -> Refusal | None:
    """Whether a statement or the model has asked for an error; of an object without row, never."""
    state = state_of(instance)
    tree = None if state is None else state.tree
    if tree is None and relationship.lazy not in _REFUSING:
        return None
    if not has_row(instance):
        return None
    said = None if tree is None else tree.strategy_of(relationship)
    if (said or relationship.lazy) in _REFUSING:
        where = f'lazy="{relationship.lazy}"' if said is None else "raiseload()"
        return Refusal(f"{where} asks for this error", (said or relationship.lazy) == "raise")
    if tree is not None and tree.filters(relationship):
        # what is in memory need not be what the statement's criteria let through
        return Refusal(None, always=True)
    return None


def known_empty(instance: Any, relationship: Relationship[Any, Any]) -> bool:
    """Whether an unset collection of the instance is empty in the database too.

    Of an object inserted here it is, unless another relationship may have filled it.
    """
    state = instance._state
    if state is None:
        return True
    if state.inserted:
        return not relationship.overlaps
    return state.current in _WITHOUT_ROW


def is_whole(held: Any) -> bool:
    """Whether an attribute's value is all there is: no collection that holds some members only."""
    return held is not UNLOADED and getattr(held, "selection", None) is None


def has_row(instance: Any) -> bool:
    """Whether the database may know of an instance."""
    return status_of(instance) not in (Status.TRANSIENT, Status.PENDING)


def is_new(member: Any) -> bool:
    """Whether an object has no row yet: then only a link in memory can have put it anywhere, and
    a collection that it enters can't hold it already. Looking would make building one quadratic.
    """
    state = member._state
    return state is None or state.status is Status.PENDING or state.status is Status.TRANSIENT
