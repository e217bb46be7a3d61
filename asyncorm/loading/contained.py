"""Contained: related entities that a statement joins already become further items of it."""

from __future__ import annotations

from collections import deque
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.loading.directives import Strategy
from asyncorm.loading.draft import Draft, Place
from asyncorm.loading.tree import Edge, LoadNode
from asyncorm.sql.sources import source_of

_OUTER = ("LEFT JOIN", "FULL JOIN")


def take_contained(draft: Draft) -> None:
    """Add what contains_eager() names, with what it names below that."""
    pending = deque(draft.places)
    while pending:
        place = pending.popleft()
        for edge in contained_edges(place.node):
            source = _joined(draft, place, edge)
            nullable = place.nullable or draft.has_join(source_of(source)) in _OUTER
            added = draft.add(place, edge, source, nullable=nullable)
            draft.places.append(added)
            pending.append(added)


def contained_edges(node: LoadNode) -> list[Edge]:
    """The edges of a node that contains_eager() names."""
    return [edge for edge in node.edges.values() if edge.strategy is Strategy.CONTAINS]


def check_none_contained(node: LoadNode) -> None:
    """Refuse contains_eager() where there is no statement that could contain anything."""
    for edge in contained_edges(node):
        raise _not_joined(edge)


def _joined(draft: Draft, place: Place, edge: Edge) -> Any:
    """What stands for the related entity in the statement."""
    wanted = edge.step.target or edge.relationship.target.entity
    source = source_of(wanted)
    if source is source_of(place.source) or draft.has_join(source) is None:
        raise _not_joined(edge)
    return wanted


def _not_joined(edge: Edge) -> InvalidRequestError:
    relationship = edge.relationship
    entity = relationship.target.name
    return InvalidRequestError(
        f"contains_eager({relationship}) finds no join of {entity} in its statement",
        hint=f"join it, select(...).join({relationship}), and if that is an alias, name it: "
        f"contains_eager({relationship}.of_type(alias)); joinedload() brings its own join",
    )
