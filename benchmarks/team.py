"""Team: the workers of all libraries that can run here, and who dropped out of what."""

from __future__ import annotations

import pkgutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from benchmarks import adapters
from benchmarks.child import Child, Gone
from benchmarks.results import BASE, Library, Problem, Results


class Dropped(Exception):
    """A library is out of this workload; why is in the results."""


def known_libraries() -> list[str]:
    """The adapters that there are: the base, asyncorm, then the others by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(adapters.__path__))
    return sorted(names, key=lambda name: (name != BASE, name != "asyncorm"))


class Team:
    """Asks workers, and notes what goes wrong."""

    def __init__(self, results: Results, loop: str) -> None:
        self._results = results
        self._loop = loop
        self.workers: dict[str, Child] = {}

    async def start(self, libraries: Iterable[str], url: str, connections: int) -> None:
        """Start the workers; what can't run here is skipped with a reason."""
        for library in libraries:
            if library in self._results.skipped:
                continue
            worker = await Child.start("benchmarks.worker", "--loop", self._loop)
            try:
                answer = await worker.ask("open", library=library, url=url, connections=connections)
            except Gone as error:
                answer = {"failed": str(error)}
            if "missing" in answer:
                self._results.skipped[library] = answer["missing"]
            elif "failed" in answer:
                self._problem(library, "open", f"failed: {answer['failed']}")
            else:
                self._results.libraries[library] = Library(**answer)
                self.workers[library] = worker
                continue
            await worker.stop()

    async def ask(self, library: str, do: str, workload: str, **values: Any) -> dict[str, Any]:
        """Ask a worker something about a workload; raises Dropped if it can't or is wrong."""
        try:
            answer = await self.workers[library].ask(do, workload=workload, **values)
        except Gone as error:
            del self.workers[library]
            answer = {"failed": str(error)}
        if "absent" in answer:
            raise Dropped
        for reason in ("wrong", "failed"):
            if reason in answer:
                self._problem(library, workload, f"{reason}: {answer[reason]}")
                raise Dropped
        return answer

    def wrong(self, library: str, workload: str, reason: object) -> None:
        """Note that the database does not hold what it should; raises Dropped."""
        self._problem(library, workload, f"wrong: {reason}")
        raise Dropped from None

    def _problem(self, library: str, workload: str, reason: str) -> None:
        problem = Problem(library, workload, reason)
        if problem not in self._results.problems:
            self._results.problems.append(problem)

    async def stop(self) -> None:
        """Disconnect and end all workers."""
        for worker in self.workers.values():
            try:
                await worker.ask("close")
            except Gone:
                continue
            await worker.stop()
        self.workers.clear()


@asynccontextmanager
async def team_at_work(
    results: Results, loop: str, libraries: Iterable[str], url: str, connections: int
) -> AsyncIterator[Team]:
    """A team whose workers end with the block."""
    team = Team(results, loop)
    try:
        await team.start(libraries, url, connections)
        yield team
    finally:
        await team.stop()
