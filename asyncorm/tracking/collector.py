"""CollectorPause: Python's garbage collector stands still while many objects are made or flushed.

Whatever is made meanwhile is alive, so a collection there frees nothing and visits everything
again. Objects of 20,000 rows set off 100 collections, among them a full one: half of the CPU time
of loading them (85 ms and 52, by hand 47; on average over many loads 89 and 64, by hand 56). Of
flushing 100,000 new objects it was a third.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

#: rows from which a pause is worth it: fewer set off no collection by themselves
MANY_ROWS = 200


class CollectorPause:
    """A block without collections; never around an ``await``, for the pause is the process's.

    The collector goes on afterwards unless it was off before. What threads do meanwhile is
    collected later. If two of them pause at once, the first to end ends it for both, which costs
    the other some time and nothing else. Only ``gc.disable()`` by another thread during a pause
    is undone at its end: the collector has no counter that would tell.
    """

    __slots__ = ("_was_enabled",)

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: Any) -> None:
        if self._was_enabled:
            gc.enable()


def held(work: Callable[..., T], *arguments: Any) -> T:
    """What a function returns, without collections while it runs."""
    with CollectorPause():
        return work(*arguments)
