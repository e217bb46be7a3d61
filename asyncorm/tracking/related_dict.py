"""RelatedDict: the members of a to-many relationship by the value of one of their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.tracking.members import SLOTS, Related, check_member

_MISSING: Any = object()


class RelatedDict(dict[Any, Any], Related):
    """The dict of a to-many relationship; every change is tracked and back-populated."""

    __slots__ = SLOTS

    def key_of(self, member: Any) -> Any:
        """The key of a member."""
        return getattr(member, self._relationship.keyed_by or "")

    def __setitem__(self, key: Any, member: Any) -> None:
        if id(member) in map(id, self.values()):
            self.update({key: member})
            return
        # the others are not rebuilt, or filling a dict would be quadratic
        self._check({key: member})
        before = self.get(key)
        owner = self._changing((member,))
        super().__setitem__(key, member)
        if before is not None:
            self._removed(owner, (before,))
        self._added(owner, (member,))

    def __delitem__(self, key: Any) -> None:
        member = self[key]
        owner = self._changing()
        super().__delitem__(key)
        self._removed(owner, (member,))

    def update(self, other: Any = (), /, **named: Any) -> None:
        """Add members under their keys; who had such a key before is removed.

        A member whose key has changed since it came in is under the new one only.
        """
        given = dict(other, **named)
        self._check(given)
        coming = set(map(id, given.values()))
        kept = {k: m for k, m in self.items() if k in given or id(m) not in coming}
        self._write({**kept, **given})

    def replace(self, members: Mapping[Any, Any]) -> None:
        """Hold these members and no other."""
        self._check(members)
        self._write(dict(members))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The member of a key; the given one is added if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, default: Any = _MISSING) -> Any:
        """Remove and return the member of a key."""
        if key not in self and default is not _MISSING:
            return default
        member = self[key]
        del self[key]
        return member

    def popitem(self) -> tuple[Any, Any]:
        """Remove and return the last key with its member."""
        if not self:
            raise KeyError(f"{self._relationship} is empty")
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove all members."""
        self._write({})

    def __ior__(self, other: Any) -> RelatedDict:  # type: ignore[misc]
        self.update(other)
        return self

    def _check(self, members: Mapping[Any, Any]) -> None:
        for key, member in members.items():
            check_member(self._relationship, member)
            own = self.key_of(member)
            if own != key:
                name = f"{type(member).__name__}.{self._relationship.keyed_by}"
                raise ArgumentError(
                    f"{self._relationship} is keyed by {name}, which is not the key given",
                    hint=f"set the attribute first, then use it: items[obj.{name.split('.')[1]}]",
                )

    def _write(self, members: dict[Any, Any]) -> None:
        was = {id(member) for member in self.values()}
        now = {id(member) for member in members.values()}
        gone = _distinct(m for m in self.values() if id(m) not in now)
        new = _distinct(m for m in members.values() if id(m) not in was)
        owner = self._changing(new)
        super().clear()
        super().update(members)
        self._removed(owner, gone)
        self._added(owner, new)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _distinct(members: Iterable[Any]) -> list[Any]:
    return list({id(member): member for member in members}.values())
