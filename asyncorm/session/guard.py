"""TaskGuard: refuses the use of a session by two tasks at once; nothing waits, nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from asyncorm.errors import ConcurrentSessionUseError, InvalidRequestError


class TaskGuard:
    """Marks the time between the begin and the end of an awaited operation.

    A plain attribute instead of a lock: an operation of another task is refused, not queued. One
    after the other, tasks may use a session freely. ``with guard("get"): ...`` is an operation;
    ``failed`` is told its error.
    """

    __slots__ = ("closed", "failed", "operation", "task")

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self.failed = failed
        self.operation: str | None = None
        self.task: asyncio.Task[Any] | None = None
        self.closed = False

    def __call__(self, operation: str) -> TaskGuard:
        """Begin an operation; raises if another one is under way or the session is closed."""
        self.check(operation)
        self.operation = operation
        self.task = asyncio.current_task()
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()
        if error is not None:
            self.failed(error)

    def leave(self) -> None:
        """End the operation."""
        self.operation = None
        self.task = None

    def check(self, operation: str) -> None:
        """Refuse an operation while an awaited one is under way, and after close()."""
        if self.operation is not None:
            raise self._conflict(operation)
        if self.closed:
            raise InvalidRequestError(
                f"session.{operation}() was called after close(); the session is closed for good",
                hint="make a new session, or use reset() instead of close() to go on with this one",
            )

    def _conflict(self, operation: str) -> ConcurrentSessionUseError:
        try:
            here = asyncio.current_task()
        except RuntimeError:
            here = None
        return ConcurrentSessionUseError(
            f"task {_name(here)} called session.{operation}() while task {_name(self.task)} "
            f"was inside session.{self.operation}()"
        )


def _name(task: asyncio.Task[Any] | None) -> str:
    return repr(task.get_name()) if task is not None else "(none)"
