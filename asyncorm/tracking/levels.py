"""Level: what a transaction or savepoint has flushed, so that its rollback can be undone in
memory; a released savepoint hands its record on to the level around it."""

from __future__ import annotations

from typing import Any
from weakref import ref

from asyncorm.mapping.mapper import Key


class Level:
    """The flushed work of one transaction level.

    Inserted and updated instances are referred to weakly: one that nobody holds any more needs
    no restoring. Deleted ones are kept, because only this record still knows them.
    """

    __slots__ = ("deleted", "inserted", "rekeyed", "updated")

    def __init__(self) -> None:
        self.inserted: list[ref[Any]] = []
        self.updated: list[ref[Any]] = []
        self.deleted: dict[Any, None] = {}
        #: instances whose key was changed, with the key they had when the level began
        self.rekeyed: dict[ref[Any], Key] = {}

    def merge_into(self, outer: Level) -> None:
        """Hand the record on to the enclosing level when this one is released."""
        outer.inserted += self.inserted
        outer.updated += self.updated
        outer.deleted.update(self.deleted)
        for reference, key in self.rekeyed.items():
            outer.rekeyed.setdefault(reference, key)
