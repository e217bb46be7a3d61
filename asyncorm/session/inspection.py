"""inspect(obj): what a session knows of an object, for looking at and for tests."""

from __future__ import annotations

from typing import Any, NamedTuple

from asyncorm.session.refreshing import check_attributes
from asyncorm.tracking.changes import (
    changed_columns,
    changed_members,
    has_changes,
    original_value,
)
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.state import UNLOADED, Status, state_of, status_of, unit_of
from asyncorm.tracking.unit_of_work import identity_key, mapper_of
from asyncorm.tracking.unloaded import is_unloaded


class History(NamedTuple):
    """What happened to an attribute since it was loaded or flushed."""

    added: tuple[Any, ...]
    unchanged: tuple[Any, ...]
    deleted: tuple[Any, ...]

    def has_changes(self) -> bool:
        """Whether anything was added or taken away."""
        return bool(self.added or self.deleted)


class InstanceInspection:
    """The state of one object at the moment of looking."""

    def __init__(self, instance: Any) -> None:
        self._mapper = mapper_of(instance)
        self._instance = instance

    @property
    def status(self) -> Status:
        """Which of the five states the object is in."""
        return status_of(self._instance)

    @property
    def transient(self) -> bool:
        """Not known to any session, and without a row."""
        return self.status is Status.TRANSIENT

    @property
    def pending(self) -> bool:
        """To be inserted at the next flush."""
        return self.status is Status.PENDING

    @property
    def persistent(self) -> bool:
        """In a session, with a row."""
        return self.status is Status.PERSISTENT

    @property
    def deleted(self) -> bool:
        """Its DELETE was flushed; the transaction is still open."""
        return self.status is Status.DELETED

    @property
    def detached(self) -> bool:
        """It has or had a row, and belongs to no session."""
        return self.status is Status.DETACHED

    @property
    def was_deleted(self) -> bool:
        """Whether its DELETE was flushed, or committed."""
        state = state_of(self._instance)
        return state is not None and (state.was_deleted or state.status is Status.DELETED)

    @property
    def modified(self) -> bool:
        """Whether a flush would find a net change."""
        return has_changes(self._instance)

    @property
    def session(self) -> Any:
        """The session the object belongs to, or None."""
        unit = unit_of(self._instance)
        return None if unit is None else unit.session()

    @property
    def identity_key(self) -> tuple[type[Any], tuple[Any, ...]] | None:
        """``(class, key values)`` of an object that has a row, else None."""
        if self.status in (Status.TRANSIENT, Status.PENDING):
            return None
        return self._mapper.entity, self._mapper.key_values(identity_key(self._instance))

    @property
    def identity(self) -> tuple[Any, ...] | None:
        """The key values of an object that has a row, else None."""
        key = self.identity_key
        return None if key is None else key[1]

    @property
    def object(self) -> Any:
        """The object itself."""
        return self._instance

    @property
    def unloaded(self) -> frozenset[str]:
        """The columns and relationships whose reading raises, since memory has no answer."""
        names = (*self._mapper.columns, *self._mapper.relationships)
        return frozenset(name for name in names if is_unloaded(self._instance, name))

    def history(self, name: str) -> History:
        """What was added to and taken from an attribute since it was loaded or flushed.

        Raises ArgumentError for a name that is no attribute.
        """
        check_attributes(self._instance, (name,))
        value = self._instance.__dict__.get(name, UNLOADED)
        if name in self._mapper.relationships:
            return self._related_history(name, value)
        if name not in changed_columns(self._instance):
            return History((), () if value is UNLOADED else (value,), ())
        before = original_value(self._instance, name)
        return History((value,), (), () if before is UNLOADED else (before,))

    def _related_history(self, name: str, value: Any) -> History:
        added, removed = changed_members(self._instance, name)
        members = [] if value is UNLOADED else list(members_of(value))
        kept = tuple(m for m in members if not any(m is a for a in added))
        return History(tuple(added), kept, tuple(removed))


def inspect(instance: Any) -> InstanceInspection:
    """Look at the state of a mapped object."""
    return InstanceInspection(instance)
