"""Tables for the tests of security: those of the shop, with their rows, for one module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine
    from asyncorm.session.session import Session as AnySession


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
async def session(engine: Engine, shop: None) -> AsyncIterator[AnySession]:
    """A session whose work is rolled back."""
    from asyncorm import Session

    async with Session(engine) as session:
        yield session
        session.expunge_all()
        await session.rollback()
