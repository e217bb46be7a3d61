"""ChangeSet: what differs from the database, as values; nothing is changed by looking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asyncorm.errors import FlushError, IdentityConflictError, OrphanedReferenceError
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.changes import changed_columns, changed_members
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.state import state_of
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


@dataclass(frozen=True, eq=False)
class Link:
    """The foreign key of ``child`` takes the key of ``parent`` (or NULL) when it is written."""

    child: Any
    parent: Any
    relationship: Relationship[Any, Any]

    @property
    def foreign_key(self) -> ForeignKey:
        """The foreign key that the link fills."""
        return self.relationship.foreign_key

    @property
    def attributes(self) -> tuple[str, ...]:
        """The child's attributes that the link fills."""
        return tuple(child for child, _ in self.relationship.pairs)

    def apply(self) -> None:
        """Copy the parent's key to the child."""
        values = self.child.__dict__
        for child_name, parent_name in self.relationship.pairs:
            values[child_name] = None if self.parent is None else self.parent.__dict__[parent_name]


@dataclass
class ChangeSet:
    """New, changed and deleted instances, and the links between them."""

    inserts: list[Any] = field(default_factory=list)
    updates: dict[Any, tuple[str, ...]] = field(default_factory=dict)
    deletes: list[Any] = field(default_factory=list)
    #: one per child and foreign key
    links: dict[tuple[Any, ForeignKey], Link] = field(default_factory=dict)

    def links_of(self, instance: Any) -> list[Link]:
        """The links that fill foreign keys of an instance."""
        return self._by_child.get(instance, [])

    _by_child: dict[Any, list[Link]] = field(default_factory=dict)

    def index_links(self) -> None:
        """Group the links by child; called once they are complete."""
        for link in self.links.values():
            self._by_child.setdefault(link.child, []).append(link)


def collect_changes(unit: UnitOfWork) -> ChangeSet:
    """Everything a flush has to write; raises for links that would be lost and missing keys."""
    changes = ChangeSet(inserts=list(unit.new), deletes=list(unit.deleted))
    dirty = [instance for instance in unit.dirty if instance not in unit.deleted]
    _collect_links(changes, unit, dirty)
    changes.index_links()
    for instance in dirty:
        _collect_update(changes, instance)
    for link in changes.links.values():
        if link.child not in unit.new and link.child not in unit.deleted:
            _collect_update(changes, link.child)
    _check_identities(changes, unit)
    _check_references(changes)
    return changes


def _collect_update(changes: ChangeSet, instance: Any) -> None:
    if instance in changes.updates:
        return
    columns = changed_columns(instance)
    links = changes.links_of(instance)
    if links:
        linked = {name for link in links for name in link.attributes}
        position = mapper_of(instance).position
        columns = tuple(sorted({*columns, *linked}, key=position.__getitem__))
    if columns:
        changes.updates[instance] = columns


def _collect_links(changes: ChangeSet, unit: UnitOfWork, dirty: list[Any]) -> None:
    """Removals first, then collections, then to-one references: the last word wins."""
    to_one: list[Link] = []
    to_many: list[Link] = []
    for instance in changes.deletes:
        _orphan_children(changes, unit, instance)
    for instance, is_new in (*((i, True) for i in changes.inserts), *((i, False) for i in dirty)):
        for relationship in mapper_of(instance).relationships.values():
            if relationship.viewonly:
                continue
            if relationship.direction is Direction.MANY_TO_ONE:
                _link_to_one(to_one, unit, instance, relationship, is_new)
            else:
                _link_to_many(changes, to_many, unit, instance, relationship, is_new)
    for link in (*to_many, *to_one):
        changes.links[(link.child, link.foreign_key)] = link
    for key, link in list(changes.links.items()):
        if _is_written(link, unit):
            del changes.links[key]


def _is_written(link: Link, unit: UnitOfWork) -> bool:
    """Whether a persistent child has the parent's known key already."""
    if link.child in unit.new or link.parent in unit.new:
        return False
    values = link.child.__dict__
    state = state_of(link.child)
    originals = (state.originals if state is not None else None) or {}
    for child_name, parent_name in link.relationship.pairs:
        wanted = None if link.parent is None else link.parent.__dict__.get(parent_name)
        if child_name not in values or values[child_name] != wanted or child_name in originals:
            return False
    return True


