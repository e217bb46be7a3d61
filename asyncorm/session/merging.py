"""merge: the state of objects, copied onto the session's own instances of the same keys.

A graph is walked step by step, so that every step costs one SELECT for each entity and one for
each collection, however many objects it has; circles end because every object is visited once.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from asyncorm.errors import InvalidRequestError, UnflushedChangesError
from asyncorm.loading.on_demand import load_many
from asyncorm.loading.pipeline import load_path
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.session.core import SessionCore
from asyncorm.sql.expressions import Expression
from asyncorm.tracking.changes import has_changes, same
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.conflicts import take_version
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.known import is_whole
from asyncorm.tracking.mutables import forget_snapshot, is_changed, snapshot_of
from asyncorm.tracking.state import UNLOADED, Status, own_state, set_state, state_of, status_of
from asyncorm.tracking.transitions import deleted_elsewhere
from asyncorm.tracking.unit_of_work import identity_key, mapper_of


async def merge(
    core: SessionCore, sources: Sequence[Any], load: bool, options: Sequence[Any]
) -> list[Any]:
    """The session's instances with the sources' values; new pending ones where there is no row.

    Without ``load`` nothing is sent, and what is copied counts as what the database has.
    """
    merging = _Merging(core) if load else _Copying(core)
    await merging.run(sources, options)
    return [merging.targets[source] for source in sources]


class _Merging:
    """One merge: the target of every source it has reached."""

    def __init__(self, core: SessionCore) -> None:
        self.core = core
        self.unit = core.unit
        self.targets: dict[Any, Any] = {}
        #: of sources that have a key, so that two of one key have one target
        self.by_key: dict[tuple[Mapper, Key], Any] = {}
        self.links: list[tuple[Any, Relationship[Any, Any]]] = []
        #: collections by whose other side their owner was reached first: they need not be whole
        self.partial: set[tuple[Any, Relationship[Any, Any]]] = set()

    async def run(self, sources: Sequence[Any], options: Sequence[Any]) -> None:
        level = list(sources)
        while level:
            found = [s for s in dict.fromkeys(level) if s not in self.targets and self._enter(s)]
            await self._load_targets(found, options)
            for source in found:
                self._merge_one(source)
            level = await self._related(found)
            options = ()
        for source, relationship in self.links:
            value = source.__dict__[relationship.name]
            whole = (source, relationship) not in self.partial and is_whole(value)
            self._link(self.targets[source], relationship, value, whole)

    def _enter(self, source: Any) -> bool:
        """Check a source; False for one that is in the session itself, pending or persistent."""
        mapper, state = mapper_of(source), state_of(source)
        if self.unit.contains(source):
            self.targets[source] = source
            return False
        if state is not None and (state.was_deleted or state.status is Status.DELETED):
            raise InvalidRequestError(
                f"the {mapper.name} has been deleted, so it can't be merged",
                hint="use make_transient() on it to store it again, as a new row",
            )
        return True

    async def _load_targets(self, sources: list[Any], options: Sequence[Any]) -> None:
        wanted: dict[Mapper, list[Key]] = {}
        for source in sources:
            mapper, key = mapper_of(source), identity_key(source)
            if key is None or (mapper, key) in self.by_key:
                continue
            held = self.unit.identity_map.get(mapper, key)
            if held is None or options or _has_key_only(held):
                wanted.setdefault(mapper, []).append(key)
            else:
                self.by_key[mapper, key] = held
        for mapper, keys in wanted.items():
            loaded = await load_many(mapper, keys, self.core.context, options)
            for key in keys:
                if key in loaded:
                    self.by_key[mapper, key] = loaded[key]
                elif (gone := self.unit.identity_map.get(mapper, key)) is not None:
                    deleted_elsewhere(self.unit, gone)

    def _merge_one(self, source: Any) -> None:
        mapper, key = mapper_of(source), identity_key(source)
        target = None if key is None else self.by_key.get((mapper, key))
        if target is None:
            target = _new_copy(source)
            self.unit.add(target)
            if key is not None:
                self.by_key[mapper, key] = target
        else:
            copy_columns(source, target)
        self.targets[source] = target

    async def _related(self, sources: list[Any]) -> list[Any]:
        """The sources that these refer to; what their targets had before is loaded."""
        owners: dict[Relationship[Any, Any], list[Any]] = {}
        for source in sources:
            for name, relationship in mapper_of(source).relationships.items():
                if name in source.__dict__ and _follows(relationship):
                    self.links.append((source, relationship))
                    owners.setdefault(relationship, []).append(source)
        found: list[Any] = []
        for relationship, members in owners.items():
            await self._load_replaced(relationship, [self.targets[source] for source in members])
            for source in members:
                reached = list(members_of(source.__dict__[relationship.name]))
                if relationship.back is not None and relationship.back.to_many:
                    first = [one for one in reached if one not in self.targets]
                    self.partial.update((one, relationship.back) for one in first)
                found += reached
        return found

    async def _load_replaced(self, relationship: Relationship[Any, Any], targets: Any) -> None:
        """What is replaced must be known, or nobody could say who is an orphan by it."""
        if relationship.direction is not Direction.MANY_TO_ONE:
            await load_path(targets, (relationship,), self.core.context)

    def _link(
        self, target: Any, relationship: Relationship[Any, Any], value: Any, whole: bool
    ) -> None:
        wanted = self._counterpart(relationship, value)
        if not whole:
            wanted = _united(target.__dict__.get(relationship.name), wanted)
        assign_related(target, relationship, wanted)

    def _counterpart(self, relationship: Relationship[Any, Any], value: Any) -> Any:
        """A relationship's value with the targets in place of the sources."""
        if not relationship.to_many:
            return None if value is None else self.targets[value]
        if isinstance(value, dict):
            return {key: self.targets[member] for key, member in value.items()}
        return list(dict.fromkeys(self.targets[member] for member in value))


