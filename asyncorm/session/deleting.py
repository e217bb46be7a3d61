"""delete: an object is marked, and what its relationships say about its children is prepared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.loading.pipeline import load_path
from asyncorm.mapping.relationships import Relationship
from asyncorm.session.core import SessionCore
from asyncorm.tracking.cascades import Cascade
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.known import known_empty
from asyncorm.tracking.links import leave_owners
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


async def delete(core: SessionCore, instances: Iterable[Any]) -> None:
    """Mark objects for deletion, and their children along the delete cascade.

    Children that stay lose their reference at the flush, so they are loaded now, one statement
    for a relationship at each depth; unless the foreign key tells the server what to do.
    """
    level: list[tuple[Any, Cascade | None]] = [(instance, None) for instance in instances]
    seen: dict[Any, None] = {}
    while level:
        marked: dict[Any, None] = {}
        for instance, cause in level:
            if instance not in seen:
                core.unit.delete(instance, cause)
                seen[instance] = marked[instance] = None
        level = []
        for relationship, owners in _concerned(marked).items():
            if not relationship.passive_deletes:
                # a new object's row has no children as far as the session knows: it is not asked
                stored = [owner for owner in owners if not known_empty(owner, relationship)]
                await load_path(stored, (relationship,), core.context, whole=True)
            if "delete" in relationship.cascade:
                for owner in owners:
                    level += _reached(core.unit, owner, relationship)


def _concerned(marked: Iterable[Any]) -> dict[Relationship[Any, Any], list[Any]]:
    """The relationships that the deletion of these objects matters for, with their owners."""
    found: dict[Relationship[Any, Any], list[Any]] = {}
    for instance in marked:
        for relationship in mapper_of(instance).relationships.values():
            if relationship.concerned_by_delete:
                found.setdefault(relationship, []).append(instance)
    return found


def _reached(
    unit: UnitOfWork, owner: Any, relationship: Relationship[Any, Any]
) -> list[tuple[Any, Cascade]]:
    """The stored members to be deleted with their owner; pending ones are let go at once."""
    reached: list[tuple[Any, Cascade]] = []
    for member in list(members_of(owner.__dict__.get(relationship.name))):
        if member in unit.new:
            unit.expunge(member)
            leave_owners(member, owner)
        elif unit.contains(member):
            reached.append((member, Cascade(owner, relationship.foreign_key)))
    return reached
