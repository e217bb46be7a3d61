"""Row planner: the order of all rows of a flush at once, for the flushes where tables don't do.

Used when a row takes the value of a unique key that another one gives up: then a DELETE may have
to come before an INSERT, with whatever it waits for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from asyncorm.flush.batches import delete_batch, insert_batches, insert_shape, update_batches
from asyncorm.flush.changed_rows import ChangedRows
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.edge import Edge
from asyncorm.flush.link import Link, Links
from asyncorm.flush.plan import Batch
from asyncorm.flush.row import LinksOf, Row, links_in
from asyncorm.flush.rows import delete_waits, finder, insert_waits, order_rows, own_base, row_of
from asyncorm.flush.schedule import Shape, Waits
from asyncorm.flush.unique_keys import Turn
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.table import Table
from asyncorm.tracking.changes import stored_values


class RowOrder:
    """The batches of a flush, and the links to write after it and to empty before it."""

    def __init__(
        self, changes: ChangeSet, rows: ChangedRows, tables: list[Table], turns: list[Turn]
    ) -> None:
        self.changes = changes
        parts = list(rows.parts(tables))
        self.inserts = {row: None for part in parts for row in rows.inserted(part)}
        self.updates = {row: own for part in parts for row, own in rows.updated(part).items()}
        self.deletes = dict.fromkeys(rows.deleted(reversed(tables)))
        self._shapes: dict[Row, Hashable] = {}
        listed = [
            row for part in parts for row in (*rows.updated(part), *rows.inserted(part))
        ] + list(self.deletes)
        waits: Waits = {row: own_base(row, self.updates) for row in listed}
        waits |= insert_waits(list(self.inserts), changes, self.shape_of)
        waits |= delete_waits(list(self.deletes))
        self._wait_for_parents(waits)
        self._leave_parents(waits)
        for turn in turns:
            waits[turn.then].append(self._turn_edge(turn))
        self.steps, broken = order_rows(listed, waits, self.shape_of)
        links = [edge.link for edge in broken if edge.link is not None]
        self.released = [link for link in links if link.parent is None]
        self.postponed: Links = {
            (link.child, link.foreign_key): link for link in links if link.parent is not None
        }

    def batches(self, links_at_first: Callable[[WrittenPart], LinksOf]) -> list[Batch]:
        """The steps as statements."""
        batches: list[Batch] = []
        for step in self.steps:
            part = step[0][1]
            instances = [instance for instance, _ in step]
            if step[0] in self.inserts:
                batches += insert_batches(part, instances, links_at_first(part))
            elif step[0] in self.deletes:
                batches.append(delete_batch(part, instances))
            else:
                updates = {instance: self.updates[instance, part] for instance in instances}
                replaced = self.changes.replaced
                batches += update_batches(part, updates, links_at_first(part), replaced)
        return batches

    def shape_of(self, row: Row) -> Shape:
        """What rows of one statement have in common."""
        shape = self._shapes.get(row)
        if shape is None:
            instance, part = row
            if row in self.inserts:
                links = links_in(self.changes.links_of, part)(instance)
                shape = ("INSERT", part, insert_shape(part, instance, links))
            elif row in self.deletes:
                shape = ("DELETE", part.table)
            else:
                shape = ("UPDATE", part, self.updates[row], instance in self.changes.replaced)
            self._shapes[row] = shape
        return shape

    def _wait_for_parents(self, waits: Waits) -> None:
        """A changed row comes after new rows, and rows with a new key, that it refers to."""
        changes = self.changes
        rekeyed = [
            row
            for row, columns in self.updates.items()
            if row[0] not in changes.replaced and not row[1].key_names.isdisjoint(columns)
        ]
        parents = {*self.inserts, *rekeyed}
        find = finder(parents, lambda parent: parent.__dict__)
        for row in (*self.updates, *(self.inserts if rekeyed else ())):
            child, part = row
            links = {link.foreign_key: link for link in changes.links_of(child)}
            for key in part.table.foreign_keys:
                linked = key in links
                parent = row_of(links[key].parent, key) if linked else find(key, child.__dict__)
                known = parent in self.inserts and row in self.inserts
                if parent in parents and parent[0] is not child and not known:
                    link = Link(child, parent[0], key) if key.nullable else None
                    waits[row].append(Edge(parent, row, key, True, link, False))

    def _leave_parents(self, waits: Waits) -> None:
        """A row is deleted after those that refer to it are changed to do so no longer."""
        changes = self.changes
        find = finder(self.deletes, stored_values)
        for row, columns in self.updates.items():
            child, part = row
            values = stored_values(changes.replaced.get(child, child))
            for key in part.table.foreign_keys:
                if not {own for own, _ in key.pairs}.isdisjoint(columns):
                    parent = find(key, values)
                    if parent is not None:
                        # what is emptied first must be written again by a link, or stay empty
                        linked = any(k.foreign_key is key for k in changes.links_of(child))
                        linked = linked or all(
                            child.__dict__.get(name) is None for name in key.cleared
                        )
                        link = Link(child, None, key) if linked and key.nullable else None
                        waits[parent].append(Edge(row, parent, key, True, link, False))

    def _turn_edge(self, turn: Turn) -> Edge:
        """Without a foreign key: in a circle it is given up last, for the server to judge."""
        same = self.shape_of(turn.first) == self.shape_of(turn.then)
        strict = not (turn.key.deferrable and same)
        return Edge(turn.first, turn.then, None, strict, None, deferred=True)
