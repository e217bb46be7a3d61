"""What a row does to an instance that is in the identity map already: by default nothing but
filling what is not loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from enum import Enum
from typing import Any

from asyncorm.errors import StaleDataError, UnflushedChangesError
from asyncorm.mapping.mapper import Mapper
from asyncorm.tracking.changes import changed_columns, changed_members, column_changed, same
from asyncorm.tracking.conflicts import conflict_of
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.mutables import is_changed
from asyncorm.tracking.state import InstanceState, own_state
from asyncorm.types.base import Converter, converted

#: the objects that a statement has overwritten, with those its options load
Seen = MutableMapping[Any, None]


class Existing(Enum):
    """How a row treats loaded attributes of an instance that is already there."""

    REFRESH_CLEAN = "refresh what has no local change"
    #: the row is locked: changes made to another version of it could never be written
    LOCKED = "refresh what has no local change, if there is none or the version is the same"
    SAME_VERSION = "refresh what has no local change, if the version is the same"
    OVERWRITE = "overwrite everything"


def completer(
    mapper: Mapper, attributes: tuple[str, ...], positions: Sequence[int]
) -> Callable[[Any, Any, Existing | None], None]:
    """A function that takes values of a row over into an instance."""
    complete = _completer(mapper, attributes, positions)
    if mapper.version is None or mapper.version.name not in attributes:
        return complete

    def checked(instance: Any, row: Any, existing: Existing | None) -> None:
        if existing is Existing.LOCKED or existing is Existing.SAME_VERSION:
            _check_version(instance, row, mapper, attributes, positions, existing)
        complete(instance, row, existing)

    return checked


def _check_version(
    instance: Any,
    row: Any,
    mapper: Mapper,
    attributes: tuple[str, ...],
    positions: Sequence[int],
    existing: Existing,
) -> None:
    """Raise StaleDataError for a row of another version than the instance was loaded with."""
    assert mapper.version is not None
    theirs: dict[str, Any] = {}
    for position, name in zip(positions, attributes, strict=True):
        theirs[name] = converted(row[position], mapper.columns[name]._type.decode)
    wanted = changed_columns(instance)
    conflict = conflict_of(instance, wanted, theirs)
    name = mapper.version.name
    if name not in conflict.base or same(conflict.base[name], theirs[name]):
        return
    if existing is Existing.SAME_VERSION or wanted:
        raise StaleDataError(
            f"the row of the {mapper.name} was changed since it was loaded",
            objects=[instance],
            conflicts=[conflict],
            hint="await session.refresh() the object to have the row as it is now",
        )


def _completer(
    mapper: Mapper, attributes: tuple[str, ...], positions: Sequence[int]
) -> Callable[[Any, Any, Existing | None], None]:
    slots = [
        (name, position, mapper.columns[name]._type.decode)
        for position, name in zip(positions, attributes, strict=True)
    ]
    references = references_by_attribute(mapper)
    mutable = mapper.mutable
    forget = _forgetter(mapper, attributes)
    fill = _filler(mapper, attributes, slots, references)

    def complete(instance: Any, row: Any, existing: Existing | None) -> None:
        if existing is None:
            fill(instance, row)
            return
        values = instance.__dict__
        state = own_state(instance)
        originals = state.originals
        assert originals is not None
        snapshots = state.snapshots or {}
        for name, position, decode in slots:
            if existing is Existing.OVERWRITE:
                if name in originals or name in snapshots:
                    _check_overwritten(instance, name, originals)
            elif name in originals or (name in snapshots and column_changed(instance, name)):
                continue
            value = row[position]
            if decode is not None and value is not None:
                value = decode(value)
            if name in snapshots:
                if not is_changed(mutable[name], snapshots[name], value) and name in values:
                    continue  # who has read the value may still change it
                del snapshots[name]
            if name in references and values.get(name) != value:
                forget_references(instance, references[name])
            values[name] = value
        if forget is not None:
            forget(instance, state, existing)
        state.partial = mapper.lacks_columns(values)
        unit = state.scope.unit
        if existing is Existing.OVERWRITE and not originals and unit is not None:
            unit.mark_clean(instance)
        if HEARD and unit is not None:
            unit.note("refresh", instance)

    return complete


def _filler(
    mapper: Mapper,
    attributes: tuple[str, ...],
    slots: Sequence[tuple[str, int, Converter | None]],
    references: dict[str, tuple[str, ...]],
) -> Callable[[Any, Any], None]:
    """What fills an instance's gaps with values of a row."""
    is_whole = not mapper.lacks_columns(attributes)

    def fill(instance: Any, row: Any) -> None:
        """``complete`` where nothing that is there is touched: 0.6 µs for a row instead of 1.3."""
        values = instance.__dict__
        missing = [slot for slot in slots if slot[0] not in values]
        if not missing:
            return
        state = own_state(instance)
        for name, position, decode in missing:
            value = row[position]
            if decode is not None and value is not None:
                value = decode(value)
            if state.snapshots is not None:
                state.snapshots.pop(name, None)
            referring = references.get(name)
            if referring and value is not None and not values.keys().isdisjoint(referring):
                forget_references(instance, referring)
            values[name] = value
        state.partial = not is_whole and mapper.lacks_columns(values)
        if HEARD and state.scope.unit is not None:
            state.scope.unit.note("refresh", instance)

    return fill


