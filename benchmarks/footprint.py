"""What a library costs before and beside its calls: time to import it, memory of its objects."""

from __future__ import annotations

import asyncio
import os
import sys

from benchmarks.child import Child, Gone
from benchmarks.options import Options
from benchmarks.results import Problem, Results
from benchmarks.runner import Tell
from benchmarks.schema import PEOPLE
from benchmarks.workloads.catalogue import FEW

#: what asyncorm is made of, to see its own share
FOUNDATION = "import asyncpg, pydantic, anyio"
BARE = "pass"
#: with it every import would compile, which is not what happens in production
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def import_milliseconds(code: str) -> float:
    """CPU time of a new Python that runs this code."""
    environment = {key: os.environ[key] for key in os.environ if key != NO_BYTECODE}
    pid = os.spawnve(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code], environment)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{code} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


async def measure_imports(options: Options, results: Results, tell: Tell) -> None:
    """Imports in turn, each in a new process; the first round writes the bytecode and is left out.

    Bare Python of the same round is taken off.
    """
    codes = {library: one.imports for library, one in results.libraries.items()}
    codes["foundation"] = FOUNDATION
    results.imports = {library: [] for library in codes}
    for number in range(import_rounds(options) + 1):
        bare = await asyncio.to_thread(import_milliseconds, BARE)
        for library, code in codes.items():
            tell(f"import: {library}", 0)
            taken = await asyncio.to_thread(import_milliseconds, code)
            if number:
                results.imports[library].append(taken - bare)
        tell("import", bool(number))


async def measure_memory(options: Options, results: Results, url: str, tell: Tell) -> None:
    """Growth of a new process that loads all people and holds them."""
    for _ in range(memory_rounds(options)):
        for library in results.libraries:
            tell(f"memory: {library}", 0)
            worker = await Child.start("benchmarks.worker", "--loop", options.loop)
            try:
                answer = await worker.ask("open", library=library, url=url, connections=FEW)
                if "failed" not in answer:
                    answer = await worker.ask("memory")
            except Gone as error:
                answer = {"failed": str(error)}
            finally:
                await worker.stop()
            if "bytes" in answer:
                results.memory.setdefault(library, []).append(answer["bytes"] / PEOPLE)
            elif "absent" not in answer:
                reason = "; ".join(f"{key}: {text}" for key, text in answer.items())
                results.problems.append(Problem(library, "memory", reason))
        tell("memory", 1)


def import_rounds(options: Options) -> int:
    """Few, for CPU time is steadier than that of the clock."""
    return min(options.rounds, 3 if options.quick else 15)


def memory_rounds(options: Options) -> int:
    """Few, for the figures hardly differ."""
    return 2 if options.quick else min(options.rounds, 5)
