"""The run: checks every library in every workload, then takes the time in interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg

from benchmarks.options import Options
from benchmarks.results import Measured, Results
from benchmarks.team import Dropped, Team, team_at_work
from benchmarks.workloads.catalogue import CATALOGUE, CONNECTIONS
from benchmarks.workloads.workload import Workload, Wrong

#: told what is done, and whether that was a step of the progress
Tell = Callable[[str, int], None]


class Runner:
    """Runs workloads one after the other; in each, the libraries take turns."""

    def __init__(self, options: Options, results: Results, team: Team, connection: Any) -> None:
        self._options = options
        self._results = results
        self._team = team
        self._connection = connection

    async def run(self, workload: Workload, tell: Tell) -> None:
        """All rounds of a workload; leaves the tables as it found them."""
        measured = self._results.measured.setdefault(workload.name, {})
        self._results.titles[workload.name] = workload.title
        able = []
        for library in list(self._team.workers):
            tell(f"{workload.title}: {library}", 0)
            try:
                await self._check(workload, library)
                if workload.calls > 1:
                    await self._sample(workload, library, 0)
            except Dropped:
                continue
            able.append(library)
            measured[library] = Measured()
        for number in range(self._options.rounds_of(workload)):
            for library in rotated(able, number):
                tell(f"{workload.title}: {library}", 0)
                try:
                    answer = await self._sample(workload, library, number + 1)
                except Dropped:
                    able.remove(library)
                    del measured[library]
                    continue
                measured[library].wall.append(answer["wall"])
                measured[library].cpu.append(answer["cpu"])
            tell(workload.title, 1)
        await workload.restore(self._connection)

    async def _check(self, workload: Workload, library: str) -> None:
        await self._ready(workload, library)
        number = 3
        answer = await self._team.ask(library, "check", workload.name, number=number)
        try:
            await workload.inspect(self._connection, workload.trial(number), answer["keys"])
        except Wrong as error:
            self._team.wrong(library, workload.name, error)

    async def _sample(self, workload: Workload, library: str, number: int) -> dict[str, Any]:
        calls = self._options.calls_of(workload)
        first = number * calls
        await self._ready(workload, library)
        answer = await self._team.ask(library, "sample", workload.name, first=first, calls=calls)
        try:
            await workload.count(self._connection, range(first, first + calls))
        except Wrong as error:
            self._team.wrong(library, workload.name, error)
        return answer

    async def _ready(self, workload: Workload, library: str) -> None:
        await workload.reset(self._connection)
        await self._team.ask(library, "prepare", workload.name)


def rotated(libraries: list[str], number: int) -> list[str]:
    """The order of a round: each begins with another library."""
    at = number % len(libraries) if libraries else 0
    return libraries[at:] + libraries[:at]


async def run_workloads(
    options: Options, results: Results, url: str, direct_url: str, tell: Tell
) -> None:
    """All workloads; the libraries use ``url``, the runner looks by ``direct_url``."""
    connection: Any = await asyncpg.connect(direct_url)
    await connection.execute("SET lock_timeout = '20s'")
    try:
        team = team_at_work(results, options.loop, options.libraries, url, CONNECTIONS)
        async with team as at_work:
            runner = Runner(options, results, at_work, connection)
            for name in options.workloads:
                if name in CATALOGUE:
                    await runner.run(CATALOGUE[name], tell)
    finally:
        await connection.close()
