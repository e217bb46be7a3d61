"""Listener: notifications of some channels, on a connection of its own that is made again."""

from __future__ import annotations

import asyncio
import inspect
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Generic, TypedDict, TypeVar, cast

import anyio

from asyncorm.engine.driver import Driver
from asyncorm.engine.error_translation import translate
from asyncorm.engine.pool import Pool
from asyncorm.engine.pooler import refuse_pooler
from asyncorm.engine.signals.channel import Channel, Gap, Notification
from asyncorm.engine.sql_log import logger
from asyncorm.errors import (
    ArgumentError,
    AsyncORMError,
    ConnectionLost,
    DatabaseError,
    InvalidRequestError,
    MissedNotifications,
    OperationalError,
)

P = TypeVar("P")

OnGap = Callable[[Gap], object]

#: seconds between two attempts to connect again: doubled each time, and spread out
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 15.0
#: the longest wait for the answer to a sign of life
ANSWER_SECONDS = 10.0
#: of the server: password or role refused, no such database. Asking again would not help
_REFUSALS = ("28", "3D")


class ListenOptions(TypedDict, total=False):
    """Keywords of ``engine.listen()``."""

    #: called at every gap, before what follows it; without it a gap raises MissedNotifications
    on_gap: OnGap | None
    #: how many messages wait for the consumer; more become a gap (1000)
    buffer: int
    #: a sign of life is asked for after this many silent seconds (30)
    heartbeat: float
    #: listen behind a pooler that gives every client a server connection of its own
    pooled: bool


