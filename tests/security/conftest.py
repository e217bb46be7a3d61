"""What the tests of security use: a session with the rows of the shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine
    from asyncorm.session.session import Session as AnySession


@pytest.fixture
async def session(engine: Engine, shop: None) -> AsyncIterator[AnySession]:
    """A session whose work is rolled back."""
    from asyncorm import Session

    async with Session(engine) as session:
        yield session
        session.expunge_all()
        await session.rollback()
