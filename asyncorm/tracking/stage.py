"""Stage: while listeners of single rows run, a flush is under way, and nothing else may change."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from operator import is_
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.tracking.state import Status


class Stage:
    """Refuses changes of all objects of a flush but the one whose listener runs.

    A first change reports itself, and is refused at once. Others (of new objects, or of what was
    changed before) do not, so these are compared with what they were.
    """

    def __init__(self, event: str, instances: Iterable[Any]) -> None:
        self.event = event
        self._own: Any = None
        self._seen = {instance: _reported_by_nobody(instance) for instance in instances}

    def enter(self, event: str, instance: Any) -> None:
        """The listeners of one object are called: they may change its columns."""
        self.compare(instance)
        self.event, self._own = event, instance

    def leave(self) -> None:
        """They are done."""
        if self._own is not None:
            self._seen[self._own] = _reported_by_nobody(self._own)
            self._own = None

    def check(self, instance: Any) -> None:
        """Refuse a change of an object whose listeners do not run."""
        if instance is not self._own:
            raise self._refused(instance)

    def check_all(self) -> None:
        """Refuse changes that have not reported themselves."""
        for instance in self._seen:
            self.compare(instance)

    def compare(self, instance: Any) -> None:
        """Refuse a change of one object that has not reported itself."""
        names, values = _reported_by_nobody(instance)
        names_before, values_before = self._seen[instance]
        if names != names_before or not all(map(is_, values, values_before)):
            raise self._refused(instance)

    def _refused(self, instance: Any) -> InvalidRequestError:
        return InvalidRequestError(
            f"a listener of {self.event} has changed a {type(instance).__name__}: that is not "
            "supported within the execution stage of the flush",
            hint="change objects in before_flush; before_insert, before_update and before_delete "
            "may set columns of their own object",
        )


#: what is not there
_NOTHING = repeat(object())


def _reported_by_nobody(instance: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The columns whose change nobody would hear of, and their values.

    It is made seven times for each row, so it calls nothing for a column.
    """
    state = instance._state
    if state is not None and state.status is Status.PENDING:
        names = type(instance).__mapper__.attributes
    else:
        names = tuple((state.originals if state is not None else None) or ())
    return names, tuple(map(instance.__dict__.get, names, _NOTHING))
