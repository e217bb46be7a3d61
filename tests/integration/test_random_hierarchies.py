"""Random changes of objects with rows in several tables, against a plain picture of them.

A short run is part of the suite, the same each time; `make long-run` makes a long one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.herd import Herd, RandomHerd
from tests.support.machines import prepared, run_machine


@pytest.fixture
def machine(database_url: str) -> Iterator[type[RandomHerd]]:
    with prepared(RandomHerd, database_url, Herd) as machine:
        yield machine


@pytest.mark.timeout(7200)
def test_random_herds_hold_what_a_plain_picture_says(
    machine: type[RandomHerd], report: Callable[[str], None]
) -> None:
    wanted = run_machine(machine, 1000, 40, lambda steps: report(f"random herds: {steps} checks"))
    assert machine.steps > wanted // 8
