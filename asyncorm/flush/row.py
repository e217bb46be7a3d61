"""Row: an object in one of its tables, which is what a statement writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from asyncorm.flush.link import Link
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.tracking.unit_of_work import identity_key

#: an instance and the table that it has this row in
Row = tuple[Any, WrittenPart]
#: the columns to write of each instance
Updates = dict[Any, tuple[str, ...]]
LinksOf = Callable[[Any], list[Link]]


def by_entity(instances: Collection[Any]) -> dict[Mapper, list[Any]]:
    """The instances of each class, in the order they have come."""
    kinds: set[Any] = set(map(type, instances))
    if len(kinds) == 1:
        return {kinds.pop().__mapper__: list(instances)}
    found: dict[type[Any], list[Any]] = {}
    for instance in instances:
        found.setdefault(type(instance), []).append(instance)
    return {kind.__mapper__: together for kind, together in found.items()}


def by_part(instances: Collection[Any]) -> dict[WrittenPart, list[Any]]:
    """The instances of each part, in the order they have come."""
    if not instances:
        return {}
    by_mapper = by_entity(instances)
    if not [part for mapper in by_mapper for part in mapper.written_parts if part.joined]:
        return {mapper.written_parts[0]: found for mapper, found in by_mapper.items()}
    rows = [(part, i) for i in instances for part in type(i).__mapper__.written_parts]
    found: dict[WrittenPart, list[Any]] = {}
    for part, instance in rows:
        found.setdefault(part, []).append(instance)
    return found


def rows_of(instances: Iterable[Any]) -> list[Row]:
    """The rows of instances, those of one together, that of the base first."""
    return [(i, part) for i in instances for part in type(i).__mapper__.written_parts]


def updated_rows(updates: Updates) -> dict[WrittenPart, Updates]:
    """The columns to write by part: an instance is in those parts that have some of them."""
    found: dict[WrittenPart, Updates] = {}
    if not updates:
        return found
    for part, instances in by_part(updates).items():
        if not part.joined:
            alone = len(instances) == len(updates)
            found[part] = updates if alone else {i: updates[i] for i in instances}
            continue
        written = {columns: _written(part, columns) for columns in set(updates.values())}
        own = ((i, written[updates[i]]) for i in instances)
        found[part] = {i: columns for i, columns in own if columns is not None}
    return {part: own for part, own in found.items() if own}


def _written(part: WrittenPart, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """The columns to write in one of several tables; None if its row stays as it is.

    The row with the version is written with every other one; the server makes a new version only
    if some column is set.
    """
    own = tuple(name for name in columns if name in part.columns)
    if part.key_follows and own:
        own = tuple(name for name in own if name not in part.key_names)
    if own:
        return own
    if part.version is None:
        return None
    return part.primary_key[:1] if part.version.following is None else ()


def links_in(links_of: LinksOf, part: WrittenPart) -> LinksOf:
    """The links of an instance that are written to one of its tables."""
    if not part.joined:
        return links_of
    table = part.table
    return lambda instance: [k for k in links_of(instance) if k.foreign_key.table is table]


def row_key(instance: Any, part: WrittenPart) -> Key:
    """The key that an object's row has before an UPDATE of it.

    That of a row which follows the one in the base table, which is written first, is the new one.
    """
    if part.key_follows:
        return type(instance).__mapper__.key_of(instance.__dict__)
    return identity_key(instance)
