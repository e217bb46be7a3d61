"""Listeners: the functions that one target has for events, and which events anybody listens to.

While nobody listens, ``HEARD`` is empty, and its truth is all that an operation asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

#: how many listeners each event has, over all targets
HEARD: dict[str, int] = {}
#: the same for mapped classes alone
HEARD_BY_CLASSES: dict[str, int] = {}

_ATTRIBUTE = "__listeners__"


class Hearer(Protocol):
    """What calling listeners needs of a unit of work."""

    session: Callable[[], Any]
    listeners: tuple[Listeners, ...]
    hook: str | None
    listener_errors: int


class Listener:
    """One function; ``once`` is for the first call alone."""

    __slots__ = ("function", "once", "spent")

    def __init__(self, function: Callable[..., Any], once: bool) -> None:
        self.function = function
        self.once = once
        self.spent = False


class Listeners:
    """The listeners of one target: a session, a factory, the class Session or a mapped class."""

    def __init__(self, *, mapped: bool = False) -> None:
        self._mapped = mapped
        self.by_name: dict[str, list[Listener]] = {}

    def __del__(self) -> None:
        for name, found in self.by_name.items():
            self._count(name, -len(found))

    def find(self, name: str, function: Callable[..., Any]) -> Listener | None:
        """The listener that a function is, if it is one."""
        for listener in self.by_name.get(name, ()):
            if listener.function == function:
                return listener
        return None

    def add(self, name: str, function: Callable[..., Any], *, once: bool, insert: bool) -> None:
        """Listen with a function, before or after the others; one that listens already stays."""
        if self.find(name, function) is None:
            found = self.by_name.setdefault(name, [])
            found.insert(0 if insert else len(found), Listener(function, once))
            self._count(name, 1)

    def remove(self, name: str, listener: Listener) -> None:
        """Do not call a listener any more."""
        found = self.by_name[name]
        found.remove(listener)
        if not found:
            del self.by_name[name]
        self._count(name, -1)

    def take(self, name: str) -> list[Listener]:
        """The listeners to call now; those for one call are forgotten."""
        found = list(self.by_name.get(name, ()))
        for listener in found:
            if listener.once:
                self.remove(name, listener)
        return found

    def _count(self, name: str, by: int) -> None:
        for counts in (HEARD, HEARD_BY_CLASSES) if self._mapped else (HEARD,):
            counts[name] = counts.get(name, 0) + by
            if not counts[name]:
                del counts[name]


def listeners_on(cls: type[Any], *, mapped: bool) -> Listeners:
    """The listeners of a class, not of those it inherits from."""
    found: Listeners | None = vars(cls).get(_ATTRIBUTE)
    if found is None:
        found = Listeners(mapped=mapped)
        type.__setattr__(cls, _ATTRIBUTE, found)
    return found


def inherited_listeners(cls: type[Any]) -> tuple[Listeners, ...]:
    """The listeners of a class and of its bases, those of the bases first."""
    return tuple(
        [vars(base)[_ATTRIBUTE] for base in reversed(cls.__mro__) if _ATTRIBUTE in vars(base)]
    )


def hears(unit: Hearer, names: Sequence[str], entities: Iterable[type[Any]] | None = None) -> bool:
    """Whether somebody listens to one of these events in a session.

    Of the listeners of mapped classes only those of ``entities`` count, if these are known.
    """
    heard = [name for name in names if name in HEARD]
    if any(name in listeners.by_name for name in heard for listeners in unit.listeners):
        return True
    heard = [name for name in heard if name in HEARD_BY_CLASSES]
    if not heard or entities is None:
        return bool(heard)
    own = [listeners for entity in entities for listeners in inherited_listeners(entity)]
    return any(name in listeners.by_name for name in heard for listeners in own)
