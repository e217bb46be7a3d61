"""Texts of transaction control, and COMMIT carried through to its answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

import anyio

from asyncorm.errors import ArgumentError, ConfigurationError

T = TypeVar("T")

#: how a transaction ended, as far as is known
Outcome = Literal["committed", "rolled_back", "unknown"]

_SAVEPOINT = re.compile(r"[a-z_][a-z0-9_]{0,62}")
ISOLATION_LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED")


def begin_text(
    isolation: str | None = None, readonly: bool | None = None, deferrable: bool | None = None
) -> str:
    """The BEGIN statement with its modes."""
    parts = ["BEGIN"]
    if isolation is not None:
        level = isolation.upper().replace("_", " ")
        if level not in ISOLATION_LEVELS:
            raise ConfigurationError(
                f"there is no isolation level {isolation!r}",
                hint=f"use one of {', '.join(ISOLATION_LEVELS)}",
            )
        parts.append(f"ISOLATION LEVEL {level}")
    if readonly is not None:
        parts.append("READ ONLY" if readonly else "READ WRITE")
    if deferrable is not None:
        parts.append("DEFERRABLE" if deferrable else "NOT DEFERRABLE")
    return " ".join(parts)


def savepoint_name(name: str) -> str:
    """The name of a savepoint in quotes; ArgumentError for one that would need them."""
    # sent by the simple protocol, so nothing that needs quoting may be in it
    if not _SAVEPOINT.fullmatch(name):
        raise ArgumentError(
            "the name of a savepoint has other characters than letters, digits and _",
            hint="leave names to session.begin_nested(), which numbers them",
        )
    return f'"{name}"'


class Interrupted(Exception):
    """No error: carries a cancellation to its place.

    The task was cancelled while a shielded operation ran; ``task`` is done, unless overdue.
    """

    def __init__(self, cancelled: asyncio.CancelledError, task: asyncio.Task[Any]) -> None:
        super().__init__("cancelled")
        self.cancelled = cancelled
        self.task = task


async def shielded(operation: Coroutine[Any, Any, T], grace: float) -> T:
    """Run to the end even when cancelled, for at most ``grace`` seconds from then on.

    A cancellation comes out as ``Interrupted``, to be delivered by the caller when it has noted
    what the operation came to.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(operation)
    finished: asyncio.Future[None] = loop.create_future()
    # cheaper than asyncio.shield, and the operation's own errors stay in its task
    task.add_done_callback(lambda _: _finish(finished))
    try:
        await finished
    except asyncio.CancelledError as cancelled:
        await _wait_on(task, grace)
        raise Interrupted(cancelled, task) from None
    return task.result()


def _finish(finished: asyncio.Future[None]) -> None:
    if not finished.done():
        finished.set_result(None)


async def _wait_on(task: asyncio.Task[Any], grace: float) -> None:
    """Wait for the task whatever cancels us: a scope's repeated cancellation or a task's single."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace
    with anyio.CancelScope(shield=True):
        while not task.done() and loop.time() < deadline:
            try:
                await asyncio.wait({task}, timeout=deadline - loop.time())
            except asyncio.CancelledError:
                continue  # the first cancellation is delivered already, in the end
