"""The plain picture of what the rows of a guild should be."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.guild import Account, Badge, Guild, Locker, Member, Part, Quest, Tool


class Reference(NamedTuple):
    """An object refers to another one, in a collection of which it is."""

    entity: type[Guild]
    name: str
    target: type[Guild]
    collection: str
    #: whether it goes with the other one, and with its place in the collection
    owned: bool


REFERENCES = (
    Reference(Member, "patron", Member, "clients", owned=False),
    Reference(Account, "owner", Member, "accounts", owned=True),
    Reference(Tool, "owner", Member, "tools", owned=True),
    Reference(Locker, "holder", Member, "locker", owned=True),
    Reference(Part, "member", Member, "parts", owned=True),
    Reference(Part, "quest", Quest, "parts", owned=True),
)
COLUMNS: dict[type[Guild], tuple[str, ...]] = {
    Member: ("name", "email", "notes"),
    Account: ("amount",),
    Tool: ("kind",),
    Locker: ("number",),
    Badge: ("code", "label"),
    Quest: ("title",),
    Part: ("role",),
}
#: what no two rows may have in common
UNIQUE: dict[type[Guild], tuple[str, ...]] = {
    Member: ("email",),
    Tool: ("owner", "kind"),
    Locker: ("holder",),
    Badge: ("code",),
    Part: ("member", "quest"),
}


@dataclass
class Row:
    """Values by the names of attributes; a reference is the handle of another row."""

    entity: type[Guild]
    values: dict[str, Any]

    def unique(self) -> tuple[Any, ...] | None:
        """What no other row may have, or None if it has nothing of that kind."""
        if self.entity not in UNIQUE:
            return None
        found = tuple(self.values[name] for name in UNIQUE[self.entity])
        return None if None in found else (self.entity, *found)


@dataclass
class Picture:
    """What the rows should be, by handles that stand for the objects."""

    rows: dict[int, Row] = field(default_factory=dict)
    #: of members and badges
    links: set[tuple[int, int]] = field(default_factory=set)

    def copy(self) -> Picture:
        """The same, to go on from."""
        return deepcopy(self)

    def of(self, entity: type[Guild]) -> list[int]:
        """The handles of a class."""
        return sorted(handle for handle, row in self.rows.items() if row.entity is entity)

    def members(self, handle: int, collection: str) -> list[int]:
        """The handles that a collection of a row holds."""
        entity = self.rows[handle].entity
        reference = next(r for r in REFERENCES if r.target is entity and r.collection == collection)
        return [h for h in self.of(reference.entity) if self.get(h, reference.name) == handle]

    def get(self, handle: int, name: str) -> Any:
        """A value of a row."""
        return self.rows[handle].values[name]

    def set(self, handle: int, name: str, value: Any) -> None:
        """Change a value of a row."""
        self.rows[handle].values[name] = value

    def delete(self, handle: int) -> list[int]:
        """What is owned goes too, other references become NULL; the handles that are gone."""
        gone, row = [handle], self.rows.pop(handle)
        for reference in REFERENCES:
            if reference.target is row.entity:
                for other in self.of(reference.entity):
                    if other in self.rows and self.get(other, reference.name) == handle:
                        if reference.owned:
                            gone += self.delete(other)
                        else:
                            self.set(other, reference.name, None)
        self.links = {link for link in self.links if handle not in link}
        return gone

    def may_take(self, stored: Picture, handle: int, **values: Any) -> bool:
        """Whether a flush can give a row these values: unique ones are free, or are given up.

        Not those that rows would have to exchange in a circle.
        """
        after = Row(self.rows[handle].entity, {**self.rows[handle].values, **values})
        wanted = after.unique()
        if wanted is None:
            return True
        if any(h != handle and r.unique() == wanted for h, r in self.rows.items()):
            return False
        return not self._in_a_circle(stored, handle, wanted)

    def _in_a_circle(self, stored: Picture, handle: int, wanted: tuple[Any, ...] | None) -> bool:
        held_by = {
            row.unique(): h for h, row in stored.rows.items() if h in self.rows and row.unique()
        }
        seen: list[int] = []
        holder = held_by.get(wanted)
        while holder is not None and holder not in seen:
            if holder == handle:
                return bool(seen)
            seen.append(holder)
            holder = held_by.get(self.rows[holder].unique())
        return False
