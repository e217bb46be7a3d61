"""RelatedList and RelatedSet: to-many collections that report what is added and removed.

Members are compared by identity, because two new objects with equal columns are two rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, SupportsIndex
from weakref import ref

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.relationships import Relationship


class CollectionListener(Protocol):
    """Who is told about changes of a collection."""

    def admit(self, owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
        """Called before a member comes in; raises if it must not."""

    def changing(self, owner: Any, relationship: Relationship[Any, Any], before: Any) -> None:
        """Called before every change with the collection as it is."""

    def added(self, owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
        """Called after a member has come in."""

    def removed(self, owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
        """Called after a member has gone."""


class Related:
    """What both collections share: the owner, the relationship and the listener.

    The owner is referred to weakly, so that a collection does not keep it alive.
    """

    _owner: ref[Any]
    _relationship: Relationship[Any, Any]
    _listener: CollectionListener

    def _bind(
        self, owner: Any, relationship: Relationship[Any, Any], listener: CollectionListener
    ) -> None:
        self._owner = ref(owner)
        self._relationship = relationship
        self._listener = listener

    def _changing(self, members: Iterable[Any] = ()) -> Any:
        owner = self._owner()
        if owner is None:
            raise InvalidRequestError(
                f"the owner of this {self._relationship} collection no longer exists",
                hint="keep a reference to the owner while changing its collection",
            )
        for member in members:
            check_member(self._relationship, member)
            self._listener.admit(owner, self._relationship, member)
        self._listener.changing(owner, self._relationship, self)
        return owner

    def _added(self, owner: Any, members: Iterable[Any]) -> None:
        for member in members:
            self._listener.added(owner, self._relationship, member)

    def _removed(self, owner: Any, members: Iterable[Any]) -> None:
        for member in members:
            self._listener.removed(owner, self._relationship, member)


def check_member(relationship: Relationship[Any, Any], member: Any) -> None:
    """Refuse an object of another class than the relationship's target."""
    target = relationship.target.entity
    if not isinstance(member, target):
        raise ArgumentError(
            f"{relationship} takes {target.__name__} objects, not {type(member).__name__}",
            hint=f"give an instance of {target.__name__}",
        )


class RelatedList(list[Any], Related):
    """The list of a to-many relationship; every change is tracked and back-populated."""

    def append(self, member: Any) -> None:
        """Add a member at the end."""
        owner = self._changing((member,))
        super().append(member)
        self._added(owner, (member,))

    def insert(self, index: SupportsIndex, member: Any) -> None:
        """Add a member before a position."""
        owner = self._changing((member,))
        super().insert(index, member)
        self._added(owner, (member,))

    def extend(self, members: Iterable[Any]) -> None:
        """Add several members."""
        new = list(members)
        owner = self._changing(new)
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
        super().clear()
        self._removed(owner, members)

    def index(self, member: Any, *bounds: Any) -> int:
        """The position of this very object; ValueError if it is not a member."""
        start, stop = (*bounds, None, None)[:2]
        for position in range(*slice(start, stop).indices(len(self))):
            if self[position] is member:
                return position
        raise ValueError(f"the object is not in {self._relationship}")

    def count(self, member: Any) -> int:
        """How often this very object is a member."""
        return sum(1 for other in self if other is member)

    def __contains__(self, member: Any) -> bool:
        return any(other is member for other in self)

    def __setitem__(self, index: Any, value: Any) -> None:
        before = list(self)
        new = list(value) if isinstance(index, slice) else [value]
        owner = self._changing(new)
        super().__setitem__(index, new if isinstance(index, slice) else value)
        self._report(owner, before)

    def __delitem__(self, index: Any) -> None:
        before = list(self)
        owner = self._changing()
        super().__delitem__(index)
        self._report(owner, before)

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


RelatedCollection = RelatedList | RelatedSet


def make_collection(
    owner: Any,
    relationship: Relationship[Any, Any],
    listener: CollectionListener,
    members: Iterable[Any] = (),
) -> RelatedCollection:
    """A collection for an owner, filled without telling anybody."""
    if relationship.collection is set:
        as_set = RelatedSet()
        set.update(as_set, members)
        collection: RelatedCollection = as_set
    else:
        as_list = RelatedList()
        list.extend(as_list, members)
        collection = as_list
    collection._bind(owner, relationship, listener)
    return collection


def silent_add(collection: RelatedCollection, member: Any) -> None:
    """Add a member without telling anybody; a member that is there stays once."""
    if isinstance(collection, RelatedSet):
        set.add(collection, member)
    elif member not in collection:
        list.append(collection, member)


def silent_append(collection: RelatedCollection, member: Any) -> None:
    """Add a member that is known not to be there, without telling anybody."""
    if isinstance(collection, RelatedSet):
        set.add(collection, member)
    else:
        list.append(collection, member)


def silent_remove(collection: RelatedCollection, member: Any) -> None:
    """Remove a member, if it is one, without telling anybody."""
    if isinstance(collection, RelatedSet):
        set.discard(collection, member)
    elif member in collection:
        list.__delitem__(collection, collection.index(member))


def silent_discard(collection: RelatedCollection, gone: set[int]) -> None:
    """Remove members by identity, many at once, without telling anybody."""
    if isinstance(collection, RelatedSet):
        set.difference_update(collection, [m for m in collection if id(m) in gone])
    else:
        list.__setitem__(collection, slice(None), [m for m in collection if id(m) not in gone])


def members_of(value: Any) -> Iterator[Any]:
    """The related objects in an attribute's value, to-one or to-many."""
    if value is None:
        return iter(())
    if isinstance(value, list | set | tuple | frozenset):
        return iter(value)
    return iter((value,))
