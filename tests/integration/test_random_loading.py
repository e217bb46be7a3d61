"""Random options on random statements, in sessions in random states, against a plain picture.

A short run is part of the suite, the same each time; ASYNCORM_RANDOM_STEPS makes a long one.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from asyncorm import create_engine, insert, sessionmaker
from asyncorm.engine.engine import Engine
from tests.support.imprint import Imprint
from tests.support.machines import SEED, STEPS
from tests.support.random_loading.case import Case
from tests.support.random_loading.picture import KEYS, LINKS, Picture, random_house
from tests.support.sent import Sent

SHORT = 100


async def fill(engine: Engine, house: Picture) -> None:
    async with sessionmaker(engine).begin() as session:
        for entity in KEYS:
            for key, row in house.rows[entity].items():
                values = {name: value for name, value in row.items() if name != "kind"}
                session.add(house.class_of(entity, key)(**values))
        await session.flush()
        tables = Imprint.metadata.tables
        for name, columns in LINKS.items():
            names = [column for side in columns for column in side]
            pairs = [dict(zip(names, (*a, *b), strict=True)) for a, b in sorted(house.links[name])]
            await session.execute(insert(tables[name]).values(pairs))


@pytest.fixture
def runner(database_url: str) -> Iterator[asyncio.Runner]:
    logging.getLogger("asyncorm.sql").propagate = False
    # what sessions hold must not depend on when the collector runs
    gc.disable()
    gc.collect()
    gc.freeze()  # each case collects: what other tests have made is 0.15 s of every one
    with asyncio.Runner() as runner:
        yield runner
    gc.enable()
    logging.getLogger("asyncorm.sql").propagate = True


@pytest.mark.timeout(7200)
def test_random_trees_are_what_a_plain_picture_says(
    runner: asyncio.Runner, database_url: str, sent: Sent, report: Callable[[str], None]
) -> None:
    engine = create_engine(database_url)
    chosen = int(SEED) if SEED else random.randrange(10**9)
    house = random_house(random.Random(chosen))
    runner.run(engine.create_all(Imprint))
    runner.run(fill(engine, house))
    cases = 0

    @seed(chosen)
    @settings(
        max_examples=STEPS or SHORT,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(st.randoms(use_true_random=False))
    def check(chance: random.Random) -> None:
        nonlocal cases
        cases += 1
        gc.collect()
        runner.run(one(engine, chance, house, sent))

    try:
        check()
    finally:
        report(f"random loading: {cases} cases, seed {chosen}")
        runner.run(engine.drop_all(Imprint))
        runner.run(engine.dispose())


async def one(engine: Engine, chance: random.Random, house: Picture, sent: Sent) -> None:
    async with sessionmaker(engine)() as session:
        await Case(engine, session, chance, house).run(sent)
    assert engine.pool.in_use == 0
