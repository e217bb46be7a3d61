"""Watches: who looks on while statements are sent. Nobody does, but for tests that count them."""

from __future__ import annotations

import re
from contextvars import ContextVar

from asyncorm.engine.caller import caller_line

_CONTROL = r"(?i)\s*(ABORT|BEGIN|COMMIT|END|RELEASE|ROLLBACK|SAVEPOINT|START)\b"


class SentStatement(str):
    """The SQL of a statement that was sent; ``line`` is the ``file:line`` it was sent from."""

    __slots__ = ("line",)

    line: str


class QueryWatch:
    """Notes the statements of the task that opened it, and of the tasks which that starts."""

    def __init__(self, *, transaction_control: bool) -> None:
        self.transaction_control = transaction_control
        self.statements: list[SentStatement] = []

    def open(self) -> None:
        """Look on from now on."""
        _WATCHING.set((*_WATCHING.get(), self))
        WATCHES.add(self)

    def close(self) -> None:
        """Look away; tasks that go on are not watched any more."""
        WATCHES.discard(self)
        _WATCHING.set(tuple(watch for watch in _WATCHING.get() if watch is not self))


#: the watches that are open, in any task; what sends statements looks at nothing else
WATCHES: set[QueryWatch] = set()
_WATCHING: ContextVar[tuple[QueryWatch, ...]] = ContextVar("asyncorm_watching", default=())


def note_statement(sql: str) -> None:
    """Tell the watches of this task of a statement on its way."""
    watching = [watch for watch in _WATCHING.get() if watch in WATCHES]
    if watching:
        statement = SentStatement(sql)
        statement.line = caller_line() or "a task of its own"
        control = re.match(_CONTROL, sql) is not None
        for watch in watching:
            if watch.transaction_control or not control:
                watch.statements.append(statement)
