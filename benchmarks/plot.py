"""The picture of a run: ratio to the base by workload, one marker a library, as a light SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from benchmarks.results import BASE, Results

MARKERS = "sD^v<>pPX*hd8"
OURS = {"color": "#c2185b", "marker": "o", "markersize": 9, "zorder": 5}
TICKS = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)


def draw(results: Results, path: Path) -> bool:
    """Write the SVG; False if there is nothing to draw."""
    points = {
        library: _points(results, library)
        for library in results.libraries
        if library != BASE and results.libraries[library].kind != "by hand"
    }
    found = [ratio for of_library in points.values() for ratio, _ in of_library]
    if not found:
        return False
    matplotlib.use("svg")
    from matplotlib import pyplot

    # text stays text: smaller, and sharp in any size
    with pyplot.rc_context({"svg.fonttype": "none", "svg.hashsalt": "asyncorm", "font.size": 9}):
        height = 1.6 + 0.36 * len(results.measured)
        figure, axes = pyplot.subplots(figsize=(9, height), layout="constrained")
        _frame(axes, results, min(found), max(found))
        colours = pyplot.get_cmap("tab10").colors
        for number, (library, of_library) in enumerate(points.items()):
            if not of_library:
                continue
            style: dict[str, Any] = OURS
            if library != "asyncorm":
                marker = MARKERS[number % len(MARKERS)]
                colour = colours[number % len(colours)]
                style = {"color": colour, "marker": marker, "markersize": 6, "alpha": 0.85}
            across, up = zip(*of_library, strict=True)
            name = results.libraries[library].name
            axes.plot(across, up, linestyle="none", label=name, **style)
        figure.legend(loc="outside right upper", frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    return True


def _points(results: Results, library: str) -> list[tuple[float, int]]:
    ratios = ((at, results.ratio(name, library)) for at, name in enumerate(results.measured))
    return [(found.median, at) for at, found in ratios if found is not None]


def _frame(axes: Any, results: Results, least: float, most: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(min(0.8, least) / 1.1, max(1.3, most) * 1.1)
    ticks = [tick for tick in TICKS if least / 1.1 <= tick <= most * 1.1]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(results.measured)), [results.titles[n] for n in results.measured])
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=1)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("time by that of asyncpg by hand (left is faster)")
