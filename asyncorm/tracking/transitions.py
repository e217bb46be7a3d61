"""Transitions: what a flush, commit or rollback does to the states of the instances concerned."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.known import has_row
from asyncorm.tracking.levels import Level
from asyncorm.tracking.links import know_collections
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.state import (
    UNLOADED,
    InstanceState,
    Scope,
    Status,
    own_state,
    state_of,
    status_of,
)
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, identity_keys, mapper_of

_DELETED = Status.DELETED


def expire(instance: Any, names: tuple[str, ...] | None = None) -> None:
    """Forget loaded values and unflushed changes; the primary key stays readable."""
    mapper = mapper_of(instance)
    state = own_state(instance)
    if names is None:
        _expire_all(instance, mapper, state)
    else:
        _expire_some(instance, mapper, state, names)
    if HEARD and state.scope.unit is not None:
        state.scope.unit.note("expire", instance)


def _expire_all(instance: Any, mapper: Mapper, state: InstanceState) -> None:
    values, originals = instance.__dict__, state.originals
    if originals:
        for name in mapper.primary_key:
            if name in originals:
                values[name] = originals[name]
        originals.clear()
    for name in mapper.expiring:
        values.pop(name, None)
    state.queued = state.snapshots = None
    state.inserted = False
    state.partial = True


def _expire_some(
    instance: Any, mapper: Mapper, state: InstanceState, names: tuple[str, ...]
) -> None:
    values, originals = instance.__dict__, state.originals
    assert originals is not None
    if any(name in mapper.relationships for name in names):
        know_collections(instance)
    for name in mapper.primary_key:
        if name in originals and name in names:
            values[name] = originals.pop(name)
    for name in names:
        if name not in mapper.primary_key:
            values.pop(name, None)
            originals.pop(name, None)
            if state.snapshots is not None:
                state.snapshots.pop(name, None)
            if state.queued is not None:
                state.queued.pop(name, None)
    state.partial = state.partial or any(
        name in mapper.columns and name not in mapper.deferred for name in names
    )


def restore_clean(state: InstanceState) -> None:
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
    detached: Scope | None = None
    for level in unit.levels:
        for instance in level.deleted:
            state = own_state(instance)
            if state.scope is unit.scope and state.status is _DELETED:
                detached = detached or Scope(None)
                state.scope = detached
                state.was_deleted = True
    unit.levels.clear()
    unit.touched = False


def rollback_levels(unit: UnitOfWork, depth: int) -> None:
    """Undo in memory what is above ``depth``, as one: what began in it keeps its values."""
    while len(unit.levels) > depth + 1:
        release_level(unit)
    if len(unit.levels) > depth:
        rollback_level(unit)


def rollback_level(unit: UnitOfWork) -> None:
    """Undo one level in memory; the outermost also expires everything that is persistent."""
    level = unit.levels.pop() if unit.levels else Level()
    outermost = not unit.levels
    if not outermost:
        unit.notice()
    concerned = list(unit.dirty)
    if unit.new or not level.is_empty:  # the end of a session that has only read skips this
        _undo_inserts(unit, level)
        concerned += _undo_keys(unit, level)
        _undo_deletes(unit, level)
        _put_back(unit, level)
    unit.dirty.clear()
    unit.deleted.clear()
    if outermost:
        concerned = unit.identity_map.instances()
        unit.touched = False
    else:
        concerned += _held(unit, level.updated)
        concerned += level.deleted
    for instance in concerned:
        if unit.contains(instance):
            expire(instance)
    unit.watched.prune()


def _held(unit: UnitOfWork, keys: Mapping[Mapper, Iterable[Key]]) -> list[Any]:
    """The live instances of these keys."""
    find = unit.identity_map.get
    return [i for m, known in keys.items() for key in known if (i := find(m, key)) is not None]


def _put_back(unit: UnitOfWork, level: Level) -> None:
    """Deleted objects are back in what held them; the value of the earliest change counts.

    An object that is new again keeps what was done to it since then.
    """
    for reference, name, before in reversed(level.holders):
        owner = reference()
        if owner is None or name not in owner.__dict__:
            continue
        relationship, held = mapper_of(owner).relationships[name], owner.__dict__[name]
        if status_of(owner) is Status.TRANSIENT:
            before = _with_returned(before, held, level.deleted)
        elif not unit.contains(owner):
            continue
        if relationship.to_many and _lacks_keys(relationship, before):
            del owner.__dict__[name]  # to be loaded again, since a dict of them can't be made
            own_state(owner).originals.pop(name, None)  # type: ignore[union-attr]
        elif relationship.to_many:
            fill_collection(owner, relationship, before, getattr(held, "selection", None))
        else:
            owner.__dict__[name] = before


def _lacks_keys(relationship: Relationship[Any, Any], members: Iterable[Any]) -> bool:
    """Whether the values by which a dict has its members have expired."""
    key = relationship.keyed_by
    return key is not None and any(
        key in type(member).__mapper__.columns and key not in member.__dict__ and has_row(member)
        for member in members
    )


def _with_returned(before: Any, held: Any, returned: Container[Any]) -> Any:
    """What a relationship holds now, with the deleted objects that it held before."""
    if not isinstance(before, list):
        return before if held is None else held
    now = {id(member): member for member in members_of(held)}
    kept = [m for m in before if id(m) in now or m in returned]
    known = {id(member) for member in kept}
    return kept + [member for key, member in now.items() if key not in known]


def _undo_inserts(unit: UnitOfWork, level: Level) -> None:
    inserted = [i for r in level.inserted if (i := r()) is not None]
    for instance in dict.fromkeys((*inserted, *_held(unit, level.born))):
        state = own_state(instance)
        if state.scope is unit.scope:
            if state.status is Status.PERSISTENT:
                unit.identity_map.discard(mapper_of(instance), identity_key(instance), instance)
            unit.dirty.pop(instance, None)
        elif state.scope.unit is not None:
            continue
        _make_transient(instance, state)
    for instance in unit.new:
        _make_transient(instance, own_state(instance))
    unit.new.clear()


def _make_transient(instance: Any, state: InstanceState) -> None:
    # of one that was loaded again this is made now: what it has counts as given
    assert instance.__pydantic_fields_set__ is not None
    if state.originals:
        _empty_references(instance, state.originals)
    if state.partial or mapper_of(instance).deferred:
        fill_unloaded(instance)
        state.partial = False
    state.scope = Scope(None)
    state.status = Status.TRANSIENT
    state.was_deleted = False
    state.inserted = False
    state.snapshots = None
    if state.originals:
        state.originals.clear()


def _empty_references(instance: Any, originals: dict[str, Any]) -> None:
    """A reference that was set to None, and not flushed, must not come back by its key."""
    mapper, values = mapper_of(instance), instance.__dict__
    for relationship in mapper.many_to_one:
        if relationship.name in originals and values.get(relationship.name, UNLOADED) is None:
            for name in relationship.foreign_key.cleared:
                if name not in mapper.primary_key:
                    values[name] = None


def fill_unloaded(instance: Any) -> None:
    """Columns that are not loaded become None: there is no row any more to load them from."""
    values = instance.__dict__
    for name in mapper_of(instance).columns:
        if name not in values:
            values[name] = None
            # so that the server fills it where it can
            instance.__pydantic_fields_set__.discard(name)


def _undo_keys(unit: UnitOfWork, level: Level) -> list[Any]:
    """Give rows the keys back that they had."""
    undone: list[tuple[Any, Key]] = []
    for mapper, keys in level.rekeyed.items():
        for after, before in keys.items():
            instance = unit.identity_map.get(mapper, after)
            if instance is not None:
                unit.identity_map.discard(mapper, after, instance)
                undone.append((instance, before))
    for instance, before in undone:
        restore_key(instance, before)
        unit.identity_map.add(mapper_of(instance), before, instance)
    return [instance for instance, _ in undone]


def restore_key(instance: Any, key: Key) -> None:
    """Give an instance back the primary key it had."""
    mapper = mapper_of(instance)
    state = own_state(instance)
    for name, value in zip(mapper.primary_key, mapper.key_values(key), strict=True):
        instance.__dict__[name] = value
        if state.originals:
            state.originals.pop(name, None)


def _undo_deletes(unit: UnitOfWork, level: Level) -> None:
    for instance, key in level.deleted.items():
        state = own_state(instance)
        if key is None:
            # inserted in this level too: it has never had a row
            if state.scope is unit.scope or state.scope.unit is None:
                _make_transient(instance, state)
            continue
        if state.status is not Status.DELETED:
            continue
        restore_key(instance, key)
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
    other = unit.identity_map.get(mapper.root, key)
    if other is not None and other is not instance:
        unit.release(other)
    unit.identity_map.add(mapper, key, instance)


def become_deleted(unit: UnitOfWork, instances: Sequence[Any]) -> None:
    """The rows of persistent instances are deleted; a rollback may bring them back."""
    for instance, key in zip(instances, identity_keys(instances), strict=True):
        mapper: Mapper = type(instance).__mapper__
        unit.identity_map.discard(mapper, key, instance)
        unit.dirty.pop(instance, None)
        unit.watched.pop(instance, None)
        own_state(instance).status = _DELETED
        if unit.levels:
            unit.levels[-1].note_delete(instance, mapper, key)


def deleted_elsewhere(unit: UnitOfWork, instance: Any) -> None:
    """The row of a persistent instance has turned out to be gone."""
    become_deleted(unit, (instance,))
    if HEARD:
        unit.note("persistent_to_deleted", instance)


def is_expired(instance: Any) -> bool:
    """Whether a column has no value in memory that the instance was, or would be, loaded with."""
    state = state_of(instance)
    if state is None or not state.partial:
        return False
    tree = state.tree
    names = mapper_of(instance).selected if tree is None or not tree.columns else tree.attributes
    return any(name not in instance.__dict__ for name in names)
