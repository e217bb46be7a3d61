"""Echo: what the server did to other rows by itself, repeated on the objects in memory.

ON UPDATE CASCADE changes the references to a changed key, ON DELETE deletes or empties those to
a deleted row; the statements that were sent say nothing of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from asyncorm.flush.association import referred_values
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.plan import AssociationBatch, FlushPlan, Kind, UnlinkBatch
from asyncorm.sql.table import ForeignKey, Table
from asyncorm.tracking.changes import originals_of, stored_values
from asyncorm.tracking.links import record
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of

References = dict[tuple[Any, ...], Any]


def echo_key_changes(unit: UnitOfWork, changes: ChangeSet) -> None:
    """Let objects that refer to a changed key refer to the new one.

    A key that has such a reference in it changes as well, and so on.
    """
    renaming = {
        (kind, columns)
        for kind, columns in changes.update_shapes
        if not kind.__mapper__.key_names.isdisjoint(columns)
    }
    if not renaming:
        return
    moved = [
        instance
        for instance, columns in changes.updates.items()
        if (type(instance), columns) in renaming and _changed_targets(instance)
    ]
    while moved:
        found: dict[Any, None] = {}
        for key, parents in _by_reference(unit, moved):
            if key.onupdate != "CASCADE":
                continue
            for child, parent in _referring(unit, key, parents):
                if (child, key) in changes.links:
                    continue  # it was written with the key of another parent
                for name, target in key.pairs:
                    record(child, name, child.__dict__.get(name, UNLOADED))
                    child.__dict__[name] = parent.__dict__[target]
                _forget_version(child)
                found[child] = None
                if child not in changes.updates:
                    changes.updates[child] = ()
                    changes.update_shapes.add((type(child), ()))
        moved = [child for child in found if _changed_targets(child)]


def _changed_targets(instance: Any) -> bool:
    """Whether the primary key differs from the stored one."""
    originals, values = originals_of(instance), instance.__dict__
    names = mapper_of(instance).primary_key
    return any(name in originals and originals[name] != values.get(name) for name in names)


def echo_deletes(unit: UnitOfWork, deletes: Iterable[Any]) -> list[Any]:
    """The objects whose rows the server has deleted along; others lose their reference."""
    gone: dict[Any, None] = {}
    wave = list(deletes)
    while wave:
        found: dict[Any, None] = {}
        for key, parents in _by_reference(unit, wave):
            for child, _ in _referring(unit, key, parents):
                if key.ondelete == "CASCADE":
                    found[child] = None
                elif key.ondelete in ("SET NULL", "SET DEFAULT"):
                    _lose(unit, child, key)
        wave = [child for child in found if child not in gone]
        gone.update(dict.fromkeys(wave))
    return list(gone)


def echo_links(unit: UnitOfWork, plan: FlushPlan) -> list[Any]:
    """The objects whose rows were removed as links: a class may map a link table as well."""
    found: dict[Any, None] = {}
    for batch in plan.batches:
        if isinstance(batch, UnlinkBatch):
            table = batch.foreign_key.table
        elif isinstance(batch, AssociationBatch) and batch.kind is Kind.DELETE:
            table = batch.linked.table
        else:
            continue
        instances = _rows_in(unit, table)
        if not instances:
            continue  # as nearly always: then nobody asks which rows these were
        if isinstance(batch, UnlinkBatch):
            rows = [referred_values(batch.foreign_key, end) for end in batch.instances]
        else:
            rows = batch.linked.rows(batch.associations, stored=True)
        gone = {tuple(row.values()) for row in rows}
        for instance in instances:
            stored = stored_values(instance)
            if tuple(stored.get(name) for name in rows[0]) in gone:
                found[instance] = None
    return list(found)


def _lose(unit: UnitOfWork, child: Any, key: ForeignKey) -> None:
    """The server has emptied a reference, or given it its default, which has to be loaded."""
    mapper, values = mapper_of(child), child.__dict__
    if key.ondelete == "SET NULL":
        for name, _ in key.pairs:
            if name not in mapper.primary_key:
                values[name] = None
    else:
        expire(child, tuple(name for name, _ in key.pairs))
    for relationship in mapper.many_to_one:
        if relationship.foreign_key is key:
            values.pop(relationship.name, None)
    _forget_version(child)
    unit.levels[-1].note_update(mapper, identity_key(child))


def _forget_version(child: Any) -> None:
    """The server has written the row, and with it a version that the server makes."""
    version = mapper_of(child).version
    if version is not None and version.following is None:
        expire(child, (version.name,))


def _by_reference(
    unit: UnitOfWork, parents: Iterable[Any]
) -> Iterator[tuple[ForeignKey, References]]:
    """Each foreign key of loaded objects that refers to these parents, with them by stored key."""
    by_table: dict[Table, list[Any]] = {}
    for parent in parents:
        for table in mapper_of(parent).tables:
            by_table.setdefault(table, []).append(parent)
    loaded = [kind for root in unit.identity_map.tables for kind in root.subtypes]
    for table in {table: None for kind in loaded for table in kind.tables}:
        for key in table.foreign_keys:
            if key.target in by_table and (key.ondelete or key.onupdate):
                names = [target for _, target in key.pairs]
                references: References = {}
                for parent in by_table[key.target]:
                    stored = stored_values(parent)
                    references[tuple(stored.get(name) for name in names)] = parent
                yield key, references


def _referring(unit: UnitOfWork, key: ForeignKey, parents: References) -> Iterator[tuple[Any, Any]]:
    """The loaded objects of a foreign key's table that refer to these parents."""
    for child in _rows_in(unit, key.table):
        values = child.__dict__
        parent = parents.get(tuple(values.get(name) for name, _ in key.pairs))
        if parent is not None and parent is not child:
            yield child, parent


def _rows_in(unit: UnitOfWork, table: Table) -> list[Any]:
    """The loaded objects that have a row in a table."""
    return [
        instance
        for root, references in list(unit.identity_map.tables.items())
        if any(table in kind.tables for kind in root.subtypes)
        for instance in references.live()
        if len(root.subtypes) == 1 or table in mapper_of(instance).tables
    ]
