"""Random changes of objects with rows in several tables, against a plain picture of them.

A short run is part of the suite, the same each time; ASYNCORM_RANDOM_STEPS makes a long one.
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
from tests.support.herd import Herd, RandomHerd

STEPS = int(os.environ.get("ASYNCORM_RANDOM_STEPS", "0"))
SHORT = 1000
SEED = os.environ.get("ASYNCORM_RANDOM_SEED", "" if STEPS else "1")
PER_EXAMPLE = 40


@pytest.fixture
def machine(database_url: str) -> Iterator[type[RandomHerd]]:
    logging.getLogger("asyncorm.sql").propagate = False
    gc.freeze()
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        runner.run(engine.create_all(Herd))
        RandomHerd.engine, RandomHerd.runner, RandomHerd.steps = engine, runner, 0
        yield RandomHerd
        runner.run(engine.drop_all(Herd))
        runner.run(engine.dispose())
    gc.unfreeze()
    logging.getLogger("asyncorm.sql").propagate = True


@pytest.mark.timeout(7200)
def test_random_herds_hold_what_a_plain_picture_says(
    machine: type[RandomHerd], report: Callable[[str], None]
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
        report(f"random herds: {machine.steps} checks")
    assert machine.steps > (STEPS or SHORT) // 8
