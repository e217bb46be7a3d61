"""The report of a run: a Markdown document of its tables, how they came about, and on what."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import BASE, Results
from benchmarks.table import (
    NONE,
    footprint_rows,
    markdown,
    ratio_cell,
    rows,
    spread_rows,
    trips_cell,
)


def write_report(results: Results, folder: Path) -> None:
    """``results.json``, ``results.md`` and, where matplotlib is there, ``results.svg``."""
    folder.mkdir(parents=True, exist_ok=True)
    results.write(folder / "results.json")
    picture = _draw(results, folder / "results.svg")
    (folder / "results.md").write_text(report(results, picture=picture))


def _draw(results: Results, path: Path) -> bool:
    try:
        from benchmarks.plot import draw
    except ImportError:
        return False
    return draw(results, path)


def report(results: Results, *, picture: bool = False) -> str:
    """The whole document."""
    parts = [f"# Results of {results.date}"]
    if picture:
        parts.append("![Ratios to asyncpg by hand](results.svg)")
    parts += [
        f"**WRONG**: {_name(results, problem.library)}, {problem.workload}: {problem.reason}"
        for problem in results.problems
    ]
    parts += _speed(results)
    footprint = footprint_rows(results)
    if len(footprint) > 1:
        parts += ["## Import and memory", markdown(footprint)]
    parts += ["## How and on what", markdown(_facts(results))]
    parts += ["## Libraries", markdown(_libraries(results))]
    return "\n\n".join(parts) + "\n"


def _name(results: Results, library: str) -> str:
    one = results.libraries.get(library)
    return library if one is None else one.name


def _speed(results: Results) -> list[str]:
    workloads = list(results.measured)
    if not workloads:
        return []
    base = results.libraries[BASE].name
    parts = []
    groups = _groups(results)
    for title, clock in (("Wall time", "wall"), ("CPU time of the client", "cpu")):
        parts.append(f"## {title}, ratio to {base}")
        cell = ratio_cell(results, clock)
        parts += [markdown(rows(results, workloads, group, cell)) for group in groups]
    parts += ["## Spread", markdown(spread_rows(results))]
    parts.append("## Round trips of a call (statements)")
    alone = [name for name in workloads if "tasks" not in results.titles[name]]
    parts += [markdown(rows(results, alone, group, trips_cell(results))) for group in groups]
    return parts


def _groups(results: Results) -> list[list[str]]:
    """Columns of the tables: libraries with objects of their own first, then the drivers."""
    kinds = {key: one.kind for key, one in results.libraries.items()}
    ours = ["asyncorm"] if "asyncorm" in kinds else []
    orms = [key for key, kind in kinds.items() if kind == "orm" and key not in ours]
    rest = [key for key, kind in kinds.items() if kind != "orm" and key != BASE]
    return [[BASE, *ours, *group] for group in (orms, rest) if group] or [[BASE, *ours]]


def _facts(results: Results) -> list[list[str]]:
    facts = {**results.method, **results.machine, **results.server}
    return [["", ""], *([name, str(value).replace("|", "/")] for name, value in facts.items())]


def _libraries(results: Results) -> list[list[str]]:
    found = [["library", "kind", "versions"]]
    for one in results.libraries.values():
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        found.append([one.name, one.kind, versions])
    for library, reason in results.skipped.items():
        found.append([library, NONE, f"skipped: {reason}"])
    return found
