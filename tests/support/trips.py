"""Round trips to the server, counted on the wire; statements are warm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asyncorm import Session
from asyncorm.engine.engine import Engine
from tests.support.rows import run
from tests.support.wire import WireProxy

Report = Callable[[str], None]


class Counter:
    """Runs a case three times on one connection, from empty tables, and counts the last run."""

    def __init__(
        self, proxy: WireProxy, engine: Engine, outside: Engine, truncate: str, report: Report
    ) -> None:
        self.proxy = proxy
        self.engine = engine
        self._outside = outside
        self._truncate = truncate
        self._report = report

    async def trips(
        self,
        what: str,
        prepare: Callable[[Session], Awaitable[Any]],
        work: Callable[[Session, Any], Awaitable[None]],
    ) -> int:
        for _ in range(3):
            # by another connection: one that has run SQL by hand is reset when it is given back
            await run(self._outside, self._truncate)
            async with Session(self.engine) as session:
                prepared = await prepare(session)
                self.proxy.reset()
                await work(session, prepared)
                found = self.proxy.round_trips
        self._report(f"round trips: {found:2d}  {what}")
        return found


async def nothing(session: Session) -> None:
    return None


async def save(session: Session, *instances: Any) -> Any:
    """The instances, committed."""
    session.add_all(instances)
    await session.commit()
    return instances
