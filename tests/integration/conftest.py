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


@pytest.fixture
async def Animals(engine: Engine) -> AsyncIterator[SessionFactory]:  # noqa: N802 - a factory
    """Makes sessions on Ada's animals, of which there is one of each class."""
    from asyncorm import sessionmaker
    from tests.support.animals import Zoo, adas_animals

    await engine.create_all(Zoo)
    factory = sessionmaker(engine)
    async with factory() as session:
        session.add(adas_animals())
        await session.commit()
    yield factory
    await engine.drop_all(Zoo)
    assert engine.pool.in_use == 0, "the test has left a connection checked out"
