"""Cancels a coroutine at its n-th suspension: every place is tried, none depends on the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Literal

Mode = Literal["before", "after"]


class CancelAt:
    """Awaits a coroutine; at its n-th suspension the task is cancelled.

    ``before``: while the answer is awaited. ``after``: in the moment the answer has come.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], place: int, mode: Mode) -> None:
        self._coroutine = coroutine
        self._place = place
        self._mode = mode
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        send: Callable[[], Any] = lambda: self._coroutine.send(None)  # noqa: E731
        while True:
            try:
                awaited = send()
            except StopIteration as stop:
                return stop.value
            self.suspensions += 1
            if self.suspensions == self._place:
                self._cancel(awaited)
            try:
                yield awaited
            except BaseException as error:
                send = _thrower(self._coroutine, error)
            else:
                send = lambda: self._coroutine.send(None)  # noqa: E731

    def _cancel(self, awaited: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._mode == "after" and asyncio.isfuture(awaited):
            awaited.add_done_callback(lambda _: task.cancel())
        else:
            asyncio.get_running_loop().call_soon(task.cancel)


def _thrower(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)


async def cancel_at(
    factory: Callable[[], Coroutine[Any, Any, Any]], place: int, mode: Mode
) -> Literal["cancelled", "finished", "not reached"]:
    """Run a coroutine in a task of its own and cancel it at one place."""
    reached = 0

    async def run() -> None:
        nonlocal reached
        wrapper = CancelAt(factory(), place, mode)
        try:
            await wrapper
        finally:
            reached = wrapper.suspensions

    task = asyncio.create_task(run())
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    return "finished" if reached >= place else "not reached"
