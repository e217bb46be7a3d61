"""Interleaved timing: every case once per round, so that noise hits all cases alike."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Awaitable, Callable
from time import perf_counter

Case = Callable[[], Awaitable[object]]


async def measure(cases: dict[str, Case], rounds: int, repeat: int) -> dict[str, list[float]]:
    """Seconds per call of each case, one figure a round; ``repeat`` calls make a figure."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for case in cases.values():  # warm up: prepared statements, generated code
        await case()
        await case()
    for _ in range(rounds):
        for name, case in cases.items():
            gc.collect()
            start = perf_counter()
            for _ in range(repeat):
                await case()
            times[name].append((perf_counter() - start) / repeat)
    return times


def ratio(times: dict[str, list[float]], case: str, base: str) -> float:
    """The median over all rounds of a case's time by the base's time in the same round."""
    pairs = zip(times[case], times[base], strict=True)
    return statistics.median(one / other for one, other in pairs)
