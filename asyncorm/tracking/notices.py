"""Notices: listeners are called, one after the other, in the order in which they were added."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from inspect import isawaitable
from typing import Any, Protocol

from asyncorm.errors import InvalidRequestError
from asyncorm.tracking.event_names import MOVE_EVENTS, WRITTEN_EVENTS
from asyncorm.tracking.listeners import (
    HEARD,
    HEARD_BY_CLASSES,
    Hearer,
    Listener,
    hears,
    inherited_listeners,
)
from asyncorm.tracking.state import Status, status_of

Call = tuple[str, Any]
"""An event of one object, by name."""


class Noting(Hearer, Protocol):
    """A unit of work that notes what it will tell of later."""

    notices: list[Call]


class Notice:
    """Awaited, it calls the listeners of an event and waits for those that are async."""

    __slots__ = ("_arguments", "_name", "_unit")

    def __init__(self, unit: Hearer, name: str, *arguments: Any) -> None:
        self._unit = unit
        self._name = name
        self._arguments = arguments

    def __await__(self) -> Generator[Any, Any, None]:
        listeners = _listeners(self._unit, self._name, self._arguments)
        if not listeners:
            return
        session = self._unit.session()
        if session is None:
            return
        # as in fire(), and without a context manager: it would cost more than a short listener
        unit = self._unit
        before, unit.hook = unit.hook, self._name
        try:
            for listener in listeners:
                answer = listener.function(session, *self._arguments)
                if answer is not None and isawaitable(answer):
                    yield from answer.__await__()
        except BaseException:
            unit.listener_errors += 1
            raise
        finally:
            unit.hook = before


def fire(unit: Hearer, name: str, *arguments: Any) -> None:
    """Call the listeners of an event that can't wait."""
    listeners = _listeners(unit, name, arguments)
    if not listeners:
        return
    session = unit.session()
    if session is None:
        return
    before, unit.hook = unit.hook, name
    try:
        for listener in listeners:
            answer = listener.function(session, *arguments)
            if answer is not None and isawaitable(answer):
                getattr(answer, "close", lambda: None)()  # or it warns that nobody awaited it
                raise _cannot_wait(name)
    except BaseException:
        unit.listener_errors += 1
        raise
    finally:
        unit.hook = before


def _listeners(unit: Hearer, name: str, arguments: tuple[Any, ...]) -> list[Listener]:
    """Who is to be called: of the session, then of the object's class and its bases."""
    found: list[Listener] = []
    if name in HEARD:
        for listeners in unit.listeners:
            if name in listeners.by_name:
                found += listeners.take(name)
        if name in HEARD_BY_CLASSES:
            for listeners in inherited_listeners(type(arguments[0])):
                if name in listeners.by_name:
                    found += listeners.take(name)
    return found


def _cannot_wait(name: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"a listener of {name} has returned an awaitable, but {name} happens where nothing is "
        "awaited",
        hint="do the work in the function itself, or later, in before_flush or before_commit",
    )


_MOVES = {
    (Status.TRANSIENT, Status.PENDING): "transient_to_pending",
    (Status.PENDING, Status.PERSISTENT): "pending_to_persistent",
    (Status.PENDING, Status.TRANSIENT): "pending_to_transient",
    (Status.PERSISTENT, Status.TRANSIENT): "persistent_to_transient",
    (Status.PERSISTENT, Status.DETACHED): "persistent_to_detached",
    (Status.PERSISTENT, Status.DELETED): "persistent_to_deleted",
    (Status.DETACHED, Status.PERSISTENT): "detached_to_persistent",
    (Status.DELETED, Status.DETACHED): "deleted_to_detached",
    # inserted and deleted in a transaction that is rolled back: it leaves, as above
    (Status.DELETED, Status.TRANSIENT): "deleted_to_detached",
    (Status.DELETED, Status.PERSISTENT): "deleted_to_persistent",
}


class Watch:
    """Remembers the states of objects, to say afterwards which have changed."""

    def __init__(self, unit: Hearer, instances: Iterable[Any]) -> None:
        self._before: list[tuple[Any, Status]] = []
        if HEARD and hears(unit, (*MOVE_EVENTS, *WRITTEN_EVENTS)):
            self._before = [(i, status_of(i)) for i in dict.fromkeys(instances)]

    def moves(self) -> list[Call]:
        """The events of the objects whose state has changed since."""
        calls: list[Call] = []
        for instance, before in self._before:
            now = status_of(instance)
            if now is not before and (before, now) in _MOVES:
                calls.append((_MOVES[before, now], instance))
        return calls


class Notices:
    """Awaited, it tells of all that was noted while the operation ran."""

    __slots__ = ("_unit",)

    def __init__(self, unit: Noting) -> None:
        self._unit = unit

    def __await__(self) -> Generator[Any, Any, None]:
        noted = self._unit.notices
        while noted:
            yield from Notice(self._unit, *noted.pop(0)).__await__()


def fire_noted(unit: Noting) -> None:
    """Tell of what was noted in an operation that is not awaited."""
    while unit.notices:
        fire(unit, *unit.notices.pop(0))


def fire_all(unit: Hearer, calls: Iterable[Call]) -> None:
    """Call the listeners of several events that can't wait."""
    for name, instance in calls:
        fire(unit, name, instance)
