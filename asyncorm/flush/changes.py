"""ChangeSet: what differs from the database, as values; nothing is changed by looking."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from asyncorm._lazy_dataclass import dataclass
from asyncorm.flush.association import AssociationChanges, Associations
from asyncorm.flush.checks import UpdateShape, check_inserts, check_updates
from asyncorm.flush.link import Link, Links
from asyncorm.flush.orphans import Unloaded, find_doomed, release_children
from asyncorm.flush.references import collect_links, linked_instances
from asyncorm.flush.renames import follow_renames, renames_children
from asyncorm.flush.switch import Replaced, find_switches, refers_to_replaced, written_columns
from asyncorm.tracking.changes import changed_columns, changed_columns_of
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of

#: never added to
_NO_LINKS: list[Link] = []


@dataclass
class ChangeSet:
    """New, changed and deleted instances, and the links between them."""

    inserts: list[Any] = field(default_factory=list)
    #: with the attributes to write, in table order
    updates: dict[Any, tuple[str, ...]] = field(default_factory=dict)
    #: the different ones among them, by class: few, however many the rows are
    update_shapes: set[UpdateShape] = field(default_factory=set)
    deletes: list[Any] = field(default_factory=list)
    #: new instances that go with a deleted parent, so that they are never written
    dropped: list[Any] = field(default_factory=list)
    #: what must be loaded before the changes are complete
    unloaded: list[Unloaded] = field(default_factory=list)
    #: new instances with the deleted ones whose rows they take; they are among the updates
    replaced: Replaced = field(default_factory=dict)
    links: Links = field(default_factory=dict)
    #: what is added to and removed from each link table
    associations: list[AssociationChanges] = field(default_factory=list)
    _by_child: dict[Any, list[Link]] = field(default_factory=dict)

    @property
    def moves_keys(self) -> bool:
        """Whether a primary key is written to a stored row."""
        for kind, columns in self.update_shapes:
            if not kind.__mapper__.key_names.isdisjoint(columns):
                return True
        return False

    def links_of(self, instance: Any) -> list[Link]:
        """The links that fill foreign keys of an instance."""
        return self._by_child.get(instance, _NO_LINKS)

    def set_links(self, links: Links) -> None:
        """Take the links in, grouped by child."""
        self.links = links
        if not self.replaced:
            self._by_child = {link.child: [link] for link in links.values()}
            if len(self._by_child) == len(links):
                return
            self._by_child = {}
        for link in links.values():
            if self.replaced and refers_to_replaced(link, self.replaced):
                continue
            self._by_child.setdefault(link.child, []).append(link)


def collect_changes(unit: UnitOfWork) -> ChangeSet:
    """Everything a flush has to write; raises for links that would be lost and missing keys."""
    if unit.watched:
        unit.notice()
    dirty = list(unit.dirty)
    if unit.deleted:  # what was marked along a cascade may turn out to stay
        dirty = [i for i in dirty if i not in unit.deleted or unit.deleted[i] is not None]
    linked = linked_instances(unit, dirty)
    if linked or unit.deleted or (dirty and renames_children(dirty)):
        changes, doomed = _collect_linked(unit, dirty, linked)
    else:  # nothing that could concern another object: 4 µs less for a flush of one
        changes, doomed = ChangeSet(inserts=list(unit.new)), {}
    if changes.links or dirty:
        _collect_updates(changes, unit, dirty, doomed)
    replaced = changes.replaced
    if changes.inserts or replaced:
        new = (*changes.inserts, *replaced) if replaced else changes.inserts
        check_inserts(unit, new, changes.updates, changes.links_of, doomed)
    if changes.updates:
        links_of = changes.links_of if changes.links else None
        check_updates(changes.updates, changes.update_shapes, links_of)
    for taking, replaced_one in replaced.items():
        columns = written_columns(taking, replaced_one, changes.links_of(taking), changes.links)
        if columns:
            changes.updates[taking] = columns
            changes.update_shapes.add((type(taking), columns))
    return changes


def _collect_linked(
    unit: UnitOfWork, dirty: list[Any], linked: list[Any]
) -> tuple[ChangeSet, dict[Any, None]]:
    """What is written for links and deletions, with all that is to be deleted."""
    associations = Associations(unit)
    links = collect_links(unit, linked, associations)
    # who is deleted, and which of these rows are taken over instead
    doomed, unloaded = find_doomed(unit, links, associations)
    replaced: Replaced = {}
    if doomed and unit.new:
        replaced, children = find_switches(unit, doomed, links)
        unloaded += children
    # what becomes of those that refer to renamed and deleted objects
    unloaded += follow_renames(unit, dirty, doomed, links)
    gone = dict.fromkeys(replaced.values())
    if doomed:
        release_children(unit, doomed, gone, links)
        associations.leave_out(doomed)
    changes = ChangeSet(unloaded=unloaded, associations=list(associations), replaced=replaced)
    if doomed:
        changes.inserts = [i for i in unit.new if i not in doomed and i not in replaced]
        changes.deletes = [i for i in doomed if i not in unit.new and i not in gone]
        changes.dropped = [i for i in doomed if i in unit.new]
    else:
        changes.inserts = list(unit.new)
    if links:
        if doomed:
            links = {key: link for key, link in links.items() if link.child not in doomed}
        changes.set_links(links)
    return changes, doomed


def _collect_updates(
    changes: ChangeSet, unit: UnitOfWork, dirty: list[Any], doomed: dict[Any, None]
) -> None:
    """The rows that differ from the database by an assignment or by a link."""
    left = [i for i in dirty if i not in doomed] if doomed else dirty
    if changes.links:
        linked = (link.child for link in changes.links.values() if link.child not in unit.new)
        for instance in dict.fromkeys((*left, *linked)):
            columns = _changed_columns(instance, changes.links_of(instance))
            if columns and instance not in doomed:
                changes.updates[instance] = columns
    else:
        changes.updates = changed_columns_of(left)
    changes.update_shapes = set(
        zip(map(type, changes.updates), changes.updates.values(), strict=True)
    )


def _changed_columns(instance: Any, links: list[Link]) -> tuple[str, ...]:
    """The columns to write, in table order."""
    columns = changed_columns(instance)
    if not links:
        return columns
    if not columns and len(links) == 1 and len(only := links[0].attributes) == 1:
        return only
    linked = {name for link in links for name in link.attributes}
    return tuple(sorted({*columns, *linked}, key=mapper_of(instance).position.__getitem__))
