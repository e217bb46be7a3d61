"""Attaching: related objects that came in the rows of their owners are put in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from asyncorm.loading.assembly import Left
from asyncorm.loading.directives import Strategy
from asyncorm.loading.draft import Attachment
from asyncorm.loading.selectin import is_same
from asyncorm.loading.tree import Edge, LoadNode
from asyncorm.mapping.relationships import Direction
from asyncorm.mapping.selection import unknown
from asyncorm.tracking.filling import fill_collections
from asyncorm.tracking.known import is_whole

Members = dict[Any, dict[Any, None]]

_SORTABLE = frozenset((int, str, bytes, UUID, date, datetime, Decimal))


def attach(
    attachments: Sequence[Attachment],
    columns: list[list[Any]],
    nodes: dict[int, LoadNode],
    left: Left,
) -> bool:
    """Put the objects of all attachments in place, where their owners lack them.

    ``left`` has the owners that were not given theirs when they were made. Returns whether all
    owners lacked them, and have got them.
    """
    is_complete = True
    given = dict.fromkeys(left, 0)
    for owner, was, position in attachments:
        # values in options are those of this statement, not of the one that was compiled
        edge = nodes[owner].edges[was.relationship]
        if edge.relationship.to_many:
            is_complete &= _fill(edge, _members(columns[owner], columns[position]))
        elif owner in left:
            given[owner] += 1
            if left[owner]:
                found = list(zip(*left[owner], strict=True))
                is_complete &= _set(edge, found[0], found[given[owner]])
        else:
            is_complete &= _set(edge, columns[owner], columns[position])
    return is_complete


def _set(edge: Edge, owners: Sequence[Any], found: Sequence[Any]) -> bool:
    relationship = edge.relationship
    name = relationship.name
    to_one = relationship.direction is Direction.MANY_TO_ONE
    keys = relationship.local_attributes if to_one else ()
    is_complete = True
    for owner, related in zip(owners, found, strict=True):
        if owner is None:
            continue
        values = owner.__dict__
        if name in values:
            is_complete = is_complete and values[name] is related
            continue
        originals = owner._state.originals
        if originals and any(key in originals for key in keys):
            is_complete = False  # it refers to another row now than the one that was joined
            continue
        values[name] = related
    return is_complete


def _members(owners: list[Any], found: list[Any]) -> Members:
    """The members of each owner, in the order of the rows."""
    groups: Members = {}
    last, group = None, groups.setdefault(None, {})
    for owner, member in zip(owners, found, strict=True):
        if owner is not last:
            last = owner
            group = groups.setdefault(owner, {})
        if member is not None:
            group[member] = None
    del groups[None]
    return groups


def _fill(edge: Edge, groups: Members) -> bool:
    relationship, selection, key = edge.relationship, edge.selection, _natural_order(edge)
    if edge.strategy is Strategy.CONTAINS:
        selection = unknown(relationship)
    name = relationship.name
    lacking: list[Any] = []
    lists: list[list[Any]] = []
    for owner, members in groups.items():
        held = owner.__dict__.get(name)
        if held is not None and (is_whole(held) or is_same(held.selection, selection)):
            continue
        lacking.append(owner)
        is_sorted = key is None or len(members) < 2
        lists.append(list(members) if is_sorted else sorted(members, key=key))
    fill_collections(lacking, lists, relationship, selection)
    return len(lacking) == len(groups)


def _natural_order(edge: Edge) -> Callable[[Any], Any] | None:
    """The order of members that joins of ours bring in none: that of their keys."""
    relationship, selection = edge.relationship, edge.selection
    if (
        edge.strategy is Strategy.CONTAINS
        or relationship.order_by
        or (selection is not None and selection.order)
    ):
        return None
    columns = relationship.target.primary_key_columns
    if not all(column._type.python_type in _SORTABLE for column in columns):
        return None
    return attrgetter(*relationship.target.primary_key)
