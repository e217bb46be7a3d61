"""The guard against N+1: one statement that a transaction sends again and again is noticed."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncorm.engine.caller import caller_frame, caller_line
from asyncorm.engine.repeat_limit import RepeatLimit
from asyncorm.errors import NPlusOneError, NPlusOneWarning
from asyncorm.session.core import SessionCore
from asyncorm.session.guard import TaskGuard

_HINTS = {
    "get": "get them all at once: await session.get_many(Entity, keys), or load what refers to "
    "them with selectinload()",
    "load": "load for all objects at once: await session.load(objects, Entity.relationship), or "
    "selectinload() in the statement that reads them",
    "refresh": "read them all at once: await session.all(select(Entity).where(Entity.id.in_(keys))"
    ".execution_options(populate_existing=True))",
    "delete": "delete them all at once: await session.delete_all(objects)",
    "merge": "merge them all at once: await session.merge_all(objects)",
}
_ANY_HINT = (
    "select all rows at once, where(Entity.id.in_(keys)), or load what belongs to the objects of "
    "the loop with them, by selectinload() or session.load()"
)


def task_guard(core: SessionCore, limit: RepeatLimit) -> TaskGuard:
    """The guard of a session; one that counts if that is wanted."""
    return TaskGuard(core.transaction) if limit.action == "off" else RepeatGuard(core, limit)


class RepeatGuard(TaskGuard):
    """Counts, beside guarding, how many calls have sent each statement in this transaction.

    It stands between the session and its connection for all that the session reads, except what
    a flush or a stream reads on the way.
    """

    __slots__ = (
        "_call",
        "_counts",
        "_last_call",
        "_limit",
        "_send",
        "_transaction",
        "_transaction_number",
    )

    def __init__(self, core: SessionCore, limit: RepeatLimit) -> None:
        super().__init__(core.transaction)
        self._transaction = core.transaction
        self._limit = limit
        self._send = core.transaction.fetch
        self._counts: dict[str, int] = {}
        #: which call was the last to send each statement: what one call repeats counts once
        self._last_call: dict[str, int] = {}
        self._call = 0
        self._transaction_number = 0
        core.context = replace(core.context, fetch=self.fetch)
        core.count_statement = self.count

    def __call__(self, operation: str) -> TaskGuard:
        """Begin an operation, which is another call."""
        guard = super().__call__(operation)
        self._call += 1
        return guard

    async def fetch(self, sql: str, arguments: Sequence[Any], *, once: bool = False) -> list[Any]:
        """Count a statement, and send it."""
        self.count(sql)
        return await self._send(sql, arguments, once=once)

    def count(self, sql: str) -> None:
        """Note that a statement is about to be sent; NPlusOneError if that is refused."""
        number = self._transaction.number
        if number != self._transaction_number:
            self._transaction_number = number
            self._counts.clear()
            self._last_call.clear()
        if self._last_call.get(sql) == self._call:
            return
        self._last_call[sql] = self._call
        count = self._counts[sql] = self._counts.get(sql, 0) + 1
        if count > self._limit.limit:
            self._report(sql, count)

    def _report(self, sql: str, count: int) -> None:
        hint = _HINTS.get(self.operation or "", _ANY_HINT)
        if self._limit.action == "raise":
            raise NPlusOneError(self._message(sql, count), hint=hint)
        if count == self._limit.limit + 1:
            _warn(f"{self._message(sql, count)}\nhint: {hint}")

    def _message(self, sql: str, count: int) -> str:
        place = caller_line() or f"the task {_task_name()}"
        return (
            f"{place} sends one statement {count} times in one transaction, by "
            f"session.{self.operation}(): {' '.join(sql.split())}"
        )


def _task_name() -> str:
    task = asyncio.current_task()
    return repr(task.get_name()) if task is not None else "(none)"


def _warn(message: str) -> None:
    """Warn in the name of the line that called, so that filters and tools see that one."""
    frame = caller_frame()
    if frame is None:
        warnings.warn(message, NPlusOneWarning, stacklevel=2)
        return
    names = frame.f_globals
    warnings.warn_explicit(
        message,
        NPlusOneWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=names.get("__name__"),
        registry=names.setdefault("__warningregistry__", {}),
    )
