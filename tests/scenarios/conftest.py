"""Fixtures of the scenarios: the publisher's tables, made once a module and empty for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.rows import run

if TYPE_CHECKING:
    from asyncorm import Engine, SessionFactory

EMPTY_ALL = """
do $$ begin
  execute (select 'truncate ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
           || ' restart identity cascade' from pg_tables where schemaname = 'public');
end $$
"""


@pytest.fixture(scope="module")
async def publisher(engine: Engine) -> AsyncIterator[Engine]:
    """An engine on a database that has the tables of tests/support/scenario_models.py."""
    from tests.support.scenario_models import Publisher

    await engine.create_all(Publisher)
    yield engine
    await engine.drop_all(Publisher)


@pytest.fixture
async def Session(publisher: Engine) -> AsyncIterator[SessionFactory]:  # noqa: N802 - a factory
    """Makes sessions on the publisher's tables, which are empty when the test begins."""
    from asyncorm import sessionmaker

    await run(publisher, EMPTY_ALL)
    yield sessionmaker(publisher)
    assert publisher.pool.in_use == 0, "the test has left a connection checked out"
