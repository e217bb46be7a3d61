"""Row planner: the order of all rows of a flush at once, for the flushes where tables don't do.

Used when a row takes the value of a unique key that another one gives up: then a DELETE may have
to come before an INSERT, with whatever it waits for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from asyncorm.flush.batches import (
    delete_batches,
    insert_batches,
    insert_shape,
    update_batches,
)
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.edge import Edge
from asyncorm.flush.link import Link, Links
from asyncorm.flush.plan import Batch
from asyncorm.flush.rows import delete_waits, finder, insert_waits, order_rows
from asyncorm.flush.schedule import Shape, Waits
from asyncorm.flush.unique_keys import Turn
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.unit_of_work import mapper_of


class RowOrder:
    """The batches of a flush, and the links to write after it and to empty before it."""

    def __init__(self, changes: ChangeSet, rows: list[Any], turns: list[Turn]) -> None:
        self.changes = changes
        self.inserts = set(changes.inserts)
        self.deletes = set(changes.deletes)
        self._shapes: dict[Any, Hashable] = {}
        waits: Waits = {row: [] for row in rows}
        waits |= insert_waits(changes.inserts, changes, self.shape_of)
        waits |= delete_waits(changes.deletes)
        self._wait_for_parents(waits)
        self._leave_parents(waits)
        for turn in turns:
            waits[turn.then].append(self._turn_edge(turn))
        self.steps, broken = order_rows(rows, waits, self.shape_of)
        links = [edge.link for edge in broken if edge.link is not None]
        self.released = [link for link in links if link.parent is None]
        self.postponed: Links = {
            (link.child, link.foreign_key): link for link in links if link.parent is not None
        }

    def batches(self, links_of: Callable[[Any], list[Link]]) -> list[Batch]:
        """The steps as statements."""
        batches: list[Batch] = []
        for step in self.steps:
            if step[0] in self.inserts:
                batches += insert_batches(step, links_of)
            elif step[0] in self.deletes:
                batches += delete_batches(step)
            else:
                updates = {row: self.changes.updates[row] for row in step}
                batches += update_batches(updates, links_of, self.changes.replaced)
        return batches

    def shape_of(self, row: Any) -> Shape:
        """What rows of one statement have in common."""
        shape = self._shapes.get(row)
        if shape is None:
            mapper = mapper_of(row)
            if row in self.inserts:
                shape = ("INSERT", insert_shape(row, self.changes.links_of(row)))
            elif row in self.deletes:
                shape = ("DELETE", mapper)
            else:
                new = row in self.changes.replaced
                shape = ("UPDATE", mapper, self.changes.updates[row], new)
            self._shapes[row] = shape
        return shape

    def _wait_for_parents(self, waits: Waits) -> None:
        """A changed row comes after new rows, and rows with a new key, that it refers to."""
        changes = self.changes
        rekeyed = [
            row
            for row, columns in changes.updates.items()
            if row not in changes.replaced and not mapper_of(row).key_names.isdisjoint(columns)
        ]
        parents = {*self.inserts, *rekeyed}
        find = finder(parents, lambda parent: parent.__dict__)
        for child in (*changes.updates, *(changes.inserts if rekeyed else ())):
            links = {link.foreign_key: link for link in changes.links_of(child)}
            for key in mapper_of(child).table.foreign_keys:
                parent = links[key].parent if key in links else find(key, child.__dict__)
                known = parent in self.inserts and child in self.inserts
                if parent in parents and parent is not child and not known:
                    link = Link(child, parent, key) if key.nullable else None
                    waits[child].append(Edge(parent, child, key, True, link, False))

    def _leave_parents(self, waits: Waits) -> None:
        """A row is deleted after those that refer to it are changed to do so no longer."""
        changes = self.changes
        find = finder(changes.deletes, stored_values)
        for child, columns in changes.updates.items():
            values = stored_values(changes.replaced.get(child, child))
            for key in mapper_of(child).table.foreign_keys:
                if not {own for own, _ in key.pairs}.isdisjoint(columns):
                    parent = find(key, values)
                    if parent is not None:
                        # what is emptied first must be written again by a link, or stay empty
                        linked = any(k.foreign_key is key for k in changes.links_of(child))
                        linked = linked or all(
                            child.__dict__.get(name) is None for name in key.cleared
                        )
                        link = Link(child, None, key) if linked and key.nullable else None
                        waits[parent].append(Edge(child, parent, key, True, link, False))

    def _turn_edge(self, turn: Turn) -> Edge:
        """Without a foreign key: in a circle it is given up last, for the server to judge."""
        same = self.shape_of(turn.first) == self.shape_of(turn.then)
        strict = not (turn.key.deferrable and same)
        return Edge(turn.first, turn.then, None, strict, None, deferred=True)
