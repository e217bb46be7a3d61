"""What instances and their states need of the unit of work, without importing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from asyncorm.tracking.listeners import Hearer


class Unit(Hearer, Protocol):
    """The part of a unit of work that an instance and its changed attributes talk to."""

    def mark_dirty(self, instance: Any) -> None:
        """Remember an instance as modified and keep it alive."""

    def mark_clean(self, instance: Any) -> None:
        """The instance has nothing unflushed any more."""

    def watch(self, instance: Any) -> None:
        """Look for inner changes of an instance at the next flush, and keep it alive until then."""

    def cascade_add(self, instance: Any) -> None:
        """Add an instance that was linked to one of the session's, with all it refers to."""

    def note(self, name: str, instance: Any) -> None:
        """Tell listeners of an event when the operation under way is done."""

    def check_add(self, instance: Any) -> None:
        """Refuse an instance that could not be added."""

    def release(self, instance: Any) -> None:
        """Let one instance go, whatever refers to it."""

    def drop_pending(self, instance: Any) -> None:
        """Let a pending instance go, with the pending ones that exist only through it."""

    def __iter__(self) -> Iterator[Any]:
        """All pending and persistent instances."""
        ...

    def find(self, entity: type[Any], key_values: tuple[Any, ...]) -> Any:
        """The live instance of this key, or None; never any I/O."""
