"""Members: what all to-many collections share; whoever listens is told who comes and who goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol
from weakref import ref

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.relationships import Relationship


class CollectionListener(Protocol):
    """Who is told about changes of a collection."""

    def admit(
        self, owner: Any, relationship: Relationship[Any, Any], members: Iterable[Any]
    ) -> None:
        """Called before members come in; raises if one must not."""

    def changing(self, owner: Any, relationship: Relationship[Any, Any], before: Any) -> None:
        """Called before every change with the collection as it is."""

    def added(
        self, owner: Any, relationship: Relationship[Any, Any], members: Iterable[Any]
    ) -> None:
        """Called after members have come in."""

    def removed(self, owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
        """Called after a member has gone."""


def _nobody() -> None:
    """Stands for the reference to an owner that a collection has no more."""


#: the slots of every collection: one with a dictionary takes 0.7 µs to make instead of 0.2
SLOTS = ("_listener", "_owner", "_relationship", "aside", "selection")
#: a base of list, set and dict can have none itself
_WITHOUT: tuple[str, ...] = ()


class Related:
    """What all collections share: the owner, the relationship and the listener.

    The owner is referred to weakly, so that a collection does not keep it alive.
    """

    __slots__ = _WITHOUT

    _owner: Callable[[], Any]
    _relationship: Relationship[Any, Any]
    _listener: CollectionListener
    #: the selection that it was loaded with, if not all members were; None for a whole collection
    selection: Any
    #: beside a whole collection, members of a selection that its owner will be asked for
    aside: tuple[Any, list[Any]] | None

    @property
    def partial(self) -> bool:
        """Whether there may be members in the database that were not loaded."""
        return self.selection is not None

    def _bind(
        self, owner: Any, relationship: Relationship[Any, Any], listener: CollectionListener
    ) -> None:
        self._owner = ref(owner)
        self._relationship = relationship
        self._listener = listener
        self.selection = self.aside = None

    def _release(self) -> None:
        """Belong to nobody any more, since the owner has got another collection."""
        self._owner = _nobody

    def _changing(self, members: Collection[Any] = ()) -> Any:
        owner = self._owner()
        if owner is None:
            raise InvalidRequestError(
                f"the owner of this {self._relationship} collection no longer exists, or has got "
                "another collection",
                hint="change the collection through its owner, and keep a reference to that",
            )
        if members:
            check_members(self._relationship, members)
            self._listener.admit(owner, self._relationship, members)
        self._listener.changing(owner, self._relationship, self)
        return owner

    def _added(self, owner: Any, members: Iterable[Any]) -> None:
        self._listener.added(owner, self._relationship, members)

    def _removed(self, owner: Any, members: Iterable[Any]) -> None:
        for member in members:
            self._listener.removed(owner, self._relationship, member)


def check_members(relationship: Relationship[Any, Any], members: Iterable[Any]) -> None:
    """Refuse objects of another class than the relationship's target."""
    target, before = relationship.target.entity, None
    for member in members:
        kind = type(member)
        if kind is not before:
            if kind is not target:
                check_member(relationship, member)
            before = kind


def check_member(relationship: Relationship[Any, Any], member: Any) -> None:
    """Refuse an object of another class than the relationship's target."""
    target = relationship.target.entity
    if not isinstance(member, target):
        wanted, given = target.__name__, type(member).__name__
        if wanted == given:  # of two registries, or of one class that was declared again
            wanted, given = (f"{c.__module__}.{c.__qualname__}" for c in (target, type(member)))
        raise ArgumentError(
            f"{relationship} takes {wanted} objects, not {given}",
            hint=f"give an instance of {wanted}",
        )
