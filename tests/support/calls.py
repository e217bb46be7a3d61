"""Counts the Python functions an awaited operation calls once it is warm: work as a number.

    calls = await count_calls(work)
    assert calls.total <= 60, calls

Going on with a coroutine counts as a call of each coroutine in the chain, as it costs one. Turns of
the event loop are left out: into how many pieces an answer comes is up to the network.
"""

from __future__ import annotations

import asyncio.base_events
import asyncio.events
import asyncio.selector_events
import gc
import selectors
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from asyncorm import Engine, Model, Session, create_engine
from tests.support.wire import WireProxy

_LOOP: tuple[ModuleType, ...] = (
    asyncio.base_events,
    asyncio.events,
    asyncio.selector_events,
    selectors,
)
LOOP_FILES = frozenset(str(module.__file__) for module in _LOOP)


@dataclass
class Calls:
    """How often each function was called, by file and name."""

    functions: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.functions.total()

    def __str__(self) -> str:
        most = (f"{count:7d}  {name}" for name, count in self.functions.most_common(25))
        return "\n".join((f"{self.total:7d}  calls", *most))


async def count_calls(
    work: Callable[[], Awaitable[object]], *, warm: int = 3, rounds: int = 3
) -> Calls:
    """The calls of one run of the work: of the cheapest of some rounds, after some to warm up."""
    for _ in range(warm):
        await work()
    gc.collect()  # what other tests left behind is not to be finished while it is counted
    return min([await _profiled(work) for _ in range(rounds)], key=lambda calls: calls.total)


async def _profiled(work: Callable[[], Awaitable[object]]) -> Calls:
    codes: Counter[Any] = Counter()

    def notice(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            codes[frame.f_code] += 1

    before = sys.getprofile()
    gc.disable()
    sys.setprofile(notice)
    try:
        await work()
    finally:
        sys.setprofile(before)
        gc.enable()
    calls = Calls()
    for code, count in codes.items():
        if code.co_filename not in LOOP_FILES and code is not _profiled.__code__:
            place = "/".join(Path(code.co_filename).parts[-2:])
            calls.functions[f"{place}:{code.co_qualname}"] += count
    return calls


@dataclass
class Cost:
    """What an operation costs: messages that ran SQL, waits for the server, Python calls."""

    statements: int
    round_trips: int
    calls: Calls

    def sends(self, *, statements: int, round_trips: int) -> None:
        """Fail if there was another number of statements or round trips."""
        counted = self.statements, self.round_trips
        assert counted == (statements, round_trips), f"{counted} statements and round trips"

    def within(self, *, statements: int, round_trips: int, calls: int) -> None:
        """Fail if there were more calls, or another number of statements or round trips."""
        self.sends(statements=statements, round_trips=round_trips)
        assert self.calls.total <= calls, str(self.calls)


class Meter:
    """Measures work that is done in a session of its own: opening and closing it is part of it."""

    def __init__(self, engine: Engine, proxy: WireProxy, proxied: Engine) -> None:
        self.engine = engine
        self._proxy = proxy
        self._proxied = proxied

    async def cost(self, work: Callable[[Session], Awaitable[object]]) -> Cost:
        async def run(engine: Engine) -> None:
            async with Session(engine) as session:
                await work(session)

        for _ in range(2):
            self._proxy.reset()
            await run(self._proxied)
        statements = sum(message.kind in "QE" for message in self._proxy.messages)
        # by the other engine: the proxy's own functions must not be counted
        calls = await count_calls(lambda: run(self.engine))
        return Cost(statements, self._proxy.round_trips, calls)


@asynccontextmanager
async def metered(url: str, tables: type[Model]) -> AsyncIterator[Meter]:
    """A meter over one connection, with the tables of a base class for as long as it is used."""
    async with (
        WireProxy(url) as proxy,
        create_engine(url, pool_size=1) as engine,
        create_engine(proxy.url, pool_size=1) as proxied,
    ):
        await engine.create_all(tables)
        yield Meter(engine, proxy, proxied)
        await engine.drop_all(tables)
