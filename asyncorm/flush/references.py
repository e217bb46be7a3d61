"""References: the links that changed relationships ask for, whichever side they were changed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from asyncorm.errors import OrphanedReferenceError
from asyncorm.flush.association import Associations, check_held
from asyncorm.flush.link import Link, Links, is_written
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.changes import (
    changed_members,
    originals_of,
    queued_members,
    stored_values,
)
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


def linked_instances(unit: UnitOfWork, dirty: list[Any]) -> list[Any]:
    """The new objects, if one has a relationship set, and the stored ones that had one touched."""
    kinds: set[Any] = {*map(type, unit.new), *map(type, dirty)}
    for kind in kinds:
        if kind.__mapper__.relationships:
            break
    else:
        return []
    new = list(unit.new) if _is_any_linked(unit.new) else []
    return new + [i for i in dirty if _is_touched(i)]


def _is_any_linked(instances: Iterable[Any]) -> bool:
    for instance in instances:
        values = instance.__dict__
        for name in type(instance).__mapper__.relationships:
            if values.get(name) is not None:
                return True
    return False


def _is_touched(instance: Any) -> bool:
    state, relationships = instance._state, type(instance).__mapper__.relationships
    return bool(state.queued) or not relationships.keys().isdisjoint(state.originals or ())


def collect_links(unit: UnitOfWork, linked: Iterable[Any], associations: Associations) -> Links:
    """What the relationships of ``linked_instances()`` ask for.

    Removals come first, then collections, then to-one references: the last word wins.
    What many-to-many relationships ask for goes to ``associations``.
    Raises OrphanedReferenceError for references to objects outside the session.
    """
    removals: list[Link] = []
    to_many: list[Link] = []
    to_one: Links = {}
    new = unit.new
    #: by class, with the foreign key of a reference: to look that up for each object costs 0.2 µs
    known: dict[type[Any], list[tuple[str, Relationship[Any, Any], ForeignKey | None]]] = {}
    for instance in linked:
        kind, values, is_new = type(instance), instance.__dict__, instance in new
        if kind not in known:
            known[kind] = _written(kind.__mapper__)
        for name, relationship, key in known[kind]:
            if is_new and values.get(name) is None:
                continue  # what a new object has not set asks for nothing
            if key is not None:
                if is_new or _is_set(instance, name):
                    parent = values[name]
                    if parent is not None and parent not in new and not unit.contains(parent):
                        raise _outside(relationship, parent)
                    to_one[(instance, key)] = Link(instance, parent, key)
            elif relationship.secondary is not None:
                associations.collect(instance, relationship, relationship.secondary)
            elif is_new:
                to_many += _added(unit, instance, relationship, list(members_of(values[name])))
            else:
                added, removed = changed_members(instance, name)
                # their own references make the links, if they are in the session
                check_held(unit, queued_members(instance, name), relationship)
                to_many += _added(unit, instance, relationship, added)
                removals += _removed(unit, instance, relationship, removed)
    for instance in unit.dirty if unit.deleted else ():
        if instance in unit.deleted and instance not in new:
            # what it will own no more is for nobody else to tell, if its children are not loaded
            for relationship in mapper_of(instance).relationships.values():
                if relationship.direction is Direction.ONE_TO_MANY and not relationship.viewonly:
                    removed = changed_members(instance, relationship.name)[1]
                    removals += _removed(unit, instance, relationship, removed)
    if not (removals or to_many or unit.dirty):
        return to_one  # all are of new objects
    found = {(link.child, link.foreign_key): link for link in (*removals, *to_many)}
    found.update(to_one)
    return {k: link for k, link in found.items() if link.child in new or not is_written(link, new)}


def _written(mapper: Mapper) -> list[tuple[str, Relationship[Any, Any], ForeignKey | None]]:
    """The relationships that a flush writes."""
    return [
        (name, known, known.foreign_key if known.direction is Direction.MANY_TO_ONE else None)
        for name, known in mapper.relationships.items()
        if not known.viewonly
    ]


def _is_set(instance: Any, name: str) -> bool:
    """Whether a reference of a stored object is another one than it was."""
    values, originals = instance.__dict__, originals_of(instance)
    return name in originals and name in values and originals[name] is not values[name]


def _outside(relationship: Relationship[Any, Any], parent: Any) -> OrphanedReferenceError:
    return OrphanedReferenceError(
        f"{relationship} refers to a {type(parent).__name__} that is not in this session; "
        "the reference would be lost"
    )


def _added(
    unit: UnitOfWork, instance: Any, relationship: Relationship[Any, Any], added: list[Any]
) -> list[Link]:
    new = unit.new
    check_held(unit, added, relationship)
    back = relationship.back
    if back is not None and (back.viewonly or back.foreign_key is not relationship.foreign_key):
        back = None
    if back is not None:
        # a new object's own reference makes the same link
        name = back.name
        added = [c for c in added if c not in new or c.__dict__.get(name) is not instance]
    return [Link(child, instance, relationship.foreign_key) for child in added]


def _removed(
    unit: UnitOfWork, instance: Any, relationship: Relationship[Any, Any], removed: list[Any]
) -> Iterator[Link]:
    if relationship.declaration.passive_deletes == "all":
        return
    for child in removed:
        is_stored = unit.contains(child) and child not in unit.new
        if is_stored and refers_to(child, instance, relationship):
            yield Link(child, None, relationship.foreign_key)


def refers_to(child: Any, parent: Any, relationship: Relationship[Any, Any]) -> bool:
    """Whether the child's foreign key is that of this parent; taken for granted if unloaded."""
    values, known = child.__dict__, stored_values(parent)
    return all(
        values.get(child_name, UNLOADED) in (UNLOADED, known.get(parent_name))
        for child_name, parent_name in relationship.foreign_key.pairs
    )
