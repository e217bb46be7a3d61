"""Leaving: deleted objects go out of the loaded collections and references that held them.

Otherwise a parent would show, for as long as the session lives, children that have no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.collections import silent_discard
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of

#: the loaded relationships that hold deleted objects, with these by identity
Holders = dict[tuple[Any, Relationship[Any, Any]], set[int]]


def take_out(unit: UnitOfWork, deleted: Iterable[Any]) -> None:
    """Take deleted objects out of what holds them; the level's rollback puts them back."""
    holders: Holders = {}
    for instance in deleted:
        for relationship in mapper_of(instance).held_by:
            for owner in _owners(unit, instance, relationship):
                if owner is not None and owner.__dict__.get(relationship.name) is not None:
                    holders.setdefault((owner, relationship), set()).add(id(instance))
    for (owner, relationship), gone in holders.items():
        _take_out(unit, owner, relationship, gone)


def _owners(unit: UnitOfWork, instance: Any, relationship: Relationship[Any, Any]) -> list[Any]:
    """The objects that may hold a deleted one: by its foreign key, and by what it referred to."""
    back, values = relationship.back, instance.__dict__
    referred = values.get(back.name) if back is not None else None
    key = tuple(values.get(name, UNLOADED) for name in relationship.remote_attributes)
    if UNLOADED in key or relationship.local_attributes != relationship.mapper.primary_key:
        known = unit.identity_map.tables.get(relationship.mapper)  # type: ignore[call-overload]
        return [referred, *(known.live() if known is not None else ())]
    if None in key:
        return [referred]
    return [referred, unit.find(relationship.mapper.entity, key[0] if len(key) == 1 else key)]


def _take_out(
    unit: UnitOfWork, owner: Any, relationship: Relationship[Any, Any], gone: set[int]
) -> None:
    name, values = relationship.name, owner.__dict__
    held = values[name]
    if relationship.to_many:
        if any(id(member) in gone for member in held):
            unit.levels[-1].note_holder(owner, name, list(held))
            silent_discard(held, gone)
    elif id(held) in gone:
        unit.levels[-1].note_holder(owner, name, held)
        values[name] = None
