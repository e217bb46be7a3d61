"""What a run shows in the terminal: a progress bar meanwhile, tables at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.results import BASE, Results
from benchmarks.runner import Tell
from benchmarks.table import footprint_rows, ratio_cell, rows, spread_rows, trips_cell


@contextmanager
def progress(console: Console, steps: int) -> Iterator[Tell]:
    """A bar of so many steps."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=steps)
        yield lambda text, done: bar.update(task, description=text, advance=done)


def show(console: Console, results: Results) -> None:
    """All tables, and loudly what was wrong."""
    base = results.libraries[BASE].name if BASE in results.libraries else BASE
    workloads = list(results.measured)
    if workloads:
        _show_wide(console, results, f"wall time: ratio to {base}", ratio_cell(results, "wall"))
        _show_wide(console, results, f"CPU time: ratio to {base}", ratio_cell(results, "cpu"))
        _show_wide(console, results, "round trips (statements)", trips_cell(results))
        _show(console, "asyncorm and the best other ORM", spread_rows(results))
    footprint = footprint_rows(results)
    if len(footprint) > 1:
        _show(console, "import and memory", footprint)
    for facts in (results.machine, results.server, results.method):
        console.print("; ".join(f"{name}: {value}" for name, value in facts.items()), style="dim")
    for library, reason in results.skipped.items():
        console.print(f"skipped {library}: {reason}", style="yellow", markup=False)
    for problem in results.problems:
        text = f"WRONG: {problem.library}, {problem.workload}: {problem.reason}"
        console.print(text, style="bold red", markup=False)


def _show_wide(console: Console, results: Results, title: str, cell: object) -> None:
    """As many libraries side by side as fit; the base and asyncorm in every table."""
    libraries = list(results.libraries)
    fixed, others = libraries[:2], libraries[2:]
    fit = max(1, (console.width - 50) // 11)
    for at in range(0, max(1, len(others)), fit):
        chosen = fixed + others[at : at + fit]
        _show(console, title, rows(results, list(results.measured), chosen, cell))  # type: ignore[arg-type]


def _show(console: Console, title: str, table: list[list[str]]) -> None:
    heads, *body = table
    shown = Table(title=title, title_justify="left", header_style="bold")
    for at, head in enumerate(heads):
        shown.add_column(head, justify="right" if at else "left", no_wrap=not at)
    for row in body:
        shown.add_row(*(f"[bold red]{one}[/]" if one == "WRONG" else one for one in row))
    console.print(shown)
