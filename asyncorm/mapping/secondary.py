"""Secondary: the link table of a many-to-many relationship, as seen from its owner."""

from __future__ import annotations

from functools import cached_property

from asyncorm._lazy_dataclass import dataclass
from asyncorm.sql.table import ForeignKey, Table


@dataclass(frozen=True, eq=False)
class Secondary:
    """Which key of a link table refers to a relationship's owner, and which to its target."""

    table: Table
    owner_key: ForeignKey
    target_key: ForeignKey

    @cached_property
    def swapped(self) -> bool:
        """Whether the key of the target comes first in the table: then the other side is first."""
        keys = self.table.foreign_keys
        return keys.index(self.target_key) < keys.index(self.owner_key)

    def mirrors(self, other: Secondary) -> bool:
        """Whether this is the same link seen from its other end."""
        return self.owner_key is other.target_key and self.target_key is other.owner_key
