"""The tables and the report of a benchmark."""

from __future__ import annotations

from benchmarks.report import report
from benchmarks.results import BASE, Library, Measured, Problem, Results
from benchmarks.table import footprint_rows, markdown, ratio_cell, rows, trips_cell


def example() -> Results:
    results = Results("2026-01-01", {"rounds": 1}, {"cores": "2"})
    for key in (BASE, "asyncorm", "yara"):
        results.libraries[key] = Library(key, "by hand" if key == BASE else "orm", "", {})
    results.titles = {"get": "get by key", "nested": "eager, nested"}
    results.measured = {
        "get": {
            BASE: Measured([0.0005], [0.0004], 1, 1),
            "asyncorm": Measured([0.0006], [0.0004], 1, 2),
        },
        "nested": {"asyncorm": Measured([0.005], [0.005])},
    }
    results.problems = [Problem("yara", "get", "wrong: id is 2, not 1")]
    return results


def test_a_library_that_is_wrong_is_called_so_where_its_ratio_would_be() -> None:
    results = example()
    found = rows(results, ["get"], list(results.libraries), ratio_cell(results, "wall"))
    assert found == [["", BASE, "asyncorm", "yara"], ["get by key", "0.500 ms", "1.20", "WRONG"]]


def test_what_a_library_or_the_base_does_not_do_is_a_dash() -> None:
    results = example()
    found = rows(results, ["nested"], list(results.libraries), ratio_cell(results, "wall"))
    assert found[1] == ["eager, nested", "-", "-", "-"]


def test_round_trips_are_shown_with_the_statements() -> None:
    results = example()
    found = rows(results, ["get", "nested"], ["asyncorm"], trips_cell(results))
    assert [row[1] for row in found[1:]] == ["1 (2)", "-"]


def test_import_and_memory_have_medians() -> None:
    results = example()
    results.imports = {"asyncorm": [90.0, 100.0, 300.0]}
    results.memory = {BASE: [784.0], "asyncorm": [1000.0, 1002.0]}
    assert footprint_rows(results)[1:] == [[BASE, "-", "784"], ["asyncorm", "100", "1001"]]


def test_a_markdown_table_has_its_figures_to_the_right() -> None:
    assert markdown([["", "a"], ["b", "1"]]) == "|  | a |\n| --- | ---: |\n| b | 1 |"


def test_a_report_begins_with_what_was_wrong() -> None:
    text = report(example())
    assert text.index("**WRONG**: yara, get: wrong: id is 2, not 1") < text.index("| get by key |")
