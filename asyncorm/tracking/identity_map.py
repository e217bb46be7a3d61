"""IdentityMap: one live instance per primary key, without keeping it alive.

Classes that derive from one another share their keys, so the map goes by the root of a hierarchy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import ref

from asyncorm.mapping.mapper import Key, Mapper

#: a table of references is swept when it has doubled since the last sweep, but not below this
_SWEEP_FLOOR = 1024


class References(dict[Key, "ref[Any]"]):
    """The references of one entity, by key.

    Plain references without callback: a callback costs 0.15 µs a row against 0.06. Dead ones
    are swept now and then instead, so memory stays within twice the live instances.
    """

    #: of the class until it is swept: to make one is no call of Python, and takes no more memory
    sweep_at = _SWEEP_FLOOR

    def live(self) -> list[Any]:
        """The instances that are still alive, in order of entry."""
        return [instance for r in self.values() if (instance := r()) is not None]

    def sweep(self) -> None:
        """Drop dead references if many may have gathered."""
        if len(self) >= self.sweep_at:
            for key in [key for key, r in self.items() if r() is None]:
                del self[key]
            self.sweep_at = max(_SWEEP_FLOOR, 2 * len(self))


class IdentityMap:
    """All persistent instances of a session, by mapper and key."""

    __slots__ = ("tables",)

    def __init__(self) -> None:
        self.tables: dict[Mapper, References] = {}

    def references(self, mapper: Mapper) -> References:
        """The references of one entity; hydration reads and writes them directly."""
        found = self.tables.get(mapper.root)
        if found is None:
            found = self.tables[mapper.root] = References()
        return found

    def get(self, mapper: Mapper, key: Key) -> Any:
        """The live instance with this key, or None; also for one of a class beside the mapper's."""
        found = self.tables.get(mapper.root)
        if found is None:
            return None
        reference = found.get(key)
        if reference is None:
            return None
        instance = reference()
        if mapper.base is not None and not isinstance(instance, mapper.entity):
            return None
        return instance

    def add(self, mapper: Mapper, key: Key, instance: Any) -> None:
        """Enter an instance under its key."""
        references = self.references(mapper)
        references[key] = ref(instance)
        references.sweep()

    def discard(self, mapper: Mapper, key: Key, instance: Any) -> None:
        """Remove the entry of an instance; another instance's entry stays."""
        references = self.tables.get(mapper.root)
        if references is not None:
            reference = references.get(key)
            if reference is not None and reference() is instance:
                del references[key]

    def instances(self) -> list[Any]:
        """All live instances."""
        return [instance for refs in self.tables.values() for instance in refs.live()]

    def items(self) -> Iterator[tuple[tuple[Mapper, Key], Any]]:
        """Live entries as ((mapper, key), instance)."""
        for mapper, references in self.tables.items():
            for key, reference in list(references.items()):
                instance = reference()
                if instance is not None:
                    yield (mapper, key), instance

    def clear(self) -> None:
        """Forget everything."""
        self.tables.clear()
