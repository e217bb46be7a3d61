"""RelatedList and RelatedSet, and what is done to all collections without telling anybody.

Members are compared by identity, because two new objects with equal columns are two rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import indexOf
from typing import Any, SupportsIndex
from weakref import ref

from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.members import SLOTS, CollectionListener, Related
from asyncorm.tracking.related_dict import RelatedDict


class RelatedList(list[Any], Related):
    """The list of a to-many relationship; every change is tracked and back-populated."""

    __slots__ = (*SLOTS, "_counts")

    #: how often each member is in, by identity; None until somebody asks. Looking through the list
    #: for every member that comes or goes would make that quadratic
    _counts: Counter[int] | None

    def holds(self, member: Any) -> bool:
        """Whether this very object is a member."""
        return self.count(member) > 0

    def append_silently(self, member: Any) -> None:
        """Add a member at the end without telling anybody."""
        super().append(member)
        if self._counts is not None:
            self._counts[id(member)] += 1

    def keep_silently(self, members: list[Any]) -> None:
        """Hold these of the members only, without telling anybody."""
        self._counts = None
        super().__setitem__(slice(None), members)

    def drop_silently(self, member: Any) -> None:
        """Remove a member, however often it is in, without telling anybody."""
        for _ in range(self.count(member)):
            super().__delitem__(self.index(member))
        if self._counts is not None:
            del self._counts[id(member)]

    def append(self, member: Any) -> None:
        """Add a member at the end."""
        owner = self._changing((member,))
        self.append_silently(member)
        self._added(owner, (member,))

    def insert(self, index: SupportsIndex, member: Any) -> None:
        """Add a member before a position."""
        owner = self._changing((member,))
        self._counts = None
        super().insert(index, member)
        self._added(owner, (member,))

    def extend(self, members: Iterable[Any]) -> None:
        """Add several members."""
        new = list(members)
        owner = self._changing(new)
        self._counts = None
        super().extend(new)
        self._added(owner, new)

    def __iadd__(self, members: Iterable[Any]) -> RelatedList:  # type: ignore[misc]
        self.extend(members)
        return self

    def remove(self, member: Any) -> None:
        """Remove this very object; ValueError if it is not a member."""
        del self[self.index(member)]

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Remove and return the member at a position."""
        member = self[index]
        del self[index]
        return member

    def clear(self) -> None:
        """Remove all members."""
        members = list(self)
        owner = self._changing()
        self._counts = None
        super().clear()
        self._removed(owner, dict.fromkeys(members))

    def index(self, member: Any, *bounds: Any) -> int:
        """The position of this very object; ValueError if it is not a member."""
        start, stop, _ = slice(*(*bounds, None, None)[:2]).indices(len(self))
        try:
            return start + indexOf(map(id, islice(self, start, stop)), id(member))
        except ValueError:
            raise ValueError(f"the object is not in {self._relationship}") from None

    def count(self, member: Any) -> int:
        """How often this very object is a member."""
        if self._counts is None:
            self._counts = Counter(map(id, self))
        return self._counts.get(id(member), 0)

    def __contains__(self, member: Any) -> bool:
        return id(member) in map(id, self)

    def __setitem__(self, index: Any, value: Any) -> None:
        before = list(self)
        new = list(value) if isinstance(index, slice) else [value]
        owner = self._changing(new)
        self._counts = None
        super().__setitem__(index, new if isinstance(index, slice) else value)
        self._report(owner, before)

    def __delitem__(self, index: Any) -> None:
        gone = self[index] if isinstance(index, slice) else [self[index]]
        owner = self._changing()
        counts, self._counts = self._counts or Counter(map(id, self)), None
        super().__delitem__(index)
        counts.subtract(map(id, gone))
        self._counts = counts
        self._removed(owner, {id(m): m for m in gone if not counts[id(m)]}.values())

    def __imul__(self, times: SupportsIndex) -> RelatedList:
        self[:] = list(self) * times
        return self

    def _report(self, owner: Any, before: list[Any]) -> None:
        was, now = {id(m) for m in before}, {id(m) for m in self}
        self._removed(owner, [m for m in before if id(m) not in now])
        self._added(owner, [m for m in self if id(m) not in was])

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


