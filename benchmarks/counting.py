"""Round trips and statements of one call, counted by a proxy that reads the protocol."""

from __future__ import annotations

from typing import Any

import asyncpg

from benchmarks.child import Child
from benchmarks.options import Options
from benchmarks.results import Results
from benchmarks.runner import Tell
from benchmarks.team import Dropped, Team, team_at_work
from benchmarks.workloads.catalogue import CATALOGUE, FEW

#: calls that may prepare statements, and calls of which the cheapest counts
WARM, COUNTED = 3, 2


async def count_trips(
    options: Options, results: Results, proxy: Child, url: str, direct_url: str, tell: Tell
) -> None:
    """Count where one client calls, on one connection; ``url`` leads through the proxy."""
    able = [library for library in options.libraries if library in results.libraries]
    connection: Any = await asyncpg.connect(direct_url)
    try:
        async with team_at_work(results, options.loop, able, url, FEW) as team:
            for library in list(team.workers):
                tell(f"counting round trips: {library}", 0)
                for name in options.workloads:
                    if library in results.measured.get(name, {}) and CATALOGUE[name].clients == 1:
                        await _count(results, team, proxy, connection, library, name)
                tell("counting round trips", 1)
    finally:
        await connection.close()


async def _count(
    results: Results, team: Team, proxy: Child, connection: Any, library: str, name: str
) -> None:
    workload, measured = CATALOGUE[name], results.measured[name][library]
    counts = []
    try:
        for number in range(WARM + COUNTED):
            await team.ask(library, "prepare", name)
            before = await proxy.ask("count")
            await team.ask(library, "call", name, number=number)
            after = await proxy.ask("count")
            counts.append(tuple(after[what] - before[what] for what in after))
    except Dropped:
        return
    finally:
        await workload.restore(connection)
    measured.round_trips, measured.statements = min(counts[WARM:])
