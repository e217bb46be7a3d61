"""Fixtures for the tests of sessions: the bookshop's tables, and the statements that are sent."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine
    from asyncorm.session.factory import SessionFactory


@pytest.fixture
async def Session(engine: Engine) -> AsyncIterator[SessionFactory]:  # noqa: N802 - a factory
    """Makes sessions on the bookshop's tables, which are empty when the test begins."""
    from asyncorm import sessionmaker
    from tests.support.bookshop import Bookshop

    await engine.create_all(Bookshop)
    yield sessionmaker(engine)
    await engine.drop_all(Bookshop)
    assert engine.pool.in_use == 0, "the test has left a connection checked out"


class Sent(logging.Handler):
    """The statements that were sent since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(record.__dict__["sql"])

    def __call__(self) -> list[str]:
        taken, self.statements = self.statements, []
        return taken

    def verbs(self) -> list[str]:
        """The first word of each statement."""
        return [statement.split()[0] for statement in self()]


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
