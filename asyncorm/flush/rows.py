"""Row order inside a circle of tables: which rows must be written before which others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncorm._graph import sort_components
from asyncorm.errors import CircularDependencyError
from asyncorm.flush.changes import ChangeSet, Link
from asyncorm.mapping.relationships import Direction
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.state import state_of
from asyncorm.tracking.unit_of_work import mapper_of


@dataclass(frozen=True, eq=False)
class Edge:
    """``child`` refers to ``parent``, both written in this flush.

    ``strict`` edges need two statements. The others may share one, because PostgreSQL checks
    foreign keys at the end of a statement: rows of one table whose keys are known beforehand.
    """

    child: Any
    parent: Any
    foreign_key: ForeignKey
    link: Link | None
    strict: bool


def order_inserts(
    instances: list[Any], changes: ChangeSet
) -> tuple[list[list[Any]], dict[Link, None]]:
    """Levels of rows to insert one after the other, and the links that have to wait.

    Raises CircularDependencyError if a circle of rows has no link that may be NULL at first.
    """
    edges = _insert_edges(instances, changes)
    postponed: dict[Link, None] = {}
    while True:
        groups = _components(instances, edges)
        circle = next((g for g in groups if _has_strict_edge(g, edges)), None)
        if circle is None:
            return _levels(groups, edges), postponed
        removed = _breakable(circle, edges)
        if removed is None:
            raise _circular(circle)
        if removed.link is not None:
            postponed[removed.link] = None
        edges[removed.child].remove(removed)


def _insert_edges(instances: list[Any], changes: ChangeSet) -> dict[Any, list[Edge]]:
    new = set(instances)
    keys = _by_key(instances)
    edges: dict[Any, list[Edge]] = {}
    for child in instances:
        found: list[Edge] = []
        linked: set[ForeignKey] = set()
        for link in changes.links_of(child):
            linked.add(link.foreign_key)
            if link.parent in new and link.parent is not child:
                strict = not _shares_statement(child, link.parent, link.foreign_key)
                found.append(Edge(child, link.parent, link.foreign_key, link, strict))
            elif link.parent is child and not _key_known(child, link.foreign_key):
                found.append(Edge(child, child, link.foreign_key, link, True))
        for key in mapper_of(child).table.foreign_keys:
            if key not in linked:
                parent = keys.get((key.target, _referred(child, key)))
                if parent is not None and parent is not child:
                    strict = key.target is not key.table
                    found.append(Edge(child, parent, key, None, strict))
        edges[child] = found
    return edges


def _by_key(instances: list[Any]) -> dict[tuple[Any, Any], Any]:
    """The instances by table and key, for those whose key is given beforehand."""
    found: dict[tuple[Any, Any], Any] = {}
    for instance in instances:
        mapper = mapper_of(instance)
        values = tuple(instance.__dict__.get(name) for name in mapper.primary_key)
        if None not in values:
            found[(mapper.table, values)] = instance
    return found


def _referred(child: Any, key: ForeignKey) -> tuple[Any, ...]:
    """The key values a row refers to, in the order of the target's primary key."""
    by_target = {
        target.attribute: child.__dict__.get(column.attribute)
        for column, target in zip(key.columns, key.targets, strict=True)
    }
    return tuple(by_target.get(column.attribute) for column in key.target.primary_key)


def _key_known(instance: Any, key: ForeignKey) -> bool:
    return all(instance.__dict__.get(target.attribute) is not None for target in key.targets)


def _shares_statement(child: Any, parent: Any, key: ForeignKey) -> bool:
    return key.table is key.target and _key_known(parent, key)


def _components(instances: list[Any], edges: dict[Any, list[Edge]]) -> list[list[Any]]:
    return sort_components(instances, lambda child: [edge.parent for edge in edges[child]])


def _has_strict_edge(group: list[Any], edges: dict[Any, list[Edge]]) -> bool:
    if len(group) == 1:
        return any(edge.parent is group[0] and edge.strict for edge in edges[group[0]])
    members = set(group)
    return any(edge.strict and edge.parent in members for child in group for edge in edges[child])


def _breakable(circle: Sequence[Any], edges: dict[Any, list[Edge]]) -> Edge | None:
    """An edge of the circle that need not hold yet: its key may be NULL, or is checked later."""
    members = set(circle)
    inside = [e for child in circle for e in edges[child] if e.parent in members]
    for edge in inside:
        if edge.link is not None and edge.foreign_key.nullable:
            return edge
    for edge in inside:
        if edge.foreign_key.initially_deferred and _key_known(edge.parent, edge.foreign_key):
            return edge
    return None


def _levels(groups: list[list[Any]], edges: dict[Any, list[Edge]]) -> list[list[Any]]:
    """Rows by the number of statements that must come before theirs."""
    level_of: dict[Any, int] = {}
    levels: dict[int, list[Any]] = {}
    for group in groups:
        members = set(group)
        level = max(
            (
                level_of[edge.parent] + edge.strict
                for child in group
                for edge in edges[child]
                if edge.parent not in members
            ),
            default=0,
        )
        for child in group:
            level_of[child] = level
            levels.setdefault(level, []).append(child)
    return [levels[number] for number in sorted(levels)]


def order_deletes(instances: list[Any]) -> tuple[list[list[Any]], dict[Any, list[Link]]]:
    """Levels of rows to delete one after the other, and the links to set NULL before.

    Raises CircularDependencyError if rows refer to each other over keys that can't be NULL.
    """
    keys = _by_key(instances)
    edges: dict[Any, list[Edge]] = {instance: [] for instance in instances}
    for child in instances:
        for key in mapper_of(child).table.foreign_keys:
            parent = keys.get((key.target, _stored_reference(child, key)))
            if parent is not None and parent is not child:
                # here the parent waits for the child
                strict = key.target is not key.table
                edges[parent].append(Edge(parent, child, key, None, strict))
    released: dict[Any, list[Link]] = {}
    while True:
        groups = _components(instances, edges)
        circle = next((g for g in groups if _has_strict_edge(g, edges)), None)
        if circle is None:
            return _levels(groups, edges), released
        edge = next((e for i in circle for e in edges[i] if e.foreign_key.nullable), None)
        link = None if edge is None else _null_link(edge)
        if edge is None or link is None:
            raise _circular(circle)
        released.setdefault(link.child, []).append(link)
        edges[edge.child].remove(edge)


def _stored_reference(child: Any, key: ForeignKey) -> tuple[Any, ...]:
    """The reference as it stands in the database: unflushed changes do not count."""
    state = state_of(child)
    originals = (state.originals if state is not None else None) or {}
    values = child.__dict__ | originals
    by_target = {
        target.attribute: values.get(column.attribute)
        for column, target in zip(key.columns, key.targets, strict=True)
    }
    return tuple(by_target.get(column.attribute) for column in key.target.primary_key)


def _null_link(edge: Edge) -> Link | None:
    """The link that sets the reference of a row to NULL before it is deleted."""
    child = edge.parent
    for relationship in mapper_of(child).relationships.values():
        if (
            relationship.direction is Direction.MANY_TO_ONE
            and relationship.foreign_key is edge.foreign_key
        ):
            return Link(child, None, relationship)
    return None


def _circular(circle: Sequence[Any]) -> CircularDependencyError:
    names = sorted({type(instance).__name__ for instance in circle})
    return CircularDependencyError(
        f"{len(circle)} rows of {', '.join(names)} refer to each other in a circle"
    )
