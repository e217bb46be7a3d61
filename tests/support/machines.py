"""How random state machines are run: a database of their own, a seed, and so many steps."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from asyncorm import create_engine

#: of a long run; 0 for the short one of the suite
STEPS = int(os.environ.get("ASYNCORM_RANDOM_STEPS", "0"))
SEED = os.environ.get("ASYNCORM_RANDOM_SEED", "" if STEPS else "1")


@contextmanager
def prepared(machine: Any, database_url: str, models: Any) -> Iterator[Any]:
    """A machine class with an engine whose database has the tables of its models."""
    logging.getLogger("asyncorm.sql").propagate = False
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        runner.run(engine.create_all(models))
        machine.engine, machine.runner, machine.steps = engine, runner, 0
        yield machine
        runner.run(engine.drop_all(models))
        runner.run(engine.dispose())
    logging.getLogger("asyncorm.sql").propagate = True


def run_machine(machine: Any, short: int, per_example: int, report: Callable[[int], None]) -> int:
    """Run a machine and return the steps that it was to take; those taken are reported."""
    wanted = STEPS or short
    test = seed(int(SEED))(machine) if SEED else machine
    try:
        run_state_machine_as_test(
            test,
            settings=settings(
                max_examples=wanted // per_example or 1,
                stateful_step_count=per_example,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
                report_multiple_bugs=False,
                print_blob=False,
            ),
        )
    finally:
        report(machine.steps)
    return wanted
