"""delete: an object is marked, and what its relationships say about its children is prepared."""

from __future__ import annotations

from typing import Any

from asyncorm.loading.pipeline import load_path
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.session.core import SessionCore
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.unit_of_work import Cascade, mapper_of


async def delete(core: SessionCore, instance: Any) -> None:
    """Mark an object for deletion, and its children along the delete cascade.

    Children that stay lose their reference at the flush, so they are loaded now; unless the
    foreign key tells the server what to do with them.
    """
    pending: list[tuple[Any, Cascade | None]] = [(instance, None)]
    seen: dict[Any, None] = {}
    for current, cause in pending:
        if current in seen:
            continue
        seen[current] = None
        core.unit.delete(current, cause)
        for relationship in mapper_of(current).relationships.values():
            if relationship.viewonly or not _concerns(relationship):
                continue
            if not relationship.passive_deletes:
                await load_path([current], (relationship,), core.context)
            if "delete" in relationship.cascade:
                for member in list(members_of(current.__dict__.get(relationship.name))):
                    if member in core.unit.new:
                        core.unit.expunge(member)
                    elif core.unit.contains(member):
                        pending.append((member, Cascade(current, relationship.foreign_key)))


def _concerns(relationship: Relationship[Any, Any]) -> bool:
    """Whether deleting the owner matters for the related objects."""
    return relationship.direction is Direction.ONE_TO_MANY or "delete" in relationship.cascade
