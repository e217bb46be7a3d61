"""The flush planner: in which order the changes must be written, in as few batches as that allows.

Tables come in the order of their foreign keys: parents are saved before children and deleted
after them. Where tables refer to each other in a circle (or a table to itself) the rows are
ordered instead; a circle of rows is broken by writing a nullable key later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asyncorm._graph import sort_components
from asyncorm.flush.batches import delete_batches, insert_batches, insert_shape, update_batches
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.link import Link, Links
from asyncorm.flush.plan import (
    AnyBatch,
    AssociationBatch,
    Batch,
    FlushPlan,
    Kind,
    UnlinkBatch,
)
from asyncorm.flush.post_update import emptied_before, written_after
from asyncorm.flush.row_planner import RowOrder
from asyncorm.flush.rows import order_deletes, order_inserts
from asyncorm.flush.unique_keys import Turn, find_turns
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.unit_of_work import mapper_of


def plan_flush(changes: ChangeSet) -> FlushPlan:
    """Order the changes; raises CircularDependencyError before anything is sent."""
    rows = _Rows(changes)
    batches = _remove_links(rows, changes)
    batches += _order_rows(rows, changes)
    batches += [
        AssociationBatch(Kind.INSERT, found.linked, list(found.added))
        for found in changes.associations
        if found.added
    ]
    _delete_mapped_first(batches)
    return FlushPlan(tuple(batches))


class _Rows:
    """The changed instances by mapper."""

    def __init__(self, changes: ChangeSet) -> None:
        self.inserts = _group(changes.inserts)
        self.updates = _group(changes.updates)
        self.deletes = _group(changes.deletes)
        self.mappers = list({**self.inserts, **self.updates, **self.deletes})


def _group(instances: Iterable[Any]) -> dict[Mapper, list[Any]]:
    grouped: dict[Mapper, list[Any]] = {}
    for instance in instances:
        grouped.setdefault(type(instance).__mapper__, []).append(instance)
    return grouped


def _remove_links(rows: _Rows, changes: ChangeSet) -> list[AnyBatch]:
    """The rows of link tables that go, before any of those that they refer to."""
    batches: list[AnyBatch] = [
        AssociationBatch(Kind.DELETE, found.linked, list(found.removed))
        for found in changes.associations
        if found.removed
    ]
    by_key: dict[ForeignKey, list[Any]] = {}
    for mapper, instances in rows.deletes.items():
        for key, by_us in mapper.link_keys.items():
            if by_us:
                by_key.setdefault(key, []).extend(instances)
    for instance in changes.replaced.values():
        for key in mapper_of(instance).link_keys:  # no DELETE is sent that would cascade
            by_key.setdefault(key, []).append(instance)
    return batches + [UnlinkBatch(key, instances) for key, instances in by_key.items()]


def _delete_mapped_first(batches: list[AnyBatch]) -> None:
    """Where a class maps a link table, its objects are deleted before the other links go."""
    for unlink in [batch for batch in batches if isinstance(batch, UnlinkBatch)]:
        table = unlink.foreign_key.table
        last = max(
            (
                number
                for number, batch in enumerate(batches)
                if isinstance(batch, Batch)
                and batch.kind is Kind.DELETE
                and batch.mapper.table is table
            ),
            default=0,
        )
        if last:
            batches.remove(unlink)
            batches.insert(last, unlink)


def _order_rows(rows: _Rows, changes: ChangeSet) -> list[Batch]:
    """The rows of entities: by tables, unless one of them takes what another one gives up."""
    components = _components(rows.mappers)
    released = _link_batches(emptied_before(changes.deletes))
    turns = find_turns(changes) if changes.deletes or changes.updates else []
    if turns:
        batches = [*released, *_by_row(components, rows, changes, turns)]
    else:
        batches = _by_table(components, rows, changes, released)
    if changes.replaced and batches:
        batches[0].links[:0] = _early_links(changes)
    return batches


def _by_table(
    components: list[list[Mapper]], rows: _Rows, changes: ChangeSet, released: list[Batch]
) -> list[Batch]:
    """Parents are saved before children, and deleted after them."""
    batches: list[Batch] = []
    for component in components:
        batches += _save(component, rows, changes)
    batches += released
    for component in reversed(components):
        batches += _delete(component, rows)
    return batches


def _early_links(changes: ChangeSet) -> list[Link]:
    """What gives new objects their known keys: others may refer to their rows from the start."""
    return [
        link
        for new in changes.replaced
        for link in changes.links_of(new)
        if not mapper_of(new).key_names.isdisjoint(link.attributes)
    ]


def _components(mappers: list[Mapper]) -> list[list[Mapper]]:
    """The mappers in the order of their foreign keys; those in a circle together."""
    by_table = {mapper.table: mapper for mapper in mappers}

    def dependencies(mapper: Mapper) -> list[Mapper]:
        targets = (key.target for key in mapper.table.foreign_keys)
        return [by_table[target] for target in targets if target in by_table]

    return sort_components(mappers, dependencies)


def _save(component: list[Mapper], rows: _Rows, changes: ChangeSet) -> list[Batch]:
    updates = {i: changes.updates[i] for m in component for i in rows.updates.get(m, ())}
    inserts = [i for m in component for i in rows.inserts.get(m, ())]
    if not _is_cyclic(component):
        post_updated = any(mapper.post_updated for mapper in component)
        later_links = written_after(inserts, changes) if post_updated else {}
        return [
            *update_batches(updates, changes.links_of, changes.replaced),
            *insert_batches(inserts, _links_at_first(changes, later_links)),
            *_link_batches(later_links.values()),
        ]
    new = set(inserts)
    later = {i: columns for i, columns in updates.items() if _waits(i, new, changes)}
    first = {i: columns for i, columns in updates.items() if i not in later}
    shapes = {i: insert_shape(i, changes.links_of(i)) for i in inserts}
    steps, postponed = order_inserts(inserts, changes, shapes.__getitem__)
    postponed |= written_after(inserts, changes)
    at_first = _links_at_first(changes, postponed)
    batches = update_batches(first, changes.links_of, changes.replaced)
    for step in steps:
        batches += insert_batches(step, at_first)
    batches += update_batches(later, changes.links_of, changes.replaced)
    return [*batches, *_link_batches(postponed.values())]


def _waits(instance: Any, new: set[Any], changes: ChangeSet) -> bool:
    """Whether an UPDATE refers to a row that is inserted in the same component."""
    return any(link.parent in new for link in changes.links_of(instance))


def _is_cyclic(component: list[Mapper]) -> bool:
    if len(component) > 1:
        return True
    table = component[0].table
    return any(key.target is table for key in table.foreign_keys)


def _delete(component: list[Mapper], rows: _Rows) -> list[Batch]:
    deletes = [instance for mapper in component for instance in rows.deletes.get(mapper, ())]
    if len({mapper_of(instance) for instance in deletes}) < 2:
        return delete_batches(deletes)  # one statement, at whose end the keys are checked
    steps, released = order_deletes(deletes)
    batches = _link_batches(released)
    for step in steps:
        batches += delete_batches(step)
    return batches


def _by_row(
    components: list[list[Mapper]], rows: _Rows, changes: ChangeSet, turns: list[Turn]
) -> list[Batch]:
    """The order of all rows at once: that of the tables where nothing speaks against it."""
    mappers = [mapper for component in components for mapper in component]
    listed = [i for m in mappers for i in (*rows.updates.get(m, ()), *rows.inserts.get(m, ()))]
    listed += [i for m in reversed(mappers) for i in rows.deletes.get(m, ())]
    order = RowOrder(changes, listed, turns)
    postponed = order.postponed | written_after(changes.inserts, changes)
    return [
        *_link_batches(order.released),
        *order.batches(_links_at_first(changes, postponed)),
        *_link_batches(postponed.values()),
    ]


def _links_at_first(changes: ChangeSet, postponed: Links) -> Callable[[Any], list[Link]]:
    """The links of an INSERT: a postponed one is NULL at first."""
    if not postponed:
        return changes.links_of
    empty: dict[Any, list[Link]] = {}
    for child, key in postponed:
        empty.setdefault(child, []).append(Link(child, None, key))

    def links_of(child: Any) -> list[Link]:
        others = [k for k in changes.links_of(child) if (child, k.foreign_key) not in postponed]
        return [*empty.get(child, ()), *others]

    return links_of


def _link_batches(links: Iterable[Link]) -> list[Batch]:
    """The UPDATEs that write links only: after INSERTs, or NULL before DELETEs."""
    by_child: dict[Any, list[Link]] = {}
    for link in links:
        by_child.setdefault(link.child, []).append(link)
    columns: dict[Any, tuple[str, ...]] = {}
    for child, own in by_child.items():
        names = {name for link in own for name in link.attributes}
        columns[child] = tuple(name for name in mapper_of(child).columns if name in names)
    return update_batches(columns, by_child.__getitem__)
