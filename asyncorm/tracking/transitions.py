"""Transitions: what a flush, commit or rollback does to the states of the instances concerned."""

from __future__ import annotations

from typing import Any

from asyncorm.mapping.mapper import Key
from asyncorm.tracking.levels import Level
from asyncorm.tracking.links import know_collections
from asyncorm.tracking.state import InstanceState, Scope, Status, own_state, state_of
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of


def expire(instance: Any, names: tuple[str, ...] | None = None) -> None:
    """Forget loaded values and unflushed changes; the primary key stays readable."""
    mapper = mapper_of(instance)
    state = own_state(instance)
    originals = state.originals
    assert originals is not None
    values = instance.__dict__
    if names is not None and any(name in mapper.relationships for name in names):
        know_collections(instance)
    for name in mapper.primary_key:
        if name in originals and (names is None or name in names):
            values[name] = originals.pop(name)
    wanted = names if names is not None else (*mapper.columns, *mapper.relationships)
    for name in wanted:
        if name not in mapper.primary_key:
            values.pop(name, None)
            originals.pop(name, None)
            if state.queued is not None:
                state.queued.pop(name, None)
    if names is None:
        originals.clear()
        state.queued = None
        state.inserted = False
    state.partial = state.partial or any(name in mapper.columns for name in wanted)


def forget_related(instance: Any) -> None:
    """Forget what relationships hold; only what is read again counts."""
    state = own_state(instance)
    for name in mapper_of(instance).relationships:
        instance.__dict__.pop(name, None)
        if state.originals:
            state.originals.pop(name, None)
    state.queued = None
    state.inserted = False


def restore_clean(instance: Any, state: InstanceState) -> None:
    """Nothing of the instance is unflushed any more."""
    state.expressions = False
    state.queued = None
    if state.originals:
        state.originals.clear()


def begin_level(unit: UnitOfWork) -> None:
    """A transaction or savepoint begins."""
    unit.levels.append(Level())


def release_level(unit: UnitOfWork) -> None:
    """A savepoint is released: its record belongs to the level around it."""
    level = unit.levels.pop()
    if unit.levels:
        level.merge_into(unit.levels[-1])


def commit_levels(unit: UnitOfWork) -> None:
    """The transaction is committed: deleted instances leave for good."""
    for level in unit.levels:
        for instance in level.deleted:
            state = own_state(instance)
            if state.scope is unit.scope and state.status is Status.DELETED:
                state.scope = Scope(None)
                state.was_deleted = True
    unit.levels.clear()
    unit.touched = False


def rollback_level(unit: UnitOfWork) -> None:
    """Undo one level in memory; the outermost also expires everything that is persistent."""
    level = unit.levels.pop() if unit.levels else Level()
    outermost = not unit.levels
    dirty = list(unit.dirty)
    _undo_inserts(unit, level)
    _undo_keys(unit, level)
    _undo_deletes(unit, level)
    unit.dirty.clear()
    unit.deleted.clear()
    if outermost:
        concerned = unit.identity_map.instances()
        unit.touched = False
    else:
        updated = [i for r in level.updated if (i := r()) is not None]
        concerned = [*dirty, *updated, *level.deleted]
    for instance in concerned:
        if unit.contains(instance):
            expire(instance)


def _undo_inserts(unit: UnitOfWork, level: Level) -> None:
    flushed = [i for r in level.inserted if (i := r()) is not None]
    for instance in flushed:
        state = own_state(instance)
        if state.scope is unit.scope:
            if state.status is Status.PERSISTENT:
                unit.identity_map.discard(mapper_of(instance), identity_key(instance), instance)
            unit.dirty.pop(instance, None)
        elif state.scope.unit is not None:
            continue
        _make_transient(state)
    for instance in unit.new:
        _make_transient(own_state(instance))
    unit.new.clear()


def _make_transient(state: InstanceState) -> None:
    state.scope = Scope(None)
    state.status = Status.TRANSIENT
    state.was_deleted = False
    state.inserted = False
    if state.originals:
        state.originals.clear()


def _undo_keys(unit: UnitOfWork, level: Level) -> None:
    for reference, key in level.rekeyed.items():
        instance = reference()
        if instance is None:
            continue
        state = own_state(instance)
        mapper = mapper_of(instance)
        if state.scope is not unit.scope:
            continue
        unit.identity_map.discard(mapper, identity_key(instance), instance)
        restore_key(instance, key)
        unit.identity_map.add(mapper, key, instance)


def restore_key(instance: Any, key: Key) -> None:
    """Give an instance back the primary key it had."""
    mapper = mapper_of(instance)
    state = own_state(instance)
    for name, value in zip(mapper.primary_key, mapper.key_values(key), strict=True):
        instance.__dict__[name] = value
        if state.originals:
            state.originals.pop(name, None)


def _undo_deletes(unit: UnitOfWork, level: Level) -> None:
    for instance in level.deleted:
        state = own_state(instance)
        if state.status is not Status.DELETED:
            continue  # inserted in this transaction too: it never had a row
        if state.scope is unit.scope:
            state.status = Status.PERSISTENT
            _readmit(unit, instance)
        elif state.scope.unit is None:
            # expunged after its DELETE: a plain detached object again (its row is back)
            state.status = Status.PERSISTENT
            state.was_deleted = False


def _readmit(unit: UnitOfWork, instance: Any) -> None:
    """Enter an instance under its key again; one that was loaded in its place has to go."""
    mapper, key = mapper_of(instance), identity_key(instance)
    other = unit.identity_map.get(mapper, key)
    if other is not None and other is not instance:
        unit.release(other)
    unit.identity_map.add(mapper, key, instance)


def deleted_elsewhere(unit: UnitOfWork, instance: Any) -> None:
    """The row of a persistent instance has turned out to be gone."""
    state = own_state(instance)
    unit.identity_map.discard(mapper_of(instance), identity_key(instance), instance)
    unit.dirty.pop(instance, None)
    state.status = Status.DELETED
    if unit.levels:
        unit.levels[-1].deleted[instance] = None


def is_expired(instance: Any) -> bool:
    """Whether some column of the instance has no value in memory."""
    state = state_of(instance)
    return (
        state is not None
        and state.partial
        and any(name not in instance.__dict__ for name in type(instance).__mapper__.columns)
    )
