"""Fixtures of the scenarios: the publisher's tables, made once a module and empty for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.rows import run

if TYPE_CHECKING:
    from asyncorm import Engine, SessionFactory

# an eighth of the time that TRUNCATE ... RESTART IDENTITY of all tables takes
EMPTY_ALL = """
do $$ declare used text; begin
  select string_agg(oid::regclass::text, ', ') into used from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0;
  if used is not null then execute 'truncate ' || used || ' cascade'; end if;
  perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where schemaname = 'public' and last_value is not null;
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
