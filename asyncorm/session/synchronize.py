"""UPDATE and DELETE statements keep loaded objects in step: the rows they changed come back, or
the conditions are evaluated in memory.

Deleted objects leave the collections that hold them. One whose foreign key was changed does not
move between collections that are loaded until these are read again. What MERGE, or a statement
inside a CTE, has done to each row is not known: loaded objects of that entity are expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.flush.echo import echo_deletes
from asyncorm.flush.leaving import leave_holders
from asyncorm.loading.existing import forget_references, references_by_attribute
from asyncorm.loading.hydrator import hydrator
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.conditions import and_
from asyncorm.sql.sources import Alias, column_of, entity_columns, entity_of, is_entity
from asyncorm.sql.statements.delete import Delete
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.statements.merge import Merge
from asyncorm.sql.statements.merge_actions import DeleteRow
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.evaluate import assigned_value, evaluator
from asyncorm.tracking.mutables import forget_snapshot
from asyncorm.tracking.state import UNLOADED, InstanceState, Status, own_state
from asyncorm.tracking.transitions import deleted_elsewhere, expire, restore_clean
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of
from asyncorm.types.base import converted

_CHOICES = ("auto", "fetch", "evaluate")


class Synchronizer(Protocol):
    """What a statement has to return, and how its objects follow it."""

    statement: Any

    def apply(self, records: list[Any]) -> None:
        """The statement was executed: take over what it did."""


def synchronizer_of(unit: UnitOfWork, statement: Any) -> Synchronizer | None:
    """A synchronizer, if the statement needs one; raises for options that can't be followed."""
    mapper = getattr(statement._target, "__mapper__", None)
    if not synchronizes(statement) or not isinstance(mapper, Mapper):
        return None
    if isinstance(statement, Merge):
        return ByExpiring(unit, mapper, statement)
    if isinstance(statement, Insert):
        updates = statement._conflict is not None and bool(statement._conflict.assignments)
        return (
            ByReturning(unit, mapper, statement) if updates and live_objects(unit, mapper) else None
        )
    if statement._execution_options.get("synchronize_session") == "evaluate":
        return ByEvaluation(unit, mapper, statement)
    concerned = (
        live_objects(unit, mapper)
        or (isinstance(statement, Delete) and _returns(statement, mapper))
        or (isinstance(statement, Delete) and _is_echoed(unit, mapper))
    )
    return ByReturning(unit, mapper, statement) if concerned else None


def synchronizes(statement: Any) -> bool:
    """Whether loaded objects are to follow a statement; raises for an unknown option."""
    choice = statement._execution_options.get("synchronize_session", "auto")
    if choice is not False and choice not in _CHOICES:
        raise ArgumentError(
            f"synchronize_session can't be {choice!r}",
            hint='use "auto", "fetch", "evaluate" or False',
        )
    return choice is not False


def live_objects(unit: UnitOfWork, mapper: Mapper) -> list[Any]:
    """The objects of an entity that the session holds."""
    live = unit.identity_map.references(mapper).live()
    return live if mapper.base is None else [i for i in live if isinstance(i, mapper.entity)]


def _returns(statement: Delete[Any], mapper: Mapper) -> bool:
    return any(is_entity(i) and entity_of(i) is mapper.entity for i in statement._returning)


def _is_echoed(unit: UnitOfWork, mapper: Mapper) -> bool:
    """Whether objects are loaded that the server changes when a row of the entity is deleted."""
    return any(
        key.target in mapper.tables and key.ondelete
        for root in unit.identity_map.tables
        for other in root.subtypes
        for key in other.foreign_keys
    )


