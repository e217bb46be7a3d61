"""MembershipSession: which objects a session holds and as what; none of it needs the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from asyncorm.errors import UnflushedChangesError
from asyncorm.models.model import Model
from asyncorm.session.debugging import count_by_class
from asyncorm.session.identity_view import IdentityView
from asyncorm.session.objects import Objects
from asyncorm.session.reading import ReadingSession
from asyncorm.session.refreshing import check_attributes, names_given
from asyncorm.tracking.cascades import related
from asyncorm.tracking.changes import has_changes
from asyncorm.tracking.notices import fire_noted
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import Expunged, mapper_of


class MembershipSession(ReadingSession):
    """What a session takes in and lets go, and what it tells of that."""

    def add(self, instance: Model) -> None:
        """Take an object in, with all it refers to along the save-update cascade."""
        if self._guard.operation is not None or self._guard.closed:
            self._guard.check("add")
        self._transaction.check()
        unit = self._unit
        unit.add(instance)
        if not unit.levels:
            unit.begin()

    def add_all(self, instances: Iterable[Model]) -> None:
        """Take several objects in."""
        self._change("add_all")
        self._unit.add_all(instances)
        self._transaction.autobegin()

    def expunge(self, instance: Model) -> None:
        """Let an object go without any SQL; unflushed changes stay on it."""
        self._guard.check("expunge")
        self._unit.expunge(instance)

    def expunge_all(self) -> Expunged:
        """Let everything go, unflushed work included, and say how much it was."""
        self._guard.check("expunge_all")
        return self._unit.expunge_all()

    def clear(self, *, discard: bool = False) -> Expunged:
        """Let everything go; raises UnflushedChangesError if work would be lost by it."""
        self._guard.check("clear")
        if not discard:
            unflushed = self._unit.unflushed()
            if unflushed:
                raise UnflushedChangesError(
                    f"there is unflushed work on {count_by_class(unflushed)}; nothing was cleared"
                )
        return self._unit.expunge_all()

    def expire(self, instance: Model, attribute_names: Iterable[str] | None = None) -> None:
        """Forget loaded values and unflushed changes; the next refresh reads them again."""
        self._guard.check("expire")
        self._unit.require_persistent(instance)
        names = names_given(attribute_names)
        check_attributes(instance, names or ())
        queue, reached = [instance], set[int]()
        for member in queue:
            if id(member) in reached:
                continue
            reached.add(id(member))
            if names is None:
                queue.extend(related(member, "refresh-expire"))
            self._expire_one(member, names)
        fire_noted(self._unit)

    def _expire_one(self, instance: Any, names: tuple[str, ...] | None) -> None:
        if instance in self._unit.new:
            self._unit.expunge(instance)
        elif self._unit.contains(instance):
            expire(instance, names)
            if not instance._state.originals:
                self._unit.mark_clean(instance)

    def expire_all(self) -> None:
        """Forget loaded values and unflushed changes of all persistent objects."""
        self._guard.check("expire_all")
        for instance in self._unit.identity_map.instances():
            expire(instance)
            self._unit.mark_clean(instance)
        fire_noted(self._unit)

    def is_modified(self, instance: Model, include_collections: bool = True) -> bool:
        """Whether a flush would find a net change on the object."""
        mapper_of(instance)
        if instance in self._unit.new:
            return True
        return has_changes(instance, include_collections)

    def __contains__(self, instance: object) -> bool:
        return isinstance(instance, Model) and self._unit.contains(instance)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._unit)

    @property
    def new(self) -> tuple[Any, ...]:
        """The objects to be inserted, in the order they were added."""
        return Objects(self._unit.new)

    @property
    def dirty(self) -> tuple[Any, ...]:
        """The persistent objects that something was assigned to; ``is_modified`` is exact."""
        self._unit.notice()
        return Objects(i for i in self._unit.dirty if i not in self._unit.deleted)

    @property
    def deleted(self) -> tuple[Any, ...]:
        """The objects to be deleted."""
        return Objects(self._unit.deleted)

    @property
    def identity_map(self) -> IdentityView:
        """The persistent objects that are alive, by ``(class, key values)``."""
        return IdentityView(self._unit)

    def _change(self, operation: str) -> None:
        self._guard.check(operation)
        self._transaction.check()
