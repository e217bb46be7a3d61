"""Renames: with passive_updates=False, children follow a changed key by UPDATEs of their own."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from asyncorm.errors import FlushError
from asyncorm.flush.link import Link, Links
from asyncorm.flush.orphans import Unloaded
from asyncorm.flush.references import refers_to
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.tracking.changes import changed_columns
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.known import is_whole, known_empty
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


def follow_renames(
    unit: UnitOfWork, dirty: list[Any], doomed: Container[Any], links: Links
) -> list[Unloaded]:
    """Link the children of renamed objects to them again; returns what must be loaded first.

    Raises FlushError if the server would refuse the new key before the children can follow.
    """
    if not renames_children(dirty):
        return []
    renamed = {i: set(changed_columns(i)) for i in dirty if _relationships(mapper_of(i))}
    unloaded: list[Unloaded] = []
    queue = list(renamed)
    for parent in queue:  # grows while it is walked
        for relationship in _relationships(mapper_of(parent)):
            key = relationship.foreign_key
            if parent in doomed or renamed[parent].isdisjoint(relationship.local_attributes):
                continue
            held = parent.__dict__.get(relationship.name, UNLOADED)
            if not is_whole(held) and not known_empty(parent, relationship):
                unloaded.append((parent, relationship))
                continue
            for child in members_of(None if held is UNLOADED else held):
                if _follows(child, parent, relationship, unit, doomed, links):
                    link = links[(child, key)] = Link(child, parent, key)
                    renamed.setdefault(child, set()).update(link.attributes)
                    queue.append(child)
    return unloaded


def renames_children(dirty: list[Any]) -> bool:
    """Whether children of a changed object may have to follow its key."""
    entities: set[Any] = set(map(type, dirty))
    return bool([entity for entity in entities if _relationships(entity.__mapper__)])


def _relationships(mapper: Mapper) -> tuple[Relationship[Any, Any], ...]:
    """The relationships whose children don't follow by themselves; found once per mapper."""
    found: tuple[Relationship[Any, Any], ...] | None = mapper.memo.get("active updates")
    if found is None:
        found = mapper.memo["active updates"] = tuple(
            relationship
            for relationship in mapper.relationships.values()
            if not relationship.declaration.passive_updates
            and relationship.direction is Direction.ONE_TO_MANY
            and not relationship.viewonly
            and relationship.foreign_key.onupdate != "CASCADE"
        )
    return found


def _follows(
    child: Any,
    parent: Any,
    relationship: Relationship[Any, Any],
    unit: UnitOfWork,
    doomed: Container[Any],
    links: Links,
) -> bool:
    key = relationship.foreign_key
    if child in doomed or child in unit.new or (child, key) in links or not unit.contains(child):
        return False
    if not refers_to(child, parent, relationship):
        return False
    if not key.initially_deferred:
        child_name = relationship.target.name
        names = ", ".join(f"{child_name}.{column.attribute}" for column in key.columns)
        raise FlushError(
            f"the key of a {relationship.mapper.name} can't change before {names} does, nor after",
            hint='declare foreign_key(..., initially="DEFERRED"), or onupdate="CASCADE" and '
            "leave passive_updates out",
        )
    return True
