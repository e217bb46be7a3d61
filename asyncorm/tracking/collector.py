"""Python's garbage collector stands still while many objects are made or flushed.

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


def without_collections(work: Callable[..., T], *arguments: Any) -> T:
    """What a function returns, with the collector standing still while it runs.

    It is no block, in which somebody might wait: the pause is the process's. The collector goes on
    afterwards unless it was off before. What threads do meanwhile is collected later. If two of
    them pause at once, the first to end ends it for both, which costs the other some time and
    nothing else. Only ``gc.disable()`` by another thread during a pause is undone at its end: the
    collector has no counter that would tell.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return work(*arguments)
    finally:
        if was_enabled:
            gc.enable()


def pausing(count: int, work: Callable[..., T], *arguments: Any) -> T:
    """What a function returns, with the collector standing still if it is about many rows."""
    return without_collections(work, *arguments) if count >= MANY_ROWS else work(*arguments)
