"""Results of a benchmark: ratios, and what is written of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.results import BASE, Library, Measured, Problem, Ratio, Results, ratio


def example() -> Results:
    results = Results("2026-01-01", {"rounds": 3}, {"cores": "2"})
    results.libraries = {
        BASE: Library("asyncpg by hand", "by hand", "import asyncpg", {"asyncpg": "0.32"}),
        "asyncorm": Library("asyncorm", "orm", "import asyncorm", {}),
    }
    results.titles = {"get": "get by key"}
    results.measured = {
        "get": {
            BASE: Measured([0.001, 0.002, 0.004], [0.001, 0.001, 0.001], 1, 1),
            "asyncorm": Measured([0.002, 0.002, 0.002], [0.001, 0.001, 0.001], 1, 1),
        }
    }
    results.skipped = {"ferro": "No module named 'ferro'"}
    return results


def test_a_ratio_compares_samples_of_the_same_round() -> None:
    # the second round was disturbed, and both libraries with it
    assert ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == Ratio(2.0, 2.0, 2.0)


def test_the_spread_is_that_of_the_middle_half() -> None:
    assert ratio([1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5) == Ratio(3.0, 2.0, 4.0)


def test_one_round_is_a_ratio_too() -> None:
    assert ratio([3.0], [2.0]) == Ratio(1.5, 1.5, 1.5)


def test_rounds_that_are_missing_are_not_passed_over() -> None:
    with pytest.raises(ValueError, match="longer"):
        ratio([1.0], [1.0, 2.0])


def test_results_say_nothing_where_nothing_was_measured() -> None:
    results = example()
    assert results.ratio("get", "asyncorm") == Ratio(1.0, 0.75, 1.5)
    assert results.ratio("get", "yara") is None
    assert results.ratio("insert", "asyncorm") is None


def test_the_samples_are_written_with_what_is_derived_from_them(tmp_path: Path) -> None:
    results = example()
    results.problems = [Problem("yara", "graph", "wrong: items is 9, not 10")]
    results.write(tmp_path / "results.json")
    content = json.loads((tmp_path / "results.json").read_text())
    derived = {
        "median_wall": 0.002,
        "median_cpu": 0.001,
        "ratio_wall": {"median": 1.0, "low": 0.75, "high": 1.5},
        "ratio_cpu": {"median": 1.0, "low": 1.0, "high": 1.0},
    }
    expected = asdict(results)
    expected["measured"]["get"]["asyncorm"] |= derived
    assert content["measured"]["get"]["asyncorm"] == expected["measured"]["get"]["asyncorm"]
    assert content["problems"] == expected["problems"]
    assert content["skipped"] == results.skipped
