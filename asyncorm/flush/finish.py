"""After a flush: instances take their new states, and what was written is no longer a change."""

from __future__ import annotations

from typing import Any
from weakref import ref

from asyncorm.errors import FlushError
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.echo import echo_deletes, echo_key_changes
from asyncorm.flush.link import Link
from asyncorm.flush.plan import FlushPlan
from asyncorm.mapping.mapper import Mapper
from asyncorm.tracking.state import InstanceState, Status, own_state, set_state
from asyncorm.tracking.transitions import restore_clean
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of


def finish_flush(unit: UnitOfWork, changes: ChangeSet, plan: FlushPlan) -> None:
    """Everything the plan wrote is now as in the database."""
    dirty = list(unit.dirty)
    level = unit.levels[-1]
    echo_key_changes(unit, changes)
    for instance in changes.updates:
        _rekey(unit, instance)
    for link in changes.links.values():
        _point(link)
    _persist_all(unit, changes.inserts)
    for instance in dict.fromkeys((*changes.updates, *dirty)):
        restore_clean(instance, own_state(instance))
        level.updated.append(ref(instance))
    for instance in changes.dropped:
        unit.release(instance)
    unit.dirty.clear()
    unit.new.clear()
    for instance in changes.deletes:
        _delete(unit, instance)
    for instance in echo_deletes(unit, changes.deletes):
        _delete(unit, instance)
    unit.deleted.clear()


def _point(link: Link) -> None:
    """A reference that was written from the other side is what the child's attribute shows."""
    values = link.child.__dict__
    for relationship in mapper_of(link.child).many_to_one:
        if relationship.foreign_key is link.foreign_key and relationship.name in values:
            values[relationship.name] = link.parent


def _delete(unit: UnitOfWork, instance: Any) -> None:
    unit.identity_map.discard(mapper_of(instance), identity_key(instance), instance)
    unit.dirty.pop(instance, None)
    state = own_state(instance)
    restore_clean(instance, state)
    state.status = Status.DELETED
    unit.levels[-1].deleted[instance] = None


def _persist_all(unit: UnitOfWork, instances: list[Any]) -> None:
    """New instances are persistent now; those without a state of their own share one from here."""
    clean = InstanceState(unit.scope, Status.PERSISTENT)
    clean.inserted = True
    inserted = unit.levels[-1].inserted
    for instance in instances:
        mapper = mapper_of(instance)
        key = mapper.key_of(instance.__dict__)
        if key is None:
            raise _without_key(mapper)
        state = instance._state
        if state.originals is None:
            set_state(instance, clean)
        else:
            state.status = Status.PERSISTENT
            state.inserted = True
            restore_clean(instance, state)
        unit.identity_map.add(mapper, key, instance)
        inserted.append(ref(instance))


def _without_key(mapper: Mapper) -> FlushError:
    return FlushError(
        f"the {mapper.name} has no primary key after its INSERT",
        hint="give the key, or let the database make it: column(primary_key=True, init=False)",
    )


def _rekey(unit: UnitOfWork, instance: Any) -> None:
    """A changed primary key is the identity key from now on."""
    mapper = mapper_of(instance)
    if own_state(instance).originals.keys().isdisjoint(mapper.primary_key):  # type: ignore[union-attr]
        return
    before = identity_key(instance)
    after = mapper.key_of(instance.__dict__)
    if before != after:
        unit.identity_map.discard(mapper, before, instance)
        unit.identity_map.add(mapper, after, instance)
        unit.levels[-1].rekeyed.setdefault(ref(instance), before)