class ByReturning:
    """Asks a statement for the keys and new values of its rows, after what it returns anyway."""

    def __init__(self, unit: UnitOfWork, mapper: Mapper, statement: Any) -> None:
        self._unit = unit
        self._mapper = mapper
        self._deletes = isinstance(statement, Delete)
        #: whether rows that are not loaded matter, for what the server deletes along with them
        self._echoes = self._deletes and _is_echoed(unit, mapper)
        self._changed = () if self._deletes else _changed_names(mapper, statement)
        self._start = sum(
            len(entity_columns(item)) if is_entity(item) else 1 for item in statement._returning
        )
        names = self._changed
        if self._echoes:
            referred = dict.fromkeys(_referred(mapper))
            if mapper.discriminator is not None:  # rows that are not loaded become objects
                referred[mapper.discriminator.attribute] = None
            names = tuple(name for name in referred if name not in mapper.primary_key)
        self._names = (*mapper.primary_key, *names)
        columns = mapper.columns
        if isinstance(statement._target, Alias):
            columns = {name: column_of(statement._target, name) for name in self._names}
        self.statement = statement.returning(*(columns[name] for name in self._names))

    def apply(self, records: list[Any]) -> None:
        """Take the returned rows over into the objects that are loaded."""
        mapper, find = self._mapper, self._unit.identity_map.get
        types = [mapper.columns[name]._type for name in self._names]
        slots = list(enumerate((type_.decode for type_ in types), self._start))
        width = len(mapper.primary_key)
        matched: list[Any] = []
        for record in records:
            row = [converted(record[at], decode) for at, decode in slots]
            instance = find(mapper, row[0] if width == 1 else tuple(row[:width]))
            if instance is not None and self._deletes:
                matched.append(instance)
            elif instance is not None:
                change(self._unit, instance, zip(self._changed, row[width:], strict=True))
        if self._deletes:
            take_out(self._unit, [*matched, *self._others(records)])

    def _others(self, records: list[Any]) -> list[Any]:
        """Objects for deleted rows that were not loaded, so that those referring to them follow."""
        if not self._echoes:
            return []
        unit, mapper = self._unit, self._mapper
        references = unit.identity_map.references(mapper)
        known = set(map(id, references.live()))
        state = InstanceState(unit.scope, Status.PERSISTENT, partial=True)
        found = hydrator(mapper, self._names, self._start, nullable=False)(
            records, state, references, None
        )
        return [instance for instance in found if id(instance) not in known]


class ByExpiring:
    """Forgets what was loaded of the entity: the server alone knows what became of each row."""

    def __init__(self, unit: UnitOfWork, mapper: Mapper, statement: Any) -> None:
        deletes = any(isinstance(one.action, DeleteRow) for one in statement._branches)
        if deletes and any(map(is_entity, statement._returning)):
            raise InvalidRequestError(
                f"merge({mapper.name}) deletes rows, which can't come back as objects",
                hint="return columns: returning(merge_action(), Product.id, Product.name)",
            )
        self.statement = statement
        self._unit = unit
        self._mapper = mapper

    def apply(self, records: list[Any]) -> None:
        """Expire the loaded objects, but for changes that are not flushed."""
        expire_all(self._unit, self._mapper)


def expire_written(unit: UnitOfWork, statement: Any, written: Iterable[Any]) -> None:
    """Expire the loaded objects of what statements inside a statement have changed."""
    if not written or not synchronizes(statement):
        return
    for target in written:
        mapper = getattr(target, "__mapper__", None)
        if isinstance(mapper, Mapper):
            expire_all(unit, mapper)


def expire_all(unit: UnitOfWork, mapper: Mapper) -> None:
    """Expire the loaded objects of an entity, but for changes that are not flushed."""
    for instance in live_objects(unit, mapper):
        own = mapper_of(instance)
        state = own_state(instance)
        unflushed = state.originals or state.queued
        kept = state.originals or {}
        expire(instance, tuple(n for n in own.columns if n not in kept) if unflushed else None)
        unit.levels[-1].note_update(own, identity_key(instance))


