"""What is run in a benchmark, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.options import Options, read_options
from benchmarks.results import BASE
from benchmarks.runner import rotated
from benchmarks.workloads.catalogue import CATALOGUE


def options(*arguments: str) -> Options:
    return read_options(list(arguments))


def test_every_library_begins_a_round_once() -> None:
    orders = [rotated(["a", "b", "c"], number) for number in range(3)]
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]
    assert rotated([], 1) == []


def test_the_base_is_always_part_of_a_run() -> None:
    assert options("--libraries", "asyncorm").libraries == [BASE, "asyncorm"]
    assert options().libraries[:2] == [BASE, "asyncorm"]


def test_a_quick_run_has_fewer_rounds_and_a_given_number_wins() -> None:
    assert options("--quick").rounds < options().rounds
    assert options("--quick", "--rounds", "7").rounds == 7


def test_an_unknown_name_ends_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options("--workloads", "get,gte")
    assert "unknown: gte; there are: get," in capsys.readouterr().err


def test_a_delay_makes_samples_smaller_but_every_task_has_a_call() -> None:
    near, far = options(), options("--delay", "1")
    for workload in CATALOGUE.values():
        assert workload.clients <= far.calls_of(workload) <= near.calls_of(workload)


def test_a_long_workload_takes_part_in_some_rounds() -> None:
    few, many = options("--rounds", "1"), options("--rounds", "20")
    copy = CATALOGUE["copy"]
    assert (few.rounds_of(copy), many.rounds_of(copy)) == (1, 5)
    assert many.rounds_of(CATALOGUE["get"]) == 20


def test_results_go_where_they_are_wanted(tmp_path: Path) -> None:
    assert options("--output", str(tmp_path)).output == tmp_path
