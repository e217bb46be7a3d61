"""Row order inside a circle of tables: which rows must be written before which others."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from asyncorm._graph import sort_components
from asyncorm.errors import CircularDependencyError
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.edge import Edge
from asyncorm.flush.link import Link, Links
from asyncorm.flush.row import Row
from asyncorm.flush.schedule import Shape, Waits, schedule
from asyncorm.sql.table import ForeignKey, Table
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.unit_of_work import mapper_of


def order_inserts(
    rows: list[Row], changes: ChangeSet, shape_of: Callable[[Row], Shape]
) -> tuple[list[list[Row]], Links]:
    """Rows to insert statement by statement, and the links that are written afterwards.

    Raises CircularDependencyError if a circle of rows has no reference that may be NULL at first.
    """
    waits = insert_waits(rows, changes, shape_of)
    steps, broken = order_rows(rows, waits, shape_of)
    return steps, {(e.link.child, e.link.foreign_key): e.link for e in broken if e.link}


def order_deletes(rows: list[Row]) -> tuple[list[list[Row]], list[Link]]:
    """Rows to delete statement by statement, and the references to set NULL before.

    Raises CircularDependencyError if rows refer to each other over keys that can't be NULL.
    """
    steps, broken = order_rows(rows, delete_waits(rows), lambda row: row[1].table)
    return steps, [edge.link for edge in broken if edge.link]


def order_rows(
    rows: list[Row], waits: Waits, shape_of: Callable[[Row], Shape]
) -> tuple[list[list[Row]], list[Edge]]:
    """Rows statement by statement, and the edges that had to be broken for it."""
    broken: list[Edge] = []
    while True:
        groups = sort_components(rows, lambda row: [edge.first for edge in waits[row]])
        circles = [group for group in groups if _needs_order(group, waits)]
        if not circles:
            return schedule(rows, groups, waits, shape_of), broken
        for circle in circles:
            broken += _break(circle, waits)


def _needs_order(group: list[Row], waits: Waits) -> bool:
    """Whether rows that wait for each other can't share a statement."""
    members = set(group)
    return any(edge.strict and edge.first in members for row in group for edge in waits[row])


def _break(circle: Sequence[Row], waits: Waits) -> list[Edge]:
    """Let one foreign key of a circle hold later: the one with the fewest rows to write twice."""
    members = set(circle)
    by_key: dict[ForeignKey | None, list[Edge]] = {}
    for row in circle:
        for edge in waits[row]:
            if edge.first in members:
                by_key.setdefault(edge.foreign_key, []).append(edge)
    breakable = [
        edges for edges in by_key.values() if all(edge.deferred or edge.link for edge in edges)
    ]
    if not breakable:
        names = sorted({mapper_of(instance).name for instance, _ in circle})
        raise CircularDependencyError(
            f"{len(circle)} rows of {', '.join(names)} refer to each other in a circle"
        )
    edges = min(breakable, key=_cost)
    for edge in edges:
        waits[edge.then].remove(edge)
    return [edge for edge in edges if not edge.deferred]


def _cost(edges: list[Edge]) -> tuple[bool, bool, bool, int]:
    return (
        edges[0].foreign_key is None,
        not any(edge.strict for edge in edges),
        not all(edge.deferred for edge in edges),
        len(edges),
    )


def insert_waits(rows: list[Row], changes: ChangeSet, shape_of: Callable[[Row], Shape]) -> Waits:
    """Which new rows refer to which other new ones."""
    new = set(rows)
    find = finder(rows, lambda instance: instance.__dict__)
    waits: Waits = {}
    for row in rows:
        child, part = row
        links = {link.foreign_key: link for link in changes.links_of(child)}
        found = waits[row] = own_base(row, new)
        for key in part.table.foreign_keys:
            if key in part.table.post_updated and key in links:
                continue
            parent = row_of(links[key].parent, key) if key in links else find(key, child.__dict__)
            if parent in new:
                edge = _insert_edge(row, parent, key, shape_of)
                if edge is not None:
                    found.append(edge)
    return waits


def own_base(row: Row, rows: Container[Row]) -> list[Edge]:
    """An object's row comes after the one that it has in the base table."""
    instance, part = row
    if part.base is None or (instance, part.base) not in rows:
        return []
    return [Edge((instance, part.base), row, part.key_to_base, True, None, False)]


def _insert_edge(
    child: Row, parent: Row, key: ForeignKey, shape_of: Callable[[Row], Shape]
) -> Edge | None:
    referred, part = parent[0].__dict__, parent[1]
    given = all(referred.get(target) is not None for _, target in key.pairs)
    # a row's own base comes before it, and makes the key
    known = given or (part.base is not None and part.key_names.issuperset(dict(key.pairs).values()))
    if child[0] is parent[0] and known:
        return None
    return Edge(
        first=parent,
        then=child,
        foreign_key=key,
        strict=not known or key.table is not key.target or shape_of(child) != shape_of(parent),
        link=Link(child[0], parent[0], key) if key.nullable else None,
        deferred=key.initially_deferred and given,
    )


def delete_waits(rows: list[Row]) -> Waits:
    """Which deleted rows are referred to by which other deleted ones."""
    find = finder(rows, stored_values)
    waits: Waits = {row: [] for row in rows}
    for row in rows:
        child, part = row
        values = stored_values(child)
        for key in part.table.foreign_keys:
            parent = find(key, values) if key not in part.table.post_updated else None
            if parent is not None and not (parent[0] is child and parent[1] is part):
                waits[parent].append(
                    Edge(
                        first=row,
                        then=parent,
                        foreign_key=key,
                        strict=key.table is not key.target,
                        link=Link(child, None, key) if key.nullable else None,
                        deferred=key.initially_deferred,
                    )
                )
    return waits


def row_of(instance: Any, key: ForeignKey) -> Row | None:
    """The row of an object that a foreign key refers to."""
    if instance is None:
        return None
    parts = mapper_of(instance).written_parts
    return next(((instance, part) for part in parts if part.table is key.target), None)


def finder(
    rows: Iterable[Row], values_of: Callable[[Any], dict[str, Any]]
) -> Callable[[ForeignKey, dict[str, Any]], Row | None]:
    """A function from a foreign key and a row's values to the row that it refers to."""
    by_table: dict[Table, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row[1].table, []).append(row)
    indexes: dict[tuple[str, ...], dict[tuple[Any, ...], Row]] = {}

    def find(key: ForeignKey, values: dict[str, Any]) -> Row | None:
        reference = tuple(values.get(name) for name, _ in key.pairs)
        if None in reference or key.target not in by_table:
            return None
        names = tuple(target for _, target in key.pairs)
        index = indexes.get((key.target.full_name, *names))
        if index is None:
            index = indexes[(key.target.full_name, *names)] = {}
            for row in by_table[key.target]:
                given = values_of(row[0])
                index[tuple(given.get(name) for name in names)] = row
        return index.get(reference)

    return find
