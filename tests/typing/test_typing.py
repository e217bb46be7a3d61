"""The typing examples: every good line passes and every bad line is caught, in four checkers."""

from __future__ import annotations

import pytest

from tests.typing.run_checks import COMMANDS, Outcome, example_files, expected, run_all

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return run_all()


@pytest.mark.parametrize("checker", COMMANDS)
def test_the_checker_reports_the_bad_lines_and_no_other(
    outcomes: dict[str, Outcome], checker: str
) -> None:
    outcome = outcomes[checker]
    assert not outcome.wrong(), f"{outcome}\n\n{outcome.output}"


@pytest.mark.parametrize("checker", COMMANDS)
def test_there_are_lines_to_report(checker: str) -> None:
    # without them a checker that reads nothing would pass
    assert any(path.name.startswith("good_") for path in example_files())
    assert expected(checker)
