"""Row order inside a circle of tables: which rows must be written before which others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from asyncorm._graph import sort_components
from asyncorm.errors import CircularDependencyError
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.edge import Edge
from asyncorm.flush.link import Link, Links
from asyncorm.flush.schedule import Shape, Waits, schedule
from asyncorm.sql.table import ForeignKey, Table
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.unit_of_work import mapper_of


def order_inserts(
    instances: list[Any], changes: ChangeSet, shape_of: Callable[[Any], Shape]
) -> tuple[list[list[Any]], Links]:
    """Rows to insert statement by statement, and the links that are written afterwards.

    Raises CircularDependencyError if a circle of rows has no reference that may be NULL at first.
    """
    waits = insert_waits(instances, changes, shape_of)
    steps, broken = order_rows(instances, waits, shape_of)
    links = {(e.then, e.foreign_key): e.link for e in broken if e.foreign_key and e.link}
    return steps, links


def order_deletes(instances: list[Any]) -> tuple[list[list[Any]], list[Link]]:
    """Rows to delete statement by statement, and the references to set NULL before.

    Raises CircularDependencyError if rows refer to each other over keys that can't be NULL.
    """
    steps, broken = order_rows(instances, delete_waits(instances), mapper_of)
    return steps, [edge.link for edge in broken if edge.link]


def order_rows(
    rows: list[Any], waits: Waits, shape_of: Callable[[Any], Shape]
) -> tuple[list[list[Any]], list[Edge]]:
    """Rows statement by statement, and the edges that had to be broken for it."""
    broken: list[Edge] = []
    while True:
        groups = sort_components(rows, lambda row: [edge.first for edge in waits[row]])
        circles = [group for group in groups if _needs_order(group, waits)]
        if not circles:
            return schedule(rows, groups, waits, shape_of), broken
        for circle in circles:
            broken += _break(circle, waits)


def _needs_order(group: list[Any], waits: Waits) -> bool:
    """Whether rows that wait for each other can't share a statement."""
    members = set(group)
    return any(edge.strict and edge.first in members for row in group for edge in waits[row])


def _break(circle: Sequence[Any], waits: Waits) -> list[Edge]:
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
        names = sorted({mapper_of(row).name for row in circle})
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


def insert_waits(
    instances: list[Any], changes: ChangeSet, shape_of: Callable[[Any], Shape]
) -> Waits:
    """Which new rows refer to which other new ones."""
    new = set(instances)
    find = finder(instances, lambda instance: instance.__dict__)
    waits: Waits = {}
    for child in instances:
        links = {link.foreign_key: link for link in changes.links_of(child)}
        waits[child] = []
        mapper = mapper_of(child)
        for key in mapper.table.foreign_keys:
            if key in mapper.post_updated and key in links:
                continue
            parent = links[key].parent if key in links else find(key, child.__dict__)
            if parent in new:
                edge = _insert_edge(child, parent, key, shape_of)
                if edge is not None:
                    waits[child].append(edge)
    return waits


def _insert_edge(
    child: Any, parent: Any, key: ForeignKey, shape_of: Callable[[Any], Shape]
) -> Edge | None:
    known = all(parent.__dict__.get(target) is not None for _, target in key.pairs)
    if child is parent and known:
        return None
    return Edge(
        first=parent,
        then=child,
        foreign_key=key,
        strict=not known or key.table is not key.target or shape_of(child) != shape_of(parent),
        link=Link(child, parent, key) if key.nullable else None,
        deferred=key.initially_deferred and known,
    )


def delete_waits(instances: list[Any]) -> Waits:
    """Which deleted rows are referred to by which other deleted ones."""
    find = finder(instances, stored_values)
    waits: Waits = {instance: [] for instance in instances}
    for child in instances:
        values, mapper = stored_values(child), mapper_of(child)
        for key in mapper.table.foreign_keys:
            parent = find(key, values) if key not in mapper.post_updated else None
            if parent is not None and parent is not child:
                waits[parent].append(
                    Edge(
                        first=child,
                        then=parent,
                        foreign_key=key,
                        strict=key.table is not key.target,
                        link=Link(child, None, key) if key.nullable else None,
                        deferred=key.initially_deferred,
                    )
                )
    return waits


def finder(
    instances: Iterable[Any], values_of: Callable[[Any], dict[str, Any]]
) -> Callable[[ForeignKey, dict[str, Any]], Any]:
    """A function from a foreign key and a row's values to the instance the row refers to."""
    by_table: dict[Table, list[Any]] = {}
    for instance in instances:
        by_table.setdefault(mapper_of(instance).table, []).append(instance)
    indexes: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {}

    def find(key: ForeignKey, values: dict[str, Any]) -> Any:
        reference = tuple(values.get(name) for name, _ in key.pairs)
        if None in reference or key.target not in by_table:
            return None
        names = tuple(target for _, target in key.pairs)
        index = indexes.get((key.target.full_name, *names))
        if index is None:
            index = indexes[(key.target.full_name, *names)] = {}
            for instance in by_table[key.target]:
                given = values_of(instance)
                index[tuple(given.get(name) for name in names)] = instance
        return index.get(reference)

    return find
