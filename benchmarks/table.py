"""The tables of a run, as Markdown and in the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from benchmarks.results import BASE, Ratio, Results

NONE = "-"
#: a cell: of a workload and a library
Cell = Callable[[str, str], str]


def ratio_cell(results: Results, clock: str) -> Cell:
    """The ratio to the base with its quartiles; the base has its milliseconds."""

    def cell(workload: str, library: str) -> str:
        if any((p.library, p.workload) == (library, workload) for p in results.problems):
            return "WRONG"
        if library == BASE:
            one = results.measured[workload].get(library)
            return NONE if one is None else milliseconds(statistics.median(getattr(one, clock)))
        found = results.ratio(workload, library, clock)
        return NONE if found is None else f"{found.median:.2f}"

    return cell


def milliseconds(seconds: float) -> str:
    """A time with three digits that mean something."""
    value = seconds * 1000
    digits = 3 if value < 1 else 2 if value < 10 else 0
    return f"{value:.{digits}f} ms"


def trips_cell(results: Results) -> Cell:
    """Round trips of a call, and in brackets its statements."""

    def cell(workload: str, library: str) -> str:
        one = results.measured[workload].get(library)
        if one is None or one.round_trips is None:
            return NONE
        return f"{one.round_trips} ({one.statements})"

    return cell


def rows(
    results: Results, workloads: list[str], libraries: list[str], cell: Cell
) -> list[list[str]]:
    """Headings, and a row a workload."""
    heads = ["", *(results.libraries[library].name for library in libraries)]
    body = [[results.titles[name], *(cell(name, one) for one in libraries)] for name in workloads]
    return [heads, *body]


def spread_rows(results: Results) -> list[list[str]]:
    """The quartiles of asyncorm's ratios, beside those of the best other library with objects."""
    found = [["", "asyncorm", "quartiles", "best other ORM", "", "quartiles"]]
    others = [
        key for key, one in results.libraries.items() if one.kind == "orm" and key != "asyncorm"
    ]
    for name in results.measured:
        ours = results.ratio(name, "asyncorm")
        theirs = {one: results.ratio(name, one) for one in others}
        ranked = sorted((r.median, key, r) for key, r in theirs.items() if r is not None)
        row = [results.titles[name]]
        row += [NONE, NONE] if ours is None else [f"{ours.median:.2f}", _quartiles(ours)]
        if ranked:
            median, key, best = ranked[0]
            row += [results.libraries[key].name, f"{median:.2f}", _quartiles(best)]
        else:
            row += [NONE] * 3
        found.append(row)
    return found


def _quartiles(ratio: Ratio) -> str:
    return f"{ratio.low:.2f} to {ratio.high:.2f}"


def footprint_rows(results: Results) -> list[list[str]]:
    """A row a library: import and memory."""
    found = [["", "import, ms of CPU", "memory, bytes an object"]]
    names = {key: one.name for key, one in results.libraries.items()}
    for key, name in {**names, "foundation": "asyncpg, pydantic and anyio"}.items():
        taken, held = results.imports.get(key), results.memory.get(key)
        if taken or held:
            found.append(
                [
                    name,
                    f"{statistics.median(taken):.0f}" if taken else NONE,
                    f"{statistics.median(held):.0f}" if held else NONE,
                ]
            )
    return found


def markdown(table: list[list[str]]) -> str:
    """A table of Markdown; figures to the right."""
    heads, *body = table
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
