"""COMMIT carried through to its answer, whatever cancels the task that waits for it."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


class Interrupted(Exception):
    """No error: carries a cancellation to its place.

    The task was cancelled while a shielded operation ran; ``task`` is done, unless overdue.
    """

    def __init__(self, cancelled: asyncio.CancelledError, task: asyncio.Task[Any]) -> None:
        super().__init__("cancelled")
        self.cancelled = cancelled
        self.task = task


@types.coroutine
def shielded(operation: Coroutine[Any, Any, T], grace: float) -> Generator[Any, Any, T]:
    """Run to the end even when cancelled, for at most ``grace`` seconds from then on.

    A cancellation comes out as ``Interrupted``, to be delivered by the caller when it has noted
    what the operation came to.
    """
    # The operation runs in the task of the caller, and gets one of its own only when that is
    # cancelled: 1 µs a commit, where a task for every one took 8 and two more rounds of the loop.
    thrown: BaseException | None = None
    while True:
        try:
            awaited = operation.send(None) if thrown is None else operation.throw(thrown)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        try:
            yield None if awaited is None else _Waiting(awaited)
        except asyncio.CancelledError as cancelled:
            if awaited is None or not awaited.cancelled():
                task = asyncio.get_running_loop().create_task(_rest(operation, awaited))
                yield from _wait_on(task, grace).__await__()
                raise Interrupted(cancelled, task) from None
            thrown = cancelled
        except BaseException as error:
            thrown = error
        else:
            thrown = None


class _Waiting:
    """What a task waits for in the place of a future that it may not cancel.

    It has what a task asks of anything it waits for. The task is woken by the future itself, or by
    a cancellation, which leaves the future as it is.
    """

    __slots__ = ("_asyncio_future_blocking", "_context", "_future", "_wake")

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future
        # as a future says to be waited for, instead of being handed over by mistake
        self._asyncio_future_blocking = future._asyncio_future_blocking
        future._asyncio_future_blocking = False

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._future.get_loop()

    def add_done_callback(
        self, wake: Callable[[asyncio.Future[Any]], object], *, context: Context | None = None
    ) -> None:
        self._wake, self._context = wake, context
        self._future.add_done_callback(wake, context=context)

    def cancel(self, msg: Any = None) -> bool:
        if not self._future.remove_done_callback(self._wake):
            return False  # done, or cancelled before: then the task's next step is
        cancelled = self.get_loop().create_future()
        cancelled.add_done_callback(self._wake, context=self._context)
        return cancelled.cancel(msg)


async def _rest(operation: Coroutine[Any, Any, T], awaited: asyncio.Future[Any] | None) -> T:
    return await _go_on(operation, awaited)


@types.coroutine
def _go_on(
    operation: Coroutine[Any, Any, T], awaited: asyncio.Future[Any] | None
) -> Generator[Any, Any, T]:
    """What is left of an operation, from what it waits for."""
    while True:
        thrown: BaseException | None = None
        if awaited is not None:
            awaited._asyncio_future_blocking = True
        try:
            yield awaited
        except BaseException as error:
            thrown = error
        try:
            awaited = operation.send(None) if thrown is None else operation.throw(thrown)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


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
