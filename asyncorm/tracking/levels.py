"""Level: what a transaction or savepoint has flushed, so that its rollback can be undone in
memory; a released savepoint hands its record on to the level around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

from asyncorm.mapping.mapper import Key, Mapper


class Level:
    """The flushed work of one transaction level, by key.

    By key and not by instance, because an instance may be dropped and its row be loaded again:
    then the new instance is the one to be undone. No record keeps an instance alive but that of
    the deleted ones, which nothing else knows any more.
    """

    __slots__ = ("born", "deleted", "holders", "inserted", "rekeyed", "updated")

    def __init__(self) -> None:
        #: inserted instances: they become transient even if they have left the session
        self.inserted: list[ref[Any]] = []
        #: the present keys of inserted rows
        self.born: dict[Mapper, set[Key]] = {}
        #: keys of updated rows
        self.updated: dict[Mapper, list[Key]] = {}
        #: deleted instances, with the key they had when the level began; None if they had no row
        self.deleted: dict[Any, Key | None] = {}
        #: keys of rows whose key was changed, each with the one it had when the level began
        self.rekeyed: dict[Mapper, dict[Key, Key]] = {}
        #: relationships that deleted objects were taken out of: (owner, name, value before)
        self.holders: list[tuple[ref[Any], str, Any]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing was flushed in it."""
        return not (self.born or self.inserted or self.updated or self.deleted)

    def note_holder(self, owner: Any, name: str, before: Any) -> None:
        """Deleted objects leave a relationship of an owner."""
        self.holders.append((ref(owner), name, before))

    def note_update(self, mapper: Mapper, key: Key) -> None:
        """A row was updated, by us or by the server."""
        self.updated.setdefault(mapper, []).append(key)

    def note_updates(self, mapper: Mapper, keys: Iterable[Key]) -> None:
        """The same of many rows of an entity."""
        self.updated.setdefault(mapper, []).extend(keys)

    def note_delete(self, instance: Any, mapper: Mapper, key: Key) -> None:
        """A row was deleted; its instance is kept for a rollback."""
        born = self.born.get(mapper)
        if born is not None and key in born:
            born.discard(key)
            self.deleted[instance] = None
        else:
            self.deleted[instance] = self.rekeyed.get(mapper, {}).pop(key, key)

    def note_rekeys(self, changes: list[tuple[Mapper, Key, Key]]) -> None:
        """Rows have other keys now: (mapper, before, after) of all that changed at once."""
        noted: list[tuple[Mapper, Key, Key | None]] = []
        for mapper, before, after in changes:
            born = self.born.setdefault(mapper, set())
            first = None
            if before in born:
                born.discard(before)
            else:
                first = self.rekeyed.setdefault(mapper, {}).pop(before, before)
            noted.append((mapper, after, first))
        for mapper, after, first in noted:
            if first is None:
                self.born[mapper].add(after)
            else:
                self.rekeyed[mapper][after] = first

    def merge_into(self, outer: Level) -> None:
        """Hand the record on to the enclosing level when this one is released."""
        for instance, key in self.deleted.items():
            if key is None:
                outer.deleted[instance] = None
            else:
                outer.note_delete(instance, type(instance).__mapper__, key)
        outer.note_rekeys(
            [(m, k[1], k[0]) for m, keys in self.rekeyed.items() for k in keys.items()]
        )
        for mapper, born in self.born.items():
            outer.born.setdefault(mapper, set()).update(born)
        for mapper, updated in self.updated.items():
            outer.updated.setdefault(mapper, []).extend(updated)
        outer.inserted += self.inserted
        outer.holders += self.holders