class _Copying(_Merging):
    """A merge that believes its sources: nothing is loaded, and nothing is a change."""

    def _enter(self, source: Any) -> bool:
        if not super()._enter(source):
            return False
        name = mapper_of(source).name
        if status_of(source) in (Status.TRANSIENT, Status.PENDING):
            raise InvalidRequestError(
                f"merge() with load=False was given a {name} that has no row",
                hint="leave load=False out, or add() the new object",
            )
        if has_changes(source):
            raise InvalidRequestError(
                f"merge() with load=False was given a {name} with unflushed changes",
                hint="leave load=False out, so that they become an UPDATE",
            )
        return True

    async def _load_targets(self, sources: list[Any], options: Sequence[Any]) -> None:
        """Nothing is loaded."""

    async def _load_replaced(self, relationship: Relationship[Any, Any], targets: Any) -> None:
        """Nothing is loaded."""

    def _merge_one(self, source: Any) -> None:
        mapper, key = mapper_of(source), identity_key(source)
        target = self.by_key.get((mapper, key)) or self.unit.identity_map.get(mapper, key)
        if target is None:
            target = source.model_copy()
            self.unit.add(target)
        elif has_changes(target):
            raise UnflushedChangesError(
                f"merge() with load=False would overwrite an unflushed change of a {mapper.name}",
                hint="flush() first, or leave load=False out",
            )
        else:
            _overwrite_columns(source, target)
        self.targets[source] = self.by_key[mapper, key] = target

    def _link(
        self, target: Any, relationship: Relationship[Any, Any], value: Any, whole: bool
    ) -> None:
        if relationship.to_many:
            target.__dict__.pop(relationship.name, None)
            members = list(members_of(self._counterpart(relationship, value)))
            fill_collection(target, relationship, members, getattr(value, "selection", None))
        else:
            target.__dict__[relationship.name] = self._counterpart(relationship, value)


def _follows(relationship: Relationship[Any, Any]) -> bool:
    return "merge" in relationship.cascade and not relationship.viewonly


def _united(held: Any, wanted: Any) -> Any:
    """What a collection holds and what is to be added to it."""
    if isinstance(wanted, dict):
        return {**(held or {}), **wanted}
    return list(dict.fromkeys((*members_of(held), *wanted)))


def _holds(held: Any, wanted: Any) -> bool:
    """Whether a relationship holds these very objects already."""
    if isinstance(wanted, dict):
        return list(held) == list(wanted) and all(held[key] is wanted[key] for key in wanted)
    one, other = list(members_of(held)), list(members_of(wanted))
    if isinstance(held, set):
        return set(map(id, one)) == set(map(id, other))
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _has_key_only(instance: Any) -> bool:
    """Whether nothing but the key is left of an instance."""
    mapper = mapper_of(instance)
    return instance._state.partial and mapper.key_names.issuperset(
        name for name in instance.__dict__ if name in mapper.columns
    )


def _present(source: Any) -> list[str]:
    """The column attributes that the source has a value for."""
    columns = mapper_of(source).columns
    values = source.__dict__
    if status_of(source) in (Status.TRANSIENT, Status.PENDING):
        given = source.__pydantic_fields_set__
        return [name for name in columns if name in given and name in values]
    return [name for name in columns if name in values]


def _new_copy(source: Any) -> Any:
    """A new object with the source's columns, and mutable values of its own."""
    copied = source.model_copy()
    set_state(copied, None)
    values = copied.__dict__
    for name in mapper_of(source).mutable:
        if name in values and not isinstance(values[name], Expression):
            values[name] = deepcopy(values[name])
    if any(isinstance(value, Expression) for value in values.values()):
        own_state(copied).expressions = True
    copied.__pydantic_fields_set__.update(_present(source))
    return copied


def copy_columns(source: Any, target: Any) -> None:
    """Assign what is present on the source and differs from what the target holds."""
    mutable = mapper_of(source).mutable
    for name in take_version(source, target, _present(source)):
        value = source.__dict__[name]
        if name in mutable and not isinstance(value, Expression):
            value = deepcopy(value)
        assign_if_changed(target, name, value)


def assign_if_changed(target: Any, name: str, value: Any) -> None:
    """Assign a column, unless the target holds an equal value."""
    held, mutable = target.__dict__.get(name, UNLOADED), mapper_of(target).mutable
    if held is not UNLOADED and name in mutable:
        changed = is_changed(mutable[name], snapshot_of(mutable[name], held), value)
    else:
        changed = held is UNLOADED or not same(held, value)
    if changed:
        setattr(target, name, value)


def assign_related(target: Any, relationship: Relationship[Any, Any], value: Any) -> None:
    """Assign a relationship, unless the target holds these very objects."""
    held = target.__dict__.get(relationship.name, UNLOADED)
    if held is UNLOADED or not _holds(held, value):
        setattr(target, relationship.name, value)


def _overwrite_columns(source: Any, target: Any) -> None:
    """Take the source's loaded columns over as what the database has."""
    mapper, state = mapper_of(source), own_state(target)
    for name in _present(source):
        value = source.__dict__[name]
        target.__dict__[name] = deepcopy(value) if name in mapper.mutable else value
        forget_snapshot(state, name)
        state.originals.pop(name, None)  # type: ignore[union-attr]
    state.partial = mapper.lacks_columns(target.__dict__)
    state.scope.unit.mark_clean(target)  # type: ignore[union-attr]
