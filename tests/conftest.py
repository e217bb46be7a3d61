"""Fixtures of all tests: the event loop, a PostgreSQL, an engine, and tables for one test."""

from __future__ import annotations

import asyncio
import atexit
import gc
import logging
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from asyncorm.engine import pipelining
from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.url import parse_url
from tests.support.sent import Sent

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

pytest.register_assert_rewrite("tests.support.random_sessions", "tests.support.random_loading")

if os.environ.get("ASYNCORM_PIPELINING") == "off":
    # as with a version of the driver that BEGIN and COMMIT can't go along with
    pipelining.enabled = False

# the suite draws the same examples each time, and however long they take on a busy machine; new
# ones are drawn in a long run
settings.register_profile(
    "same each time",
    derandomize="ASYNCORM_RANDOM_STEPS" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same each time")

CreateTables = Callable[..., Awaitable[None]]
REPORT: pytest.StashKey[list[str]] = pytest.StashKey()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    # the driver runs on asyncio only; one loop for the session lets its fixtures hold connections
    return "asyncio"


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A database of this run alone: on the server of DATABASE_URL, else on an embedded one."""
    server = os.environ.get("DATABASE_URL") or embedded_url()
    if server.startswith("embedded:"):
        server = str(start_embedded(parse_url(server)))
    name = f"asyncorm_test_{os.getpid()}"
    asyncio.run(administer(server, f'CREATE DATABASE "{name}"'))
    # a server takes the time zone of the machine that it was set up on
    asyncio.run(administer(server, f"ALTER DATABASE \"{name}\" SET timezone TO 'UTC'"))
    yield with_database(server, name)
    asyncio.run(administer(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def embedded_url() -> str:
    folder = Path(tempfile.mkdtemp(prefix="asyncorm-"))
    # exit handlers run last in, first out: the engine registers the server's stop after this one
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return f"embedded:///{folder}?fsync=off"


def with_database(url: str, name: str) -> str:
    """The URL with another database; by hand, since urllib drops the empty host of a socket URL."""
    return re.sub(r"^([\w+]+://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", url, count=1)


async def administer(url: str, command: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        await connection.execute(command)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[Engine]:
    # imported here: the tests of the pure core do without the whole engine
    from asyncorm.engine.engine import create_engine

    # a server on a busy machine may need a while to end what was cancelled
    async with create_engine(database_url, cancel_grace=10) as engine:
        yield engine


@pytest.fixture(scope="module")
async def shop(engine: Engine) -> AsyncIterator[None]:
    """The shop's tables with their rows."""
    from asyncorm import Session
    from tests.support.shop import Shop, rows

    await engine.create_all(Shop)
    async with Session(engine) as session:
        for objects in rows().values():
            session.add_all(objects)
        await session.commit()
    yield
    await engine.drop_all(Shop)


@pytest.fixture
async def tables(engine: Engine) -> AsyncIterator[CreateTables]:
    """`await tables(User, Book)` creates their tables; they are dropped when the test ends."""
    created: list[Any] = []

    async def create(*targets: Any) -> None:
        created.extend(targets)
        await engine.create_all(*targets)

    yield create
    if created:
        await engine.drop_all(*created)


@pytest.fixture
def sent() -> Iterator[Sent]:
    """`sent()` gives the SQL texts since the last call, `sent.verbs()` their first words."""
    listener, logger = Sent(), logging.getLogger("asyncorm.sql")
    before = logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.INFO)
    yield listener
    logger.setLevel(before)
    logger.removeHandler(listener)


def pytest_collection_finish() -> None:
    """Keep what the test files have made out of later collections, of which tests make hundreds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to the end of pytest's output: figures worth seeing in a run that passes."""
    return request.config.stash.setdefault(REPORT, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    lines = config.stash.get(REPORT, [])
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
