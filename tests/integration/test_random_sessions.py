"""Random sessions against a plain picture of what they should hold, and the real database.

A short run is part of the suite, the same each time; `make long-run` makes a long one, of other
sessions each time unless ASYNCORM_RANDOM_SEED says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.guild import Guild
from tests.support.machines import prepared, run_machine
from tests.support.random_sessions.changes import Adding, Changing, Deleting
from tests.support.random_sessions.checks import Checks
from tests.support.random_sessions.leaving import Leaving, Merging, Rereading
from tests.support.random_sessions.linking import Moving, Replacing, Wearing
from tests.support.random_sessions.others import OtherSessions, Statements
from tests.support.random_sessions.transactions import Failures, Transactions
from tests.support.sent import Sent


class RandomSession(
    Adding,
    Changing,
    Deleting,
    Moving,
    Replacing,
    Wearing,
    Transactions,
    Failures,
    Leaving,
    Merging,
    Rereading,
    Statements,
    OtherSessions,
    Checks,
):
    """All rules together."""


@pytest.fixture
def machine(database_url: str, sent: Sent) -> Iterator[type[RandomSession]]:
    with prepared(RandomSession, database_url, Guild) as machine:
        machine.sent = sent
        yield machine


@pytest.mark.timeout(7200)
def test_random_sessions_hold_what_a_plain_picture_says(
    machine: type[RandomSession], report: Callable[[str], None]
) -> None:
    wanted = run_machine(machine, 1200, 50, lambda steps: report(f"random sessions: {steps} steps"))
    assert machine.steps > wanted // 4
