"""ChangeSet: what differs from the database, as values; nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any

from asyncorm._lazy_dataclass import dataclass
from asyncorm.flush.association import AssociationChanges, Associations
from asyncorm.flush.checks import check_changes
from asyncorm.flush.link import Link, Links
from asyncorm.flush.orphans import Unloaded, find_doomed, release_children
from asyncorm.flush.references import collect_links
from asyncorm.flush.renames import follow_renames
from asyncorm.flush.switch import Replaced, find_switches, refers_to_replaced, written_columns
from asyncorm.tracking.changes import changed_columns
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


@dataclass
class ChangeSet:
    """New, changed and deleted instances, and the links between them."""

    inserts: list[Any] = field(default_factory=list)
    #: with the attributes to write, in table order
    updates: dict[Any, tuple[str, ...]] = field(default_factory=dict)
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

    def links_of(self, instance: Any) -> list[Link]:
        """The links that fill foreign keys of an instance."""
        return self._by_child.get(instance, [])

    def set_links(self, links: Iterable[Link]) -> None:
        """Take the links in, grouped by child."""
        for link in links:
            self.links[(link.child, link.foreign_key)] = link
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
    associations = Associations(unit)
    links = collect_links(unit, dirty, associations)
    # who is deleted, and which of these rows are taken over instead
    doomed, unloaded = find_doomed(unit, links, associations)
    replaced: Replaced = {}
    if doomed and unit.new:
        replaced, children = find_switches(unit, doomed, links)
        unloaded += children
    # what becomes of those that refer to renamed and deleted objects
    if dirty:
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
        changes.set_links(link for link in links.values() if link.child not in doomed)
    if links or dirty:
        _collect_updates(changes, unit, dirty, doomed)
    check_changes(unit, (*changes.inserts, *replaced), changes.updates, changes.links_of, doomed)
    for new, old in replaced.items():
        if columns := written_columns(new, old, changes.links_of(new), changes.links):
            changes.updates[new] = columns
    return changes


def _collect_updates(
    changes: ChangeSet, unit: UnitOfWork, dirty: list[Any], doomed: dict[Any, None]
) -> None:
    """The rows that differ from the database by an assignment or by a link."""
    linked = (link.child for link in changes.links.values() if link.child not in unit.new)
    for instance in dict.fromkeys((*dirty, *linked)):
        if instance not in doomed:
            columns = _changed_columns(instance, changes.links_of(instance))
            if columns:
                changes.updates[instance] = columns


def _changed_columns(instance: Any, links: list[Link]) -> tuple[str, ...]:
    """The columns to write, in table order."""
    columns = changed_columns(instance)
    if not links:
        return columns
    linked = {name for link in links for name in link.attributes}
    return tuple(sorted({*columns, *linked}, key=mapper_of(instance).position.__getitem__))