def _link_to_one(
    links: list[Link],
    unit: UnitOfWork,
    instance: Any,
    relationship: Relationship[Any, Any],
    is_new: bool,
) -> None:
    values = instance.__dict__
    if relationship.name not in values:
        return
    parent = values[relationship.name]
    if is_new:
        if parent is None:
            return
    else:
        state = state_of(instance)
        originals = state.originals if state is not None else None
        if not originals or relationship.name not in originals:
            return
        if originals[relationship.name] is parent:
            return
    if parent is not None and not unit.contains(parent):
        raise OrphanedReferenceError(
            f"{relationship} refers to a {type(parent).__name__} that is not in this session; "
            "the reference would be lost"
        )
    links.append(Link(instance, parent, relationship))


def _link_to_many(
    changes: ChangeSet,
    links: list[Link],
    unit: UnitOfWork,
    instance: Any,
    relationship: Relationship[Any, Any],
    is_new: bool,
) -> None:
    if is_new:
        added, removed = list(members_of(instance.__dict__.get(relationship.name))), []
    else:
        added, removed = changed_members(instance, relationship.name)
    for child in removed:
        if unit.contains(child) and child not in unit.new and child not in unit.deleted:
            if _refers_to(child, instance, relationship):
                _unlink(changes, child, relationship)
    for child in added:
        if not unit.contains(child):
            raise OrphanedReferenceError(
                f"{relationship} holds a {type(child).__name__} that is not in this session; "
                "the link would be lost"
            )
        links.append(Link(child, instance, relationship))


def _refers_to(child: Any, parent: Any, relationship: Relationship[Any, Any]) -> bool:
    """Whether the child's foreign key, as it was, is that of this parent."""
    values, parent_values = child.__dict__, parent.__dict__
    return all(
        values.get(child_name) == parent_values.get(parent_name)
        for child_name, parent_name in relationship.pairs
    )


def _unlink(changes: ChangeSet, child: Any, relationship: Relationship[Any, Any]) -> None:
    changes.links.setdefault((child, relationship.foreign_key), Link(child, None, relationship))


def _orphan_children(changes: ChangeSet, unit: UnitOfWork, parent: Any) -> None:
    """Loaded children of a deleted parent lose their reference, unless the server sees to it."""
    for relationship in mapper_of(parent).relationships.values():
        if relationship.direction is not Direction.ONE_TO_MANY or relationship.viewonly:
            continue
        if relationship.foreign_key.ondelete not in (None, "NO ACTION", "RESTRICT"):
            continue
        for child in members_of(parent.__dict__.get(relationship.name)):
            if unit.contains(child) and child not in unit.deleted and child not in unit.new:
                _unlink(changes, child, relationship)


def _check_identities(changes: ChangeSet, unit: UnitOfWork) -> None:
    """A new object must not have the key of an object of the session, nor of another new one."""
    seen: dict[tuple[Mapper, Any], Any] = {}
    for instance in changes.inserts:
        mapper = mapper_of(instance)
        key = mapper.key_of(instance.__dict__)
        if key is None:
            continue
        other = seen.setdefault((mapper, key), instance)
        if other is instance:
            other = unit.identity_map.get(mapper, key)
        if other is not None and other is not instance and other not in unit.deleted:
            raise IdentityConflictError(
                f"a new {mapper.name} has the primary key of another {mapper.name} of this session"
            )


def _check_references(changes: ChangeSet) -> None:
    """Foreign keys that may be left out of the constructor must be filled by now."""
    for instance in changes.inserts:
        mapper = mapper_of(instance)
        if not mapper.required_references:
            continue
        values = instance.__dict__
        missing = [name for name in mapper.required_references if values.get(name) is None]
        if missing:
            linked = {name for link in changes.links_of(instance) for name in link.attributes}
            for name in sorted(missing):
                if name not in linked:
                    raise FlushError(
                        f"{mapper.name}.{name} of a new object has no value",
                        hint=f"give {name}, or set a relationship that fills it",
                    )
