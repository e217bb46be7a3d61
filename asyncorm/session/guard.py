"""TaskGuard: refuses the use of a session by two tasks at once; nothing waits, nothing is sent."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Protocol

from asyncorm.errors import ConcurrentSessionUseError, InvalidRequestError
from asyncorm.session.permissions import check_in_listener


class Guarded(Protocol):
    """What a guard needs of the transaction."""

    @property
    def connected(self) -> bool:
        """Whether a connection is held, which belongs to one event loop."""
        ...

    @property
    def hook(self) -> str | None:
        """The event whose listeners run, if any do."""
        ...

    def note_failure(self, error: BaseException) -> None:
        """An operation has raised."""


class TaskGuard:
    """Marks the time between the begin and the end of an awaited operation.

    A plain attribute instead of a lock: an operation of another task is refused, not queued. One
    after the other, tasks may use a session freely. ``with guard("get"): ...`` is an operation;
    the transaction is told its error. Listeners of an operation's events may begin others inside
    it, those that their event allows.
    """

    __slots__ = ("_around", "closed", "loop", "operation", "task", "transaction")

    def __init__(self, transaction: Guarded) -> None:
        self.transaction = transaction
        self.loop: asyncio.AbstractEventLoop | None = None
        self.operation: str | None = None
        self.task: asyncio.Task[Any] | None = None
        self.closed = False
        #: the operations whose listeners have begun the present one, outermost first
        self._around: list[str] = []

    def __call__(self, operation: str) -> TaskGuard:
        """Begin an operation; raises if another one is under way or the session is closed."""
        if self.operation is not None:
            self._check_nested(operation, awaited=True)
        if self.operation is not None or self.closed:
            self.check(operation)
        loop = asyncio.get_running_loop()
        if loop is not self.loop:
            if self.loop is not None and self.transaction.connected:
                raise InvalidRequestError(
                    f"session.{operation}() was called in a second event loop, but the session's "
                    "connection belongs to another one",
                    hint="make sessions and engines in the event loop that uses them",
                )
            self.loop = loop
        if self.operation is not None:
            self._around.append(self.operation)
        self.operation = operation
        self.task = asyncio.current_task(loop)
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._around:
            self.operation = self._around.pop()
        else:
            self.operation = self.task = None
        if error is not None:
            self.transaction.note_failure(error)

    def check(self, operation: str) -> None:
        """Refuse an operation while an awaited one is under way, and after close()."""
        if self.operation is not None:
            self._check_nested(operation, awaited=False)
        if self.closed:
            raise InvalidRequestError(
                f"session.{operation}() was called after close(); the session is closed for good",
                hint="make a new session, or use reset() instead of close() to go on with this one",
            )

    def _check_nested(self, operation: str, awaited: bool) -> None:
        """Inside an operation only its own task may begin another, and only from a listener."""
        hook = self.transaction.hook
        if hook is None or _current_task() is not self.task:
            raise self._conflict(operation)
        check_in_listener(hook, operation, awaited)

    def _conflict(self, operation: str) -> InvalidRequestError:
        here = _current_task()
        if here is not None and here is self.task:
            return InvalidRequestError(
                f"session.{operation}() was called from inside session.{self.operation}()",
                hint="wait until the first one has ended",
            )
        return ConcurrentSessionUseError(
            f"task {_name(here)} called session.{operation}() while task {_name(self.task)} "
            f"was inside session.{self.operation}()"
        )


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _name(task: asyncio.Task[Any] | None) -> str:
    return repr(task.get_name()) if task is not None else "(none)"
