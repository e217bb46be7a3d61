"""Fixtures for the tests of sessions: the bookshop's tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.sent import Sent as Sent

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