class ByEvaluation:
    """Evaluates a statement's conditions over the loaded objects; nothing comes back for it.

    An object for which they can't be decided, because a value is not loaded, is expired.
    """

    def __init__(self, unit: UnitOfWork, mapper: Mapper, statement: Any) -> None:
        self.statement = statement
        self._unit = unit
        self._deletes = isinstance(statement, Delete)
        _check_alone(statement)
        target = statement._target
        table: Any = target if isinstance(target, Alias) else mapper.source
        live = live_objects(unit, mapper)
        self._changed = _changed_names(mapper, statement) if live and not self._deletes else ()
        computed = {}
        for assignment in getattr(statement, "_assignments", ()):
            if len(assignment.columns) == 1:
                computed[assignment.column.attribute] = assigned_value(assignment, table)
        matches = evaluator(and_(*statement._where), table) if statement._where else None
        self._matched: list[tuple[Any, list[Any]]] = []
        self._undecided: list[Any] = []
        for instance in live:
            values = stored_values(instance)
            result = True if matches is None else matches(values)
            if result is UNLOADED:
                self._undecided.append(instance)
            elif result is True:
                makers = [computed.get(name) for name in self._changed]
                new = [UNLOADED if make is None else make(values) for make in makers]
                self._matched.append((instance, new))

    def apply(self, records: list[Any]) -> None:
        """Change the objects that matched; what could not be computed is expired."""
        if self._deletes:
            take_out(self._unit, [instance for instance, _ in self._matched])
        else:
            for instance, values in self._matched:
                change(self._unit, instance, zip(self._changed, values, strict=True))
        for instance in self._undecided:
            # unflushed changes of other attributes are not the statement's business
            expire(instance, self._changed if own_state(instance).originals else None)
            self._unit.levels[-1].note_update(mapper_of(instance), identity_key(instance))


def _check_alone(statement: Any) -> None:
    """Refuse to evaluate a statement that other tables decide about."""
    if statement._sources:
        raise InvalidRequestError(
            'synchronize_session="evaluate" can\'t know the rows of other tables',
            hint='leave it out, or use "fetch"',
        )


def _changed_names(mapper: Mapper, statement: Any) -> tuple[str, ...]:
    """The attributes a statement changes; raises for the primary key of loaded objects."""
    conflict: Any = getattr(statement, "_conflict", None)
    assignments = statement._assignments if conflict is None else conflict.assignments
    assigned = {column.attribute for one in assignments for column in one.columns}
    # an upsert that finds the row by its key leaves the key as it is
    found_by = () if conflict is None else [getattr(e, "attribute", "") for e in conflict.elements]
    for name in mapper.primary_key:
        if name in assigned and name not in found_by:
            raise InvalidRequestError(
                f"a statement changes {mapper.name}.{name}, the primary key, while objects of "
                f"{mapper.name} are loaded, which could not be found again",
                hint="change the key of the objects and flush(), or expunge them and use "
                ".execution_options(synchronize_session=False)",
            )
    if mapper.discriminator is not None and mapper.discriminator.attribute in assigned:
        raise InvalidRequestError(
            f"a statement changes {mapper.name}.{mapper.discriminator.attribute}, which says of "
            f"which class a row is, while objects of {mapper.name} are loaded",
            hint="delete the objects and add some of the other class, or expunge them and use "
            ".execution_options(synchronize_session=False)",
        )
    assigned.update(mapper.computed)
    return tuple(n for n in mapper.columns if n in assigned and n not in mapper.key_names)


def _referred(mapper: Mapper) -> tuple[str, ...]:
    """The attributes that foreign keys of any table refer to."""
    tables = mapper.entity.metadata.tables.values()
    keys = [key for table in tables for key in table.foreign_keys if key.target in mapper.tables]
    return tuple(dict.fromkeys(target for key in keys for _, target in key.pairs))


def change(unit: UnitOfWork, instance: Any, values: Iterable[tuple[str, Any]]) -> None:
    """Give an object what a statement wrote to its row; UNLOADED stands for what nobody knows.

    An unflushed change of the same attribute is overwritten, and is none any more.
    """
    state = own_state(instance)
    originals, held = state.originals, instance.__dict__
    assert originals is not None
    references = references_by_attribute(type(instance).__mapper__)
    for name, value in values:
        if name in references and held.get(name, UNLOADED) != value:
            forget_references(instance, references[name])
        originals.pop(name, None)
        forget_snapshot(state, name)
        if value is UNLOADED:
            expire(instance, (name,))
        else:
            held[name] = value
    if not originals and not state.queued:
        unit.mark_clean(instance)
    unit.levels[-1].note_update(mapper_of(instance), identity_key(instance))


def take_out(unit: UnitOfWork, instances: list[Any]) -> None:
    """The rows of these objects were deleted, and what the server deletes along with them."""
    gone = [*instances, *echo_deletes(unit, instances)]
    for instance in gone:
        deleted_elsewhere(unit, instance)
        unit.deleted.pop(instance, None)
        restore_clean(own_state(instance))
    leave_holders(unit, gone)
