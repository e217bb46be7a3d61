"""Leaving: deleted objects go out of the loaded collections and references that held them.

Otherwise a parent would show, for as long as the session lives, children that have no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.collections import silent_discard
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of

#: the loaded relationships that hold deleted objects, with these by identity
Holders = dict[tuple[Any, Relationship[Any, Any]], set[int]]


def take_out(unit: UnitOfWork, deleted: Iterable[Any]) -> None:
    """Take deleted objects out of what holds them; the level's rollback puts them back."""
    holders: Holders = {}
    for instance in deleted:
        for relationship in mapper_of(instance).held_by:
            owner = _owner(unit, instance, relationship)
            if owner is not None and owner.__dict__.get(relationship.name) is not None:
                holders.setdefault((owner, relationship), set()).add(id(instance))
    for (owner, relationship), gone in holders.items():
        _take_out(unit, owner, relationship, gone)


def _owner(unit: UnitOfWork, instance: Any, relationship: Relationship[Any, Any]) -> Any:
    """The live object that a row belongs to by its foreign key, or None."""
    if relationship.local_attributes != relationship.mapper.primary_key:
        return None
    key = tuple(instance.__dict__.get(name) for name in relationship.remote_attributes)
    if None in key:
        return None
    return unit.find(relationship.mapper.entity, key[0] if len(key) == 1 else key)


def _take_out(
    unit: UnitOfWork, owner: Any, relationship: Relationship[Any, Any], gone: set[int]
) -> None:
    name, values = relationship.name, owner.__dict__
    held = values[name]
    if relationship.to_many:
        unit.levels[-1].note_holder(owner, name, list(held))
        silent_discard(held, gone)
    elif id(held) in gone:
        unit.levels[-1].note_holder(owner, name, held)
        values[name] = None
