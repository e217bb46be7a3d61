"""Scope: what the FROM of one SELECT makes visible, and what must be joined to it besides."""

from __future__ import annotations

from typing import Any

from asyncorm.sql.implied import ImpliedAlias

#: what tells two sources apart: structure, and which values they bind
SourceKey = tuple[Any, ...]


class Scope(set[SourceKey]):
    """The sources of a SELECT; paths over to-one relationships that begin there are noted."""

    def __init__(self, visible: set[SourceKey]) -> None:
        super().__init__(visible)
        self.implied: dict[SourceKey, ImpliedAlias] = {}

    def imply(self, alias: ImpliedAlias) -> None:
        """Note that an alias is to be joined, after those that its path leads over."""
        if isinstance(alias._owner, ImpliedAlias):
            self.imply(alias._owner)
        self.implied.setdefault(source_key(alias), alias)


def source_key(source: Any) -> SourceKey:
    """What tells this source from others of a statement."""
    return (source._key, *map(id, source._parameters))