class Listener(Generic[P]):
    """``async with engine.listen(orders) as notifications: async for notification in ...``.

    A lost connection is made again for as long as the loop runs, with growing pauses; so is one
    that does not answer the heartbeat. What may have been missed is a gap: ``on_gap`` is called
    with it, or MissedNotifications raised, once the channels are listened to again. A buffer that
    is full drops what comes, until the consumer has got to the gap. Closing the listener or
    disposing of its engine ends the loop. One task at a time may wait for notifications.
    """

    def __init__(
        self,
        open_driver: Callable[[], Awaitable[Driver]],
        pool: Pool,
        channels: Sequence[Channel[Any]],
        *,
        on_gap: OnGap | None = None,
        buffer: int = 1000,
        heartbeat: float = 30.0,
        pooled: bool = False,
    ) -> None:
        _check_options(buffer, heartbeat)
        self._open_driver = open_driver
        self._pool = pool
        self._channels = by_name(channels)
        self._on_gap = on_gap
        self._limit = buffer
        self._heartbeat = heartbeat
        self._pooled = pooled
        self._driver: Driver | None = None
        self._waiting: deque[Notification[P] | Gap] = deque()
        #: something has arrived, or the connection broke, or the listener was closed
        self._news = asyncio.Event()
        self._closed = False
        self._in_use = self._entered = False
        #: connections that broke in a row, and when the next one may be tried
        self._failures = 0
        self._retry_at = 0.0

    def __repr__(self) -> str:
        state = "closed" if self._closed else "listening" if self.connected else "not connected"
        return f"<Listener {state}: {', '.join(self._channels)}; {len(self._waiting)} waiting>"

    @property
    def connected(self) -> bool:
        """Whether the connection is there, as far as is known."""
        return self._driver is not None and not self._driver.is_closed()

    async def __aenter__(self) -> Listener[P]:
        if self._entered:
            raise InvalidRequestError(
                "a listener is entered once", hint="call engine.listen() for another one"
            )
        self._entered = True
        self._driver = await self._connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        # the transport of a terminated connection is closed by the loop's next round
        await asyncio.sleep(0)

    def close(self) -> None:
        """End the loop and the connection; never waits."""
        self._closed = True
        if self._driver is not None:
            self._pool.terminate_apart(self._driver)
            self._driver = None
        self._waiting.clear()
        self._news.set()

    # ------------------------------------------------------------------------------ consuming

    def __aiter__(self) -> Listener[P]:
        return self

    async def __anext__(self) -> Notification[P]:
        if self._in_use:
            raise InvalidRequestError(
                "two tasks wait for the notifications of one listener",
                hint="let one hand them out, or call engine.listen() in each: all get everything",
            )
        if not self._entered:
            raise InvalidRequestError(
                "the listener is not connected yet",
                hint="async with engine.listen(...) as notifications: ...",
            )
        self._in_use = True
        try:
            return await self._next()
        finally:
            self._in_use = False

    async def _next(self) -> Notification[P]:
        while not self._closed:
            if not self._waiting:
                await self._wait()
            elif isinstance(found := self._waiting.popleft(), Notification):
                return found
            else:
                await self._tell(found)
        raise StopAsyncIteration

    async def _tell(self, gap: Gap) -> None:
        if self._on_gap is None:
            raise MissedNotifications(_in_words(gap), gap=gap)
        try:
            waiting = self._on_gap(gap)
            if inspect.isawaitable(waiting):
                await waiting
        except BaseException:
            self._waiting.appendleft(gap)  # nobody has dealt with it: it is told again
            raise

    async def _wait(self) -> None:
        """Until there is news; make the connection again if it is gone, or silent."""
        if not self.connected:
            await self._reconnect()
            return
        self._news.clear()
        with anyio.move_on_after(self._heartbeat) as silence:
            await self._news.wait()
        if silence.cancelled_caught:
            await self._ask_for_life()

    async def _ask_for_life(self) -> None:
        driver = self._driver
        if driver is None:
            return
        try:
            async with asyncio.timeout(min(self._heartbeat, ANSWER_SECONDS)):
                await driver.execute("SELECT 1")
        except Exception as error:
            logger.warning("a listener's connection does not answer (%s)", type(error).__name__)
            self._drop()
        else:
            self._failures = 0

    # ----------------------------------------------------------------------------- connecting

    async def _reconnect(self) -> None:
        """Try once, when its time has come; what may have been missed is told when it worked."""
        self._drop()
        self._news.clear()
        with anyio.move_on_after(self._retry_at - asyncio.get_running_loop().time()):
            await self._news.wait()  # close() ends the pause
        if self._closed:
            return
        try:
            self._driver = await self._connect()
        except OperationalError as error:
            self._postpone()
            if (error.sqlstate or "").startswith(_REFUSALS):
                raise
            logger.warning("a listener can't connect again: %s", error.message)
        else:
            self._waiting.append(Gap("disconnected"))

    def _drop(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            self._pool.terminate_apart(driver)
            self._postpone()

    def _postpone(self) -> None:
        pause = min(FIRST_PAUSE * 2.0 ** min(self._failures, 20), LONGEST_PAUSE)
        # spread out, so that the listeners of many processes do not come back together
        self._retry_at = asyncio.get_running_loop().time() + pause * random.uniform(0.5, 1.0)
        self._failures += 1

    async def _connect(self) -> Driver:
        driver = await self._open_driver()
        try:
            driver.add_termination_listener(self._broke)
            if not self._pooled:
                await refuse_pooler(driver)
            for name in self._channels:
                await driver.add_listener(name, self._arrived)
        except BaseException as error:
            self._pool.terminate_apart(driver)
            if isinstance(error, AsyncORMError) or not isinstance(error, Exception):
                raise
            raise _cannot_listen(error) from error
        if self._closed:  # while it was being made
            self._pool.terminate_apart(driver)
        return driver

    # ------------------------------------------------------------------ called by the driver

    def _broke(self, driver: Any) -> None:
        self._news.set()

    def _arrived(self, driver: Any, pid: int, channel: str, payload: object) -> None:
        self._failures = 0
        waiting = self._waiting
        last = waiting[-1] if waiting else None
        if isinstance(last, Gap) and last.lost is not None:
            waiting[-1] = Gap("overflow", last.lost + 1)
        elif len(waiting) >= self._limit:
            waiting.append(Gap("overflow", 1))
        else:
            source = self._channels[channel]
            waiting.append(Notification(channel, str(payload), pid, source))
        self._news.set()


def by_name(channels: Sequence[Channel[Any]]) -> dict[str, Channel[Any]]:
    """The channels by their names; ArgumentError for none, other things, and a name given twice."""
    for channel in channels:
        if not isinstance(cast("Any", channel), Channel):
            raise ArgumentError(
                f"listen() takes channels, not {type(channel).__name__}",
                hint='orders = Channel("orders", OrderPlaced)',
            )
    found = {channel.name: channel for channel in channels}
    if not found or len(found) < len(channels):
        raise ArgumentError(
            "listen() takes one or more channels of different names", hint="give each once"
        )
    return found


def _check_options(buffer: int, heartbeat: float) -> None:
    if buffer < 1 or not (0 < heartbeat < math.inf):
        raise ArgumentError(
            "buffer and heartbeat of listen() must be above 0",
            hint="give a number of messages, and a number of seconds",
        )


def _cannot_listen(error: Exception) -> Exception:
    translated = translate(error, statement="LISTEN")
    if isinstance(translated, DatabaseError) and not isinstance(translated, ConnectionLost):
        translated.hint = (
            "LISTEN needs a connection to the primary server itself, not through a pooler in "
            "transaction mode (PgBouncer) nor to a replica"
        )
    return translated


def _in_words(gap: Gap) -> str:
    if gap.reason == "overflow":
        return f"{gap.lost} notifications came while the buffer of the listener was full"
    return "the connection of the listener broke; notifications sent meanwhile are missing"
