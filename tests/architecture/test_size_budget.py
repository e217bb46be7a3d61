"""Files and functions stay small; the longest ones are printed at the end of the run."""

from __future__ import annotations

import ast
from collections.abc import Callable
from statistics import median

from tests.architecture.sources import library

FILE_TARGET = 400
FILE_LIMIT = 600
FUNCTION_LIMIT = 60


def test_no_file_is_longer_than_the_limit(report: Callable[[str], None]) -> None:
    longest = sorted(((source.lines, source.path) for source in library()), reverse=True)
    report(f"longest file: {longest[0][0]} lines, {longest[0][1]}")
    for lines, path in longest:
        if lines > FILE_TARGET:
            report(f"above the target of {FILE_TARGET} lines: {lines}, {path}")
    assert [entry for entry in longest if entry[0] > FILE_LIMIT] == []


def test_no_function_is_longer_than_the_limit(report: Callable[[str], None]) -> None:
    longest = sorted(
        (
            (length(function), f"{source.path}:{function.lineno} {function.name}")
            for source in library()
            for function in source.functions()
        ),
        reverse=True,
    )
    lengths = [lines for lines, _ in longest]
    report(
        f"functions: longest {longest[0][0]} lines ({longest[0][1]}), "
        f"p90 {lengths[len(lengths) // 10]}, median {median(lengths):g}"
    )
    assert [entry for entry in longest if entry[0] > FUNCTION_LIMIT] == []


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last one, docstring included, decorators not."""
    return (function.end_lineno or function.lineno) - function.lineno + 1