def _forgetter(
    mapper: Mapper, attributes: tuple[str, ...]
) -> Callable[[Any, InstanceState, Existing], None] | None:
    """What forgets the deferred columns that a whole row does not bring: they might be stale."""
    absent = tuple(name for name in mapper.deferred if name not in attributes)
    if not absent or mapper.lacks_columns(attributes):
        return None

    def forget(instance: Any, state: InstanceState, existing: Existing) -> None:
        assert state.originals is not None
        for name in absent:
            if name not in instance.__dict__:
                continue
            if existing is Existing.OVERWRITE:
                _check_overwritten(instance, name, state.originals)
            elif column_changed(instance, name):
                continue
            del instance.__dict__[name]
            state.originals.pop(name, None)
            if state.snapshots is not None:
                state.snapshots.pop(name, None)

    return forget


def _check_overwritten(instance: Any, name: str, originals: dict[str, Any]) -> None:
    """An unflushed change is not overwritten unasked; one that came to nothing is forgotten."""
    if column_changed(instance, name):
        raise UnflushedChangesError(
            f"{type(instance).__name__}.{name} has an unflushed change that would be overwritten",
            hint="flush() first, or leave populate_existing out",
        )
    originals.pop(name, None)


def overwrite_columns(instance: Any, mapper: Mapper, raw: dict[str, Any]) -> None:
    """Take the driver's values of some columns over, whatever the instance holds."""
    attributes = tuple(raw)
    complete = completer(mapper, attributes, range(len(attributes)))
    complete(instance, tuple(raw.values()), Existing.OVERWRITE)


def forget_loaded(instances: Iterable[Any], seen: Seen) -> None:
    """Forget what the relationships of overwritten objects hold, so that it is loaded again.

    What this statement has loaded meanwhile stays; an unflushed change is not lost unasked.
    """
    for instance in instances:
        if instance is None or instance in seen:
            continue
        seen[instance] = None
        names = [n for n in type(instance).__mapper__.relationships if n in instance.__dict__]
        for name in names:
            if any(changed_members(instance, name)):
                raise UnflushedChangesError(
                    f"{type(instance).__name__}.{name} has an unflushed change that would be "
                    "overwritten",
                    hint="flush() first, or leave populate_existing out",
                )
        state = instance._state
        for name in names:
            del instance.__dict__[name]
            if state.originals:
                state.originals.pop(name, None)
        if state.inserted:
            own_state(instance).inserted = False


def references_by_attribute(mapper: Mapper) -> dict[str, tuple[str, ...]]:
    """The to-one relationships that depend on each foreign key attribute."""
    found: dict[str, tuple[str, ...]] = {}
    for relationship in mapper.many_to_one:
        for name in relationship.local_attributes:
            found[name] = (*found.get(name, ()), relationship.name)
    return found


def forget_references(instance: Any, names: tuple[str, ...]) -> None:
    """A foreign key has another value now: the objects it referred to are not those it means."""
    state = own_state(instance)
    for name in names:
        if not state.originals or name not in state.originals:
            instance.__dict__.pop(name, None)
