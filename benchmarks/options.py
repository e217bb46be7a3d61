"""Options of a run, from the command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import BASE
from benchmarks.team import known_libraries
from benchmarks.workloads.catalogue import CATALOGUE
from benchmarks.workloads.workload import Workload

#: what is measured in processes of its own, beside the workloads
FOOTPRINT = ("import", "memory")
ROUNDS, QUICK_ROUNDS = 25, 5
#: the base, this library, the one most in use, and the fastest others
QUICK = (BASE, "asyncorm", "sqlalchemy_orm", "tortoise", "yara")


@dataclass(frozen=True)
class Options:
    """What to run, and how."""

    libraries: list[str]
    workloads: list[str]
    rounds: int
    loop: str
    delay: float
    output: Path
    quick: bool

    def rounds_of(self, workload: Workload) -> int:
        """Rounds of a workload."""
        return max(min(self.rounds, 2), round(self.rounds * workload.share))

    def calls_of(self, workload: Workload) -> int:
        """Calls in a sample; with a delay fewer, for each takes many times longer."""
        if self.delay:
            return max(workload.clients, workload.calls // 10)
        return workload.calls


def read_options(arguments: list[str]) -> Options:
    """The options; ends the program if they can't be read."""
    libraries, workloads = known_libraries(), [*CATALOGUE, *FOOTPRINT]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Ratios of libraries to asyncpg by hand, on DATABASE_URL or an own server.",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="the libraries that matter, in less than two minutes")
    add("--libraries", help=f"some of: {','.join(libraries)}")
    add("--workloads", help=f"some of: {','.join(workloads)}")
    add("--rounds", type=_rounds, help=f"samples of each; {ROUNDS}, or {QUICK_ROUNDS} if quick")
    add("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    add("--delay", type=_delay, default=0, help="milliseconds to the server, each way")
    add("--output", type=Path, help="folder for the results: JSON, tables, and a picture")
    given = parser.parse_args(arguments)
    quick = [name for name in QUICK if name in libraries]
    chosen = _chosen(parser, given.libraries, libraries, quick if given.quick else libraries)
    if BASE not in chosen:
        chosen.insert(0, BASE)
    return Options(
        libraries=chosen,
        workloads=_chosen(parser, given.workloads, workloads, workloads),
        rounds=given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS),
        loop=given.loop,
        delay=given.delay,
        output=given.output or Path("benchmarks", "results", "latest"),
        quick=given.quick,
    )


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError(f"there must be at least one, not {rounds}")
    return rounds


def _delay(text: str) -> float:
    delay = float(text)
    if not 0 <= delay <= 1000:
        raise argparse.ArgumentTypeError(f"give milliseconds from 0 to 1000, not {text}")
    return delay


def _chosen(
    parser: argparse.ArgumentParser, given: str | None, known: list[str], default: list[str]
) -> list[str]:
    if given is None:
        return list(default)
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(known)}")
    return [name for name in known if name in names]
