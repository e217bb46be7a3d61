"""Level: what a transaction or savepoint has flushed, so that its rollback can be undone in
memory; a released savepoint hands its record on to the level around it."""

from __future__ import annotations

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
        #: keys of inserted rows
        self.born: dict[Mapper, list[Key]] = {}
        #: keys of updated rows
        self.updated: dict[Mapper, list[Key]] = {}
        #: deleted instances, with the key they had when the level began
        self.deleted: dict[Any, Key] = {}
        #: keys of rows whose key was changed, each with the one it had when the level began
        self.rekeyed: dict[Mapper, dict[Key, Key]] = {}

        #: relationships that deleted objects were taken out of: (owner, name, value before)
        self.holders: list[tuple[ref[Any], str, Any]] = []

    def note_holder(self, owner: Any, name: str, before: Any) -> None:
        """Deleted objects leave a relationship of an owner."""
        self.holders.append((ref(owner), name, before))

    def note_update(self, mapper: Mapper, key: Key) -> None:
        """A row was updated, by us or by the server."""
        self.updated.setdefault(mapper, []).append(key)

    def note_rekeys(self, changes: list[tuple[Mapper, Key, Key]]) -> None:
        """Rows have other keys now: (mapper, before, after) of all that changed at once."""
        earlier = [self.rekeyed.setdefault(m, {}).pop(before, before) for m, before, _ in changes]
        for (mapper, _, after), first in zip(changes, earlier, strict=True):
            self.rekeyed[mapper][after] = first

    def note_delete(self, instance: Any, mapper: Mapper, key: Key) -> None:
        """A row was deleted; its instance is kept for a rollback."""
        self.deleted[instance] = self.rekeyed.get(mapper, {}).pop(key, key)

    def merge_into(self, outer: Level) -> None:
        """Hand the record on to the enclosing level when this one is released."""
        outer.inserted += self.inserted
        outer.holders += self.holders
        for mine, theirs in ((self.born, outer.born), (self.updated, outer.updated)):
            for mapper, keys in mine.items():
                theirs.setdefault(mapper, []).extend(keys)
        for instance, key in self.deleted.items():
            outer.deleted[instance] = outer.rekeyed.get(type(instance).__mapper__, {}).pop(key, key)
        outer.note_rekeys(
            [
                (mapper, before, after)
                for mapper, keys in self.rekeyed.items()
                for after, before in keys.items()
            ]
        )
