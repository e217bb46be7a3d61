"""Results: all samples of a run and what is derived from them, as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: the library that the ratios are to
BASE = "asyncpg_by_hand"


@dataclass
class Ratio:
    """Median and quartiles of the ratios of the rounds."""

    median: float
    low: float
    high: float


def ratio(samples: list[float], base: list[float]) -> Ratio:
    """Each sample by the base's sample of the same round: what disturbs a round hits both."""
    ratios = [one / other for one, other in zip(samples, base, strict=True)]
    if len(ratios) == 1:
        return Ratio(ratios[0], ratios[0], ratios[0])
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(median, low, high)


@dataclass
class Measured:
    """One library in one workload: seconds a call of each round, and counts of one call."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    round_trips: int | None = None
    statements: int | None = None


@dataclass
class Library:
    """What is known of a library under test."""

    name: str
    kind: str
    imports: str
    versions: dict[str, str]


@dataclass
class Problem:
    """A library that did not do what a workload asks for."""

    library: str
    workload: str
    reason: str


@dataclass
class Results:
    """Everything that a run found out."""

    date: str
    method: dict[str, Any]
    machine: dict[str, str]
    server: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, Library] = field(default_factory=dict)
    #: why libraries were left out
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    #: by workload and library
    measured: dict[str, dict[str, Measured]] = field(default_factory=dict)
    #: milliseconds of CPU that an import takes more than bare Python, a figure a round
    imports: dict[str, list[float]] = field(default_factory=dict)
    #: bytes of memory for each object that is held, a figure a process
    memory: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, workload: str, library: str, clock: str = "wall") -> Ratio | None:
        """A library's time by the base's; None where one of the two has none."""
        of_workload = self.measured.get(workload, {})
        one, base = of_workload.get(library), of_workload.get(BASE)
        if one is None or base is None or not one.wall or not base.wall:
            return None
        return ratio(getattr(one, clock), getattr(base, clock))

    def write(self, path: Path) -> None:
        """As JSON, with the figures that the tables show beside the samples."""
        content = asdict(self)
        for workload, of_workload in content["measured"].items():
            for library, one in of_workload.items():
                if not one["wall"]:
                    continue
                one["median_wall"] = statistics.median(one["wall"])
                one["median_cpu"] = statistics.median(one["cpu"])
                for clock in ("wall", "cpu"):
                    found = self.ratio(workload, library, clock)
                    one[f"ratio_{clock}"] = None if found is None else asdict(found)
        path.write_text(json.dumps(content, indent=1) + "\n")
