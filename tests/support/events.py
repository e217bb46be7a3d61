"""Hears every event of a session, and keeps their names in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asyncorm import event
from asyncorm.tracking.event_names import EVENTS

#: events beside those of the table of rules: the names of instance events of mapped classes
BESIDE = frozenset({"load", "refresh", "expire"})


class Heard:
    """``heard()`` gives the names of the events since it was last asked."""

    def __init__(self, target: Any, names: Iterable[str] = EVENTS.keys() - BESIDE) -> None:
        self.names: list[str] = []
        for name in names:
            event.listen(target, name, self._listener(name))

    def _listener(self, name: str) -> Callable[..., None]:
        def listener(*arguments: Any) -> None:
            self.names.append(name)

        if len(EVENTS[name].arguments) == 1:
            return lambda session: listener(session)
        return lambda session, other: listener(session, other)

    def __call__(self) -> list[str]:
        taken, self.names = self.names, []
        return taken
