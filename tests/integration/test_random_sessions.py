"""Random sessions against a plain picture of what they should hold, and the real database.

A short run is part of the suite, the same each time; `make long-run` makes a long one, of other
sessions each time unless ASYNCORM_RANDOM_SEED says which.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from asyncorm import create_engine
from tests.support.guild import Guild
from tests.support.random_sessions.changes import Adding, Changing, Deleting
from tests.support.random_sessions.checks import Checks
from tests.support.random_sessions.leaving import Leaving, Merging, Rereading
from tests.support.random_sessions.linking import Moving, Replacing, Wearing
from tests.support.random_sessions.others import OtherSessions, Statements
from tests.support.random_sessions.transactions import Failures, Transactions
from tests.support.sent import Sent

STEPS = int(os.environ.get("ASYNCORM_RANDOM_STEPS", "0"))
SHORT = 1200
SEED = os.environ.get("ASYNCORM_RANDOM_SEED", "" if STEPS else "1")
PER_EXAMPLE = 50


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
    logging.getLogger("asyncorm.sql").propagate = False
    gc.freeze()
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        runner.run(engine.create_all(Guild))
        RandomSession.engine, RandomSession.runner, RandomSession.steps = engine, runner, 0
        RandomSession.sent = sent
        yield RandomSession
        runner.run(engine.drop_all(Guild))
        runner.run(engine.dispose())
    gc.unfreeze()
    logging.getLogger("asyncorm.sql").propagate = True


@pytest.mark.timeout(7200)
def test_random_sessions_hold_what_a_plain_picture_says(
    machine: type[RandomSession], report: Callable[[str], None]
) -> None:
    test = seed(int(SEED))(machine) if SEED else machine
    try:
        run_state_machine_as_test(
            test,
            settings=settings(
                max_examples=(STEPS or SHORT) // PER_EXAMPLE or 1,
                stateful_step_count=PER_EXAMPLE,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
                report_multiple_bugs=False,
                print_blob=False,
            ),
        )
    finally:
        report(f"random sessions: {machine.steps} steps")
    assert machine.steps > (STEPS or SHORT) // 4
