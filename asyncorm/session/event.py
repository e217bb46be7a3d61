"""event.listen and its kin: functions that are called when something happens in sessions.

Listen to ``Session`` (all sessions), to a sessionmaker, to one session, or to a model: its objects
and those of its subclasses. Listeners get ``(session)``, ``(session, instance)``, or
``(session, execution)`` for ``do_orm_execute``. Where the operation is awaited they may be async.
Names and order are SQLAlchemy's, but for the release of a savepoint: that is no ``after_commit``,
it is ``after_savepoint_release``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.models.model import Model
from asyncorm.session.factory import SessionFactory
from asyncorm.session.scoped import scoped_session
from asyncorm.session.session import Session
from asyncorm.tracking.event_names import EVENTS, Event
from asyncorm.tracking.listeners import Listeners, listeners_on

F = TypeVar("F", bound=Callable[..., Any])


def listen(
    target: Any,
    name: str,
    function: Callable[..., Any],
    *,
    once: bool = False,
    insert: bool = False,
) -> None:
    """Call a function at every event of this name, or ``once``; ``insert`` puts it first.

    Raises ArgumentError for an unknown event, a target that has none of that kind, and a function
    that can't be called with the event's arguments or is async where nothing is awaited.
    """
    listeners = _listeners_of(target, name)
    _check_function(name, EVENTS[name], function)
    listeners.add(name, function, once=once, insert=insert)


def listens_for(
    target: Any, name: str, *, once: bool = False, insert: bool = False
) -> Callable[[F], F]:
    """``@event.listens_for(Session, "before_commit")``: listen with the decorated function."""

    def decorate(function: F) -> F:
        listen(target, name, function, once=once, insert=insert)
        return function

    return decorate


def remove(target: Any, name: str, function: Callable[..., Any]) -> None:
    """Stop listening; raises InvalidRequestError if the function was not listening."""
    listeners = _listeners_of(target, name)
    listener = listeners.find(name, function)
    if listener is None:
        raise InvalidRequestError(
            f"{_name(function)} does not listen to {name} here",
            hint="give the target, name and function that were given to listen()",
        )
    listeners.remove(name, listener)


def contains(target: Any, name: str, function: Callable[..., Any]) -> bool:
    """Whether the function listens to this event of this target."""
    return _listeners_of(target, name).find(name, function) is not None


def _listeners_of(target: Any, name: str) -> Listeners:
    if name not in EVENTS:
        near = get_close_matches(name, EVENTS, 1)
        known = f"the events are {', '.join(sorted(EVENTS))}"
        raise ArgumentError(
            f"there is no event {name!r}",
            hint=f"did you mean {near[0]!r}? {known}" if near else known,
        )
    if isinstance(target, scoped_session):
        target = target.session_factory
    if isinstance(target, SessionFactory):
        return target._listeners
    if isinstance(target, Session):
        return target._own_listeners()
    if isinstance(target, type) and issubclass(target, Session):
        return listeners_on(target, mapped=False)
    if isinstance(target, type) and issubclass(target, Model):
        if not EVENTS[name].of_instance:
            raise ArgumentError(
                f"{name} is an event of sessions, not of the objects of {target.__name__}",
                hint=f'listen to all sessions: event.listen(Session, "{name}", ...)',
            )
        return listeners_on(target, mapped=True)
    what = target.__name__ if isinstance(target, type) else f"a {type(target).__name__}"
    raise ArgumentError(
        f"{what} has no events",
        hint="listen to Session, a sessionmaker, a session or a model class",
    )


def _check_function(name: str, event: Event, function: Any) -> None:
    if not callable(function):
        raise ArgumentError(
            f"a {type(function).__name__} can't listen to {name}",
            hint=f"give a function of ({', '.join(event.arguments)})",
        )
    if not event.awaited and _is_async(function):
        raise ArgumentError(
            f"{_name(function)} is async, but {name} happens where nothing is awaited, as in "
            "session.add()",
            hint="make it a plain function; async work has its place in before_flush, "
            "before_commit or after_commit",
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # written in C: only the call will tell
    try:
        signature.bind(*event.arguments)
    except TypeError:
        raise ArgumentError(
            f"{_name(function)}{signature} can't be called with the arguments of {name}",
            hint=f"a listener of {name} is called with ({', '.join(event.arguments)})",
        ) from None


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - whether calling it makes a coroutine
    )


def _name(function: Any) -> str:
    return getattr(function, "__name__", None) or repr(function)
