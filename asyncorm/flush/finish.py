"""After a flush: instances take their new states, and what was written is no longer a change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

from asyncorm.errors import FlushError
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.echo import echo_deletes, echo_key_changes, echo_links
from asyncorm.flush.leaving import leave_former_owners, leave_holders
from asyncorm.flush.link import Link
from asyncorm.flush.plan import Batch, FlushPlan
from asyncorm.flush.row import by_entity
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.changes import originals_of, stored_values
from asyncorm.tracking.mutables import renew_snapshots
from asyncorm.tracking.state import InstanceState, Status, own_state, set_state
from asyncorm.tracking.transitions import become_deleted, restore_clean
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, identity_keys, mapper_of

_PERSISTENT = Status.PERSISTENT


def finish_flush(unit: UnitOfWork, changes: ChangeSet, plan: FlushPlan) -> None:
    """Everything the plan wrote is now as in the database."""
    dirty = list(unit.dirty)
    moves_keys = changes.moves_keys
    if moves_keys:
        echo_key_changes(unit, changes)
    gone: dict[Any, None] = {}
    if changes.deletes or changes.replaced or changes.associations:
        gone = _let_go(unit, changes, plan)
    if moves_keys:
        _rekey(unit, changes)
    if changes.links:
        _point(changes.links.values())
        leave_former_owners(unit, changes.links.values())
    if changes.inserts or changes.replaced:
        _persist_all(unit, [*changes.inserts, *changes.replaced])
    if changes.updates or dirty:
        _update_all(unit, dict.fromkeys((*changes.updates, *dirty)))
    for batch in plan.batches:
        if not isinstance(batch, Batch):
            continue
        for instance, snapshots in batch.snapshots:
            renew_snapshots(instance, (*batch.columns, *batch.returning), snapshots)
    for instance in changes.dropped:
        unit.release(instance)
    unit.dirty.clear()
    unit.new.clear()
    unit.deleted.clear()
    if gone:
        leave_holders(unit, gone)
    if unit.watched:
        unit.watched.prune()


def _let_go(unit: UnitOfWork, changes: ChangeSet, plan: FlushPlan) -> dict[Any, None]:
    """The objects that have no row any more: deleted by us, or by the server along with others."""
    unlinked = echo_links(unit, plan)
    echoed = echo_deletes(unit, (*changes.deletes, *unlinked))
    for new, old in changes.replaced.items():
        if new not in changes.updates:  # its row was as it should be, so nothing was sent
            _take_over_row(new, old, changes)
    # first, so that the keys of what is deleted are free for what takes them
    gone = dict.fromkeys((*changes.deletes, *changes.replaced.values(), *unlinked, *echoed))
    become_deleted(unit, list(gone))
    for instance in gone:
        restore_clean(own_state(instance))
    return gone


def _point(links: Iterable[Link]) -> None:
    """A reference that was written from the other side is what the child's attribute shows."""
    kind: type[Any] | None = None
    key: ForeignKey | None = None
    names: list[str] = []
    for link in links:
        child = link.child
        if type(child) is not kind or link.foreign_key is not key:
            kind, key = type(child), link.foreign_key
            references: Iterable[Any] = mapper_of(child).many_to_one
            names = [r.name for r in references if r.foreign_key is key]
        values = child.__dict__
        for name in names:
            if name in values:
                values[name] = link.parent


def _take_over_row(new: Any, old: Any, changes: ChangeSet) -> None:
    for link in changes.links_of(new):
        link.apply()
    version = mapper_of(new).version
    if version is not None:
        new.__dict__[version.name] = stored_values(old)[version.name]


def _update_all(unit: UnitOfWork, written: Iterable[Any]) -> None:
    """What was changed is as in the database; a rollback expires it."""
    level = unit.levels[-1]
    instances = [i for i in written if i not in level.deleted] if level.deleted else [*written]
    for instance in instances:
        state = instance._state
        if state.originals is not None:  # else it shares one, and nothing was changed
            restore_clean(state)
    for mapper, rows in by_entity(instances).items():
        level.note_updates(mapper, identity_keys(rows))
        if mapper.write_only:
            for instance in rows:
                _forget_written(instance)


def _persist_all(unit: UnitOfWork, instances: list[Any]) -> None:
    """New instances are persistent now; those without a state of their own share one from here."""
    clean: InstanceState | None = None
    if len(instances) == len(unit.new):  # none is dropped
        unit.all_persistent()
    level = unit.levels[-1]
    for mapper, rows in by_entity(instances).items():
        keys = _keys(mapper, rows)
        if None in keys:
            raise _without_key(mapper)
        made = list(map(ref, rows))
        references = unit.identity_map.references(mapper)
        references.update(zip(keys, made, strict=True))
        level.inserted += made
        level.born.setdefault(mapper, set()).update(keys)
        for instance in rows:
            state = instance._state
            if state.originals is None:
                if state.status is not _PERSISTENT:
                    clean = clean or _inserted_state(unit)
                    set_state(instance, clean)
            else:
                state.status = Status.PERSISTENT
                state.inserted = True
                restore_clean(state)
        references.sweep()
        if mapper.write_only:
            for instance in rows:
                _forget_written(instance)


def _inserted_state(unit: UnitOfWork) -> InstanceState:
    state = InstanceState(unit.scope, Status.PERSISTENT)
    state.inserted = True
    return state


def _keys(mapper: Mapper, instances: Iterable[Any]) -> list[Key]:
    """The keys that objects have now; None for an incomplete one."""
    if len(mapper.primary_key) == 1:
        (name,) = mapper.primary_key
        return [instance.__dict__.get(name) for instance in instances]
    return [mapper.key_of(instance.__dict__) for instance in instances]


def _forget_written(instance: Any) -> None:
    """What has come and gone in write-only collections is in the database, and only there."""
    for name in mapper_of(instance).write_only:
        instance.__dict__.pop(name, None)


def _without_key(mapper: Mapper) -> FlushError:
    return FlushError(
        f"the {mapper.name} has no primary key after its INSERT",
        hint="give the key, or let the database make it: column(primary_key=True, init=False)",
    )


def _rekey(unit: UnitOfWork, changes: ChangeSet) -> None:
    """Changed primary keys are the identity keys from now on."""
    changed: list[tuple[Any, Mapper, Key, Key]] = []
    for instance in changes.updates:
        mapper = type(instance).__mapper__
        if not originals_of(instance).keys().isdisjoint(mapper.primary_key):
            before, after = identity_key(instance), mapper.key_of(instance.__dict__)
            if before != after:
                changed.append((instance, mapper, before, after))
    for instance, mapper, before, _ in changed:
        unit.identity_map.discard(mapper, before, instance)
    for instance, mapper, _, after in changed:
        unit.identity_map.add(mapper, after, instance)
    if changed:
        unit.levels[-1].note_rekeys([change[1:] for change in changed])
