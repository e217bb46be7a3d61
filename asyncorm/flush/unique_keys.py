"""Unique keys that one row gives up and another one takes in the same flush.

PostgreSQL checks a unique key row by row, so the row that gives a value up must be written first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm._lazy_dataclass import dataclass
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.link import known_value
from asyncorm.flush.row import Row, rows_of
from asyncorm.mapping.relationships import Direction
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.constraints import UniqueConstraint
from asyncorm.sql.expressions import Expression
from asyncorm.sql.table import Table
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import mapper_of


@dataclass(frozen=True)
class UniqueKey:
    """Attributes whose values no two rows of a table share."""

    attributes: tuple[str, ...]
    nulls_count: bool = False
    #: checked at the end of a statement, so that rows of one statement may exchange values
    deferrable: bool = False


#: what is given up in one table: the row that had a value of a key
Freed = dict[tuple[UniqueKey, Any], Row]


@dataclass(frozen=True, eq=False)
class Turn:
    """``then`` takes the value of a unique key that ``first`` gives up."""

    first: Row
    then: Row
    key: UniqueKey


def unique_keys(part: WrittenPart) -> tuple[UniqueKey, ...]:
    """The keys of a table that are checked before COMMIT; found once and kept with its part."""
    found: tuple[UniqueKey, ...] | None = part.memo.get("unique keys")
    if found is None:
        keys = [UniqueKey(part.primary_key), *_declared(part.table)]
        found = part.memo["unique keys"] = tuple(dict.fromkeys(keys))
    return found


def _declared(table: Table) -> Iterable[UniqueKey]:
    for constraint in table.unique:
        if not constraint.initially_deferred:
            yield _from_constraint(table, constraint)
    for index in table.indexes:
        if index.unique and index.where is None:
            names = [name for name in index.expressions if isinstance(name, str)]
            if len(names) == len(index.expressions):
                yield UniqueKey(_attributes(table, names))


def _from_constraint(table: Table, constraint: UniqueConstraint) -> UniqueKey:
    return UniqueKey(
        _attributes(table, constraint.columns),
        constraint.nulls_not_distinct,
        constraint.deferrable,
    )


def _attributes(table: Table, names: Iterable[str]) -> tuple[str, ...]:
    """Columns are named by attribute or by their name in the database."""
    known = table.by_attribute
    return tuple(name if name in known else table.columns[name].attribute for name in names)


def find_turns(changes: ChangeSet) -> list[Turn]:
    """Which rows must be written before which others, because of unique keys."""
    changed = list(_changed_keys(changes))
    if not (changed or (changes.deletes and changes.inserts)):
        return []  # nobody gives anything up, or nobody takes what deleted rows give up
    freed: dict[Table, Freed] = {}
    for row in rows_of(changes.deletes):
        instance, part = row
        known = freed.setdefault(part.table, {})
        _note(known, row, unique_keys(part), _held_values(instance))
    for row, keys in changed:
        instance, part = row
        values = stored_values(changes.replaced.get(instance, instance))
        _note(freed.setdefault(part.table, {}), row, keys, values)
    if not freed:
        return []
    added = ((row, unique_keys(row[1])) for row in rows_of(changes.inserts))
    turns: list[Turn] = []
    for row, keys in (*added, *changed):
        if known := freed.get(row[1].table, {}):
            turns += _taken(known, row, keys, changes)
    return turns


def _changed_keys(changes: ChangeSet) -> Iterable[tuple[Row, tuple[UniqueKey, ...]]]:
    """The rows whose unique keys change, with these; found for all rows of a shape at once."""
    touched: dict[tuple[type[Any], tuple[str, ...]], dict[WrittenPart, tuple[UniqueKey, ...]]] = {}
    for shape in changes.update_shapes:
        kind, columns = shape
        for part in kind.__mapper__.written_parts:
            known = part.memo.get(("changed keys", columns))
            keys = _keys_among(part, columns) if known is None else known
            if keys:
                touched.setdefault(shape, {})[part] = keys
    for instance, columns in changes.updates.items() if touched else ():
        for part, keys in touched.get((type(instance), columns), {}).items():
            yield (instance, part), keys


def _keys_among(part: WrittenPart, columns: tuple[str, ...]) -> tuple[UniqueKey, ...]:
    """The keys that change with some columns; found once for each set of columns."""
    names = part.columns.keys() & columns
    if part.key_follows:
        names -= part.key_names
    found = tuple(key for key in unique_keys(part) if not names.isdisjoint(key.attributes))
    part.memo["changed keys", columns] = found
    return found


def _held_values(instance: Any) -> dict[str, Any]:
    """The stored values; an expired foreign key is told by whom the object was taken from."""
    values, originals = stored_values(instance), instance._state.originals
    for name in originals or ():
        relationship: Any = mapper_of(instance).relationships.get(name)
        owner = originals[name]
        if relationship is None or relationship.to_many or owner is None or owner is UNLOADED:
            continue
        if relationship.direction is Direction.MANY_TO_ONE:
            held = stored_values(owner)
            pairs = zip(relationship.local_attributes, relationship.remote_attributes, strict=True)
            values = {local: held.get(remote, UNLOADED) for local, remote in pairs} | values
    return values


def _note(freed: Freed, row: Row, keys: Iterable[UniqueKey], values: dict[str, Any]) -> None:
    for key in keys:
        value = _hashable(key, [values.get(name, UNLOADED) for name in key.attributes])
        if value is not None:
            freed[(key, value)] = row


def _taken(freed: Freed, row: Row, keys: Iterable[UniqueKey], changes: ChangeSet) -> Iterable[Turn]:
    instance = row[0]
    linked = bool(changes.links_of(instance))
    values = instance.__dict__
    for key in keys:
        names = key.attributes
        new = [known_value(instance, n, changes.links) if linked else values.get(n) for n in names]
        value = _hashable(key, new)
        first = None if value is None else freed.get((key, value))
        if first is not None and first[0] is not instance:
            yield Turn(first, row, key)


def _hashable(key: UniqueKey, values: list[Any]) -> tuple[Any, ...] | None:
    """The values of a key, if they can be compared and can conflict at all."""
    value = tuple(values)
    if any(part is UNLOADED or isinstance(part, Expression) for part in value):
        return None
    if not key.nulls_count and any(part is None for part in value):
        return None
    try:
        hash(value)
    except TypeError:
        return None
    return value