class RelatedSet(set[Any], Related):
    """The set of a to-many relationship; every change is tracked and back-populated."""

    __slots__ = SLOTS

    def add(self, member: Any) -> None:
        """Add a member."""
        if member not in self:
            owner = self._changing((member,))
            super().add(member)
            self._added(owner, (member,))

    def remove(self, member: Any) -> None:
        """Remove a member; KeyError if it is none."""
        if member not in self:
            raise KeyError(f"the object is not in {self._relationship}")
        self.discard(member)

    def discard(self, member: Any) -> None:
        """Remove a member if it is one."""
        if member in self:
            owner = self._changing()
            super().discard(member)
            self._removed(owner, (member,))

    def pop(self) -> Any:
        """Remove and return some member."""
        if not self:
            raise KeyError(f"{self._relationship} is empty")
        member = next(iter(self))
        self.discard(member)
        return member

    def clear(self) -> None:
        """Remove all members."""
        self._replace(set())

    def update(self, *others: Iterable[Any]) -> None:
        """Add the members of others."""
        self._replace(set(self).union(*others))

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Remove the members of others."""
        self._replace(set(self).difference(*others))

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keep the members that are in all others."""
        self._replace(set(self).intersection(*others))

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Keep the members that are in exactly one of the two."""
        self._replace(set(self).symmetric_difference(other))

    def __ior__(self, other: Any) -> RelatedSet:  # type: ignore[misc]
        self.update(other)
        return self

    def __isub__(self, other: Any) -> RelatedSet:  # type: ignore[misc]
        self.difference_update(other)
        return self

    def __iand__(self, other: Any) -> RelatedSet:  # type: ignore[misc]
        self.intersection_update(other)
        return self

    def __ixor__(self, other: Any) -> RelatedSet:  # type: ignore[misc]
        self.symmetric_difference_update(other)
        return self

    def _replace(self, members: set[Any]) -> None:
        gone, new = set(self) - members, members - set(self)
        if gone or new:
            owner = self._changing(new)
            super().difference_update(gone)
            super().update(new)
            self._removed(owner, gone)
            self._added(owner, new)

    def __reduce__(self) -> tuple[Any, ...]:
        return set, (set(self),)


RelatedCollection = RelatedList | RelatedSet | RelatedDict


def make_collection(
    owner: Any,
    relationship: Relationship[Any, Any],
    listener: CollectionListener,
    members: Iterable[Any] = (),
) -> RelatedCollection:
    """A collection for an owner, filled without telling anybody."""
    collection: RelatedCollection
    if relationship.collection is set:
        collection = RelatedSet()
        set.update(collection, members)
    elif relationship.collection is dict:
        collection = RelatedDict()
    else:
        collection = RelatedList(members)
        collection._counts = None
    collection._bind(owner, relationship, listener)
    if isinstance(collection, RelatedDict):
        dict.update(collection, ((collection.key_of(member), member) for member in members))
    return collection


def put_lists(
    owners: Iterable[Any],
    groups: Iterable[list[Any]],
    relationship: Relationship[Any, Any],
    listener: CollectionListener,
    selection: Any = None,
) -> None:
    """``make_collection`` of lists for thousands of owners: 0.35 µs for each instead of 0.8."""
    name = relationship.name
    for owner, members in zip(owners, groups, strict=True):
        made = RelatedList(members)
        made._owner = ref(owner)
        made._relationship = relationship
        made._listener = listener
        made.selection = selection
        made._counts = made.aside = None
        owner.__dict__[name] = made


def silent_add(collection: RelatedCollection, member: Any) -> None:
    """Add a member without telling anybody; a member that is there stays once."""
    if not isinstance(collection, RelatedList):
        silent_append(collection, member)
    elif not collection.holds(member):
        collection.append_silently(member)


def silent_append(collection: RelatedCollection, member: Any) -> None:
    """Add a member that is known not to be there, without telling anybody."""
    if isinstance(collection, RelatedList):
        collection.append_silently(member)
    elif isinstance(collection, RelatedSet):
        set.add(collection, member)
    else:
        dict.__setitem__(collection, collection.key_of(member), member)


def silent_remove(collection: RelatedCollection, member: Any) -> None:
    """Remove a member, if it is one, without telling anybody."""
    if isinstance(collection, RelatedSet):
        set.discard(collection, member)
    elif isinstance(collection, RelatedDict):
        for key in [key for key, other in collection.items() if other is member]:
            dict.__delitem__(collection, key)
    else:
        collection.drop_silently(member)


def silent_discard(collection: RelatedCollection, gone: set[int]) -> None:
    """Remove members by identity, many at once, without telling anybody."""
    if isinstance(collection, RelatedSet):
        set.difference_update(collection, [m for m in collection if id(m) in gone])
    elif isinstance(collection, RelatedDict):
        for key in [key for key, member in collection.items() if id(member) in gone]:
            dict.__delitem__(collection, key)
    else:
        collection.keep_silently([m for m in collection if id(m) not in gone])


#: ``list | set`` in a function would be made anew at each call: 0.65 µs instead of 0.25
_SEVERAL = (list, set, tuple, frozenset)


def members_of(value: Any) -> Iterator[Any]:
    """The related objects in an attribute's value, to-one or to-many."""
    if value is None:
        return iter(())
    if isinstance(value, dict):
        return iter(value.values())
    if isinstance(value, _SEVERAL):
        return iter(value)
    return iter((value,))
