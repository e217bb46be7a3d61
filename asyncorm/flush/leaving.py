"""Leaving: objects go out of the loaded collections and references that hold them no more.

Otherwise a parent would show, for as long as the session lives, children that have no row, or that
have gone to another one while nobody knew to whom they belonged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.flush.link import Link
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.tracking.collections import members_of, silent_discard
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


def leave_holders(unit: UnitOfWork, deleted: Iterable[Any]) -> None:
    """Take deleted objects out of what holds them; the level's rollback puts them back."""
    concerned: dict[Relationship[Any, Any], list[Any]] = {}
    gone = list(deleted)
    kinds: set[Any] = set(map(type, gone))
    held = {kind for kind in kinds if kind.__mapper__.held_by}
    for instance in gone if held else ():
        for relationship in mapper_of(instance).held_by:
            concerned.setdefault(relationship, []).append(instance)
    for relationship, instances in concerned.items():
        leaving = set(map(id, instances))
        for owner in _owners(unit, instances, relationship):
            _take_out(unit, owner, relationship, leaving)


def leave_former_owners(unit: UnitOfWork, links: Iterable[Link]) -> None:
    """Take objects out of what held them whose reference was not loaded when it was changed."""
    moved: dict[Relationship[Any, Any], dict[int, Any]] = {}
    for link in links:
        originals = link.child._state.originals
        if not originals:
            continue
        for name in link.attributes:
            if originals.get(name) is UNLOADED:
                break
        else:
            continue
        for relationship in mapper_of(link.child).many_to_one:
            if relationship.foreign_key is link.foreign_key and relationship.back is not None:
                moved.setdefault(relationship.back, {})[id(link.child)] = link.parent
    for relationship, parents in moved.items():
        for owner in _all_owners(unit, relationship):
            held = members_of(owner.__dict__.get(relationship.name))
            gone = {id(m) for m in held if parents.get(id(m), owner) is not owner}
            if gone:
                _take_out(unit, owner, relationship, gone)


def _owners(
    unit: UnitOfWork, instances: list[Any], relationship: Relationship[Any, Any]
) -> Iterable[Any]:
    """The live objects that may hold deleted ones: told by these, or else all there are."""
    found: dict[Any, None] = {}
    for instance in instances:
        owners = _told_owners(unit, instance, relationship)
        if owners is None:
            return _all_owners(unit, relationship)
        found.update(owners)
    return found


def _all_owners(unit: UnitOfWork, relationship: Relationship[Any, Any]) -> list[Any]:
    known = unit.identity_map.tables.get(relationship.mapper.root)  # type: ignore[call-overload]
    return known.live() if known is not None else []


def _told_owners(
    unit: UnitOfWork, instance: Any, relationship: Relationship[Any, Any]
) -> dict[Any, None] | None:
    """The owner by the foreign key, and the one in memory; None if that can't be told."""
    if (
        relationship.direction is Direction.MANY_TO_MANY
        or relationship.local_attributes != relationship.mapper.primary_key
    ):
        return None
    back, values = relationship.back, instance.__dict__
    key = tuple(values.get(name, UNLOADED) for name in relationship.remote_attributes)
    if UNLOADED in key:
        return None
    owners = [values.get(back.name)] if back is not None else []
    if None not in key:
        owners.append(unit.find(relationship.mapper.entity, key))
    return dict.fromkeys(owner for owner in owners if owner is not None)


def _take_out(
    unit: UnitOfWork, owner: Any, relationship: Relationship[Any, Any], gone: set[int]
) -> None:
    name, values = relationship.name, owner.__dict__
    held = values.get(name)
    if not any(id(member) in gone for member in members_of(held)):
        return
    if relationship.to_many:
        unit.levels[-1].note_holder(owner, name, list(members_of(held)))
        silent_discard(held, gone)
    else:
        unit.levels[-1].note_holder(owner, name, held)
        values[name] = None
