"""A small pool of driver connections: last in, first out; waiting tasks are served in order.

Giving a connection back is synchronous. What needs the network (a roll-back, a reset, a cancelled
statement) is done by a clean-up task of the pool with a deadline, after which the connection is
terminated, so that neither a cancelled task nor a dead server can hold up whoever releases.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import asyncpg

from asyncorm.engine.careful import Learned
from asyncorm.engine.driver import RESET, Driver
from asyncorm.engine.error_translation import translate_connect
from asyncorm.engine.url import ConnectionSettings
from asyncorm.errors import AsyncORMError, InvalidRequestError, PoolTimeout

#: a server that is starting or full is asked again after about this many seconds
RETRY_SECONDS = 0.1
#: roll-backs and resets of healthy connections get this many times ``cancel_grace``
CLEANUP_FACTOR = 10
#: how long ``dispose`` waits for the server to take note
DISPOSE_SECONDS = 2.0

Connector = Callable[[float], Awaitable[Driver]]


class Pooled:
    """A slot of the pool: a connection of the driver, once it is open, and its state."""

    __slots__ = (
        "begin",
        "busy",
        "driver",
        "expires_at",
        "in_use",
        "needs_reset",
        "retired",
        "unsynced",
    )

    def __init__(self) -> None:
        #: None until it is open, and never again after that
        self.driver: Driver = _NOT_OPEN
        self.expires_at = 0.0
        self.in_use = False
        #: an operation is under way, or was interrupted and its answer is not in yet
        self.busy = False
        #: the BEGIN that goes along with the next statement; empty while its answer is awaited
        self.begin: str | None = None
        #: a statement was prepared and not sent, so that the server holds on to its tables
        self.unsynced = False
        #: user SQL ran, which may have changed settings of the server's session
        self.needs_reset = False
        #: the pool was disposed of meanwhile
        self.retired = False


_NOT_OPEN: Any = None


class Pool:
    """At most ``size`` connections, opened when they are needed."""

    def __init__(
        self,
        connector: Connector,
        settings: ConnectionSettings,
        *,
        size: int,
        timeout: float,
        connect_timeout: float,
        max_lifetime: float,
        cancel_grace: float,
    ) -> None:
        self._connector = connector
        self._settings = settings
        self.size = size
        self.timeout = timeout
        self._connect_timeout = connect_timeout
        self._max_lifetime = max_lifetime
        self.cancel_grace = cancel_grace
        self.learned = Learned()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots: set[Pooled] = set()
        #: connections that belong to no slot
        self._apart: set[Driver] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._forget()
        _pools.add(self)

    def _forget(self) -> None:
        """Start from nothing; what is in use is terminated when it comes back."""
        for pooled in self._slots:
            pooled.retired = True
        #: all slots taken: idle, in use, being opened, being cleaned
        self._slots = set()
        self._idle: list[Pooled] = []
        self._cleaning: set[Pooled] = set()
        #: a waiter's future gets a slot, open or not; with when to give up, in that order
        self._waiters: deque[tuple[float, asyncio.Future[Pooled]]] = deque()
        if self._timer is not None:
            self._timer.cancel()
        #: for the one that waits longest, or did when it was set: one timer for all of them
        self._timer = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return (
            f"<Pool of {self.size}: {self.in_use} in use, {len(self._idle)} idle, "
            f"{len(self._cleaning)} being cleaned, {len(self._waiters)} tasks waiting>"
        )

    @property
    def in_use(self) -> int:
        """How many connections are checked out."""
        return sum(pooled.in_use for pooled in self._slots)

    @property
    def idle(self) -> int:
        """How many connections wait to be used."""
        return len(self._idle)

    # ------------------------------------------------------------------------------- acquire

    async def acquire(self) -> Pooled:
        """A connection nobody else uses; waits at most ``timeout`` seconds, connecting included."""
        return self.acquire_idle() or await self._acquire_slowly(asyncio.get_running_loop())

    def acquire_idle(self) -> Pooled | None:
        """A connection that is open and that nobody uses, if there is one; never waits."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        idle = self._idle
        while idle:
            pooled = idle.pop()
            if pooled.expires_at > monotonic() and not pooled.driver.is_closed():
                pooled.in_use = True
                return pooled
            self._slots.discard(pooled)
            pooled.driver.terminate()
        return None

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to a loop; move to another one only if nothing of the first is left alive."""
        bound = self._loop
        if bound is not None and not bound.is_closed() and self._slots:
            raise InvalidRequestError(
                "the engine is used from a second event loop, but its connections belong to "
                "another one",
                hint="make an engine for every loop, or await engine.dispose() in the first one",
            )
        if bound is not None:
            self._forget()
        self._loop = loop

    async def _acquire_slowly(self, loop: asyncio.AbstractEventLoop) -> Pooled:
        deadline = loop.time() + self.timeout
        # a connection that is being cleaned will be free sooner than a new one is open
        if len(self._slots) < self.size and len(self._cleaning) <= len(self._waiters):
            pooled = Pooled()
            self._slots.add(pooled)
        else:
            pooled = await self._wait(loop, deadline)
        if pooled.driver is _NOT_OPEN:
            await self._open(pooled, loop, deadline)
        return pooled

    async def _wait(self, loop: asyncio.AbstractEventLoop, deadline: float) -> Pooled:
        """Wait in the queue for a connection, or for a slot to open one in."""
        waiter: asyncio.Future[Pooled] = loop.create_future()
        entry = (deadline, waiter)
        self._waiters.append(entry)
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._give_up, loop, deadline)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.done() or waiter.cancelled():
                with contextlib.suppress(ValueError):  # passed over already
                    self._waiters.remove(entry)
            elif waiter.exception() is None:
                # served and cancelled in the same moment: pass it on
                self.release(waiter.result())
            raise

    def _give_up(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        """Refuse those who were to wait until now, and come back for the next."""
        waiters, self._timer = self._waiters, None
        while waiters and waiters[0][0] <= until:
            _, waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_exception(self._timed_out())
        if waiters:
            deadline = waiters[0][0]
            self._timer = loop.call_at(deadline, self._give_up, loop, deadline)

    def _timed_out(self) -> PoolTimeout:
        return PoolTimeout(
            f"no connection became free within {self.timeout:g} s: {self.in_use} of "
            f"{self.size} are checked out, {len(self._waiters)} other tasks are waiting"
        )

    # ------------------------------------------------------------------------------- connect

    async def _open(self, pooled: Pooled, loop: asyncio.AbstractEventLoop, deadline: float) -> None:
        try:
            pooled.driver = await self._connect(loop, deadline)
        except BaseException:
            self._free(pooled)
            raise
        # spread out, so that connections opened together are not replaced together
        pooled.expires_at = monotonic() + self._max_lifetime * random.uniform(0.9, 1.0)
        pooled.in_use = True

    async def _connect(self, loop: asyncio.AbstractEventLoop, deadline: float) -> Driver:
        refusal: AsyncORMError | None = None
        while True:
            remaining = deadline - loop.time()
            if remaining <= 0:
                raise self._no_connection(refusal) from refusal
            allowed = min(remaining, self._connect_timeout)
            try:
                return await self._connector(allowed)
            except (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
                refusal = translate_connect(error, self._settings)
                refusal.__cause__ = error
                pause = RETRY_SECONDS * random.uniform(0.5, 1.5)
                await asyncio.sleep(min(pause, max(deadline - loop.time(), 0)))
            except TimeoutError as error:
                translated = translate_connect(error, self._settings)
                if allowed == remaining:
                    raise self._no_connection(translated) from error
                raise translated from error
            except AsyncORMError:
                raise
            except Exception as error:
                raise translate_connect(error, self._settings) from error

    def _no_connection(self, refusal: AsyncORMError | None) -> PoolTimeout:
        reason = f": {refusal.message}" if refusal is not None else ""
        return PoolTimeout(
            f"no connection could be opened within {self.timeout:g} s{reason}",
            hint=refusal.hint if refusal is not None else None,
        )

    async def open_apart(self) -> Driver:
        """A connection that belongs to no slot, within ``timeout``; for ``terminate_apart``."""
        loop = asyncio.get_running_loop()
        driver = await self._connect(loop, loop.time() + self.timeout)
        self._apart.add(driver)
        return driver

    def terminate_apart(self, driver: Driver) -> None:
        """End a connection of ``open_apart``; never waits."""
        self._apart.discard(driver)
        _terminate(driver)

    # ------------------------------------------------------------------------------- release

    def release(self, pooled: Pooled) -> None:
        """Take a connection back; never waits, never raises."""
        pooled.in_use = False
        pooled.begin = None
        driver = pooled.driver
        if pooled.retired:
            _terminate(driver)
        elif driver is _NOT_OPEN or driver.is_closed():
            self._free(pooled)
        elif pooled.busy or pooled.needs_reset or pooled.unsynced or driver.is_in_transaction():
            self._start_cleaning(pooled)
        else:
            self._return(pooled)

    def _return(self, pooled: Pooled) -> None:
        """Hand a healthy connection to who waits longest, or keep it."""
        if not (self._waiters and self._hand_over(pooled)):
            self._idle.append(pooled)

    def _free(self, pooled: Pooled) -> None:
        """Give up a slot: who waits longest may open a connection in a new one."""
        self._slots.discard(pooled)
        if self._waiters and not pooled.retired:
            fresh = Pooled()
            if self._hand_over(fresh):
                self._slots.add(fresh)

    def _hand_over(self, pooled: Pooled) -> bool:
        while self._waiters:
            _, waiter = self._waiters.popleft()
            if not waiter.done():
                pooled.in_use = pooled.driver is not _NOT_OPEN
                waiter.set_result(pooled)
                return True
        return False

    def _start_cleaning(self, pooled: Pooled) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            self._slots.discard(pooled)
            return
        self._cleaning.add(pooled)
        task = loop.create_task(self._clean(pooled), name="asyncorm connection clean-up")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _clean(self, pooled: Pooled) -> None:
        driver = pooled.driver
        grace = self.cancel_grace * (1 if pooled.busy else CLEANUP_FACTOR)
        try:
            async with asyncio.timeout(grace):
                # sent once the server has answered to the cancel request, if there was one
                if pooled.busy or driver.is_in_transaction():
                    await driver.execute("ROLLBACK")
                elif pooled.unsynced:
                    # the least there is: the driver fails at the answer to an empty text
                    await driver.execute("SELECT")
                if pooled.needs_reset:
                    await driver.execute(RESET)
        except (Exception, asyncio.CancelledError):
            # also when the loop shuts down: there is nobody to tell, and nothing to wait for
            driver.terminate()
        self._cleaning.discard(pooled)
        if pooled.retired or driver.is_closed() or driver.is_in_transaction():
            driver.terminate()
            self._free(pooled)
        else:
            pooled.busy = pooled.needs_reset = pooled.unsynced = False
            self._return(pooled)

    # ------------------------------------------------------------------------------- dispose

    async def dispose(self) -> None:
        """Close all connections; those in use are closed when they come back."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        idle, tasks, waiters = self._idle, self._tasks, self._waiters
        self._forget()
        for _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(_disposed())
        closing = {loop.create_task(_close(pooled.driver)) for pooled in idle}
        if closing | tasks:
            # every one of them has its own deadline
            await asyncio.wait(closing | tasks)
        # the transports of terminated connections are closed by the loop's next round
        await asyncio.sleep(0)

    def forget_in_child(self) -> None:
        """After a fork: leave the sockets to the parent and start from nothing."""
        drivers = [pooled.driver for pooled in self._slots if pooled.driver is not _NOT_OPEN]
        drivers += self._apart
        self._apart = set()
        self._forget()
        self._loop = None
        for driver in drivers:
            _detach(driver)


def _disposed() -> InvalidRequestError:
    return InvalidRequestError(
        "the engine was disposed of while this task waited for a connection",
        hint="dispose of the engine when its users have ended",
    )


async def _close(driver: Driver) -> None:
    try:
        await driver.close(timeout=DISPOSE_SECONDS)
    except (Exception, asyncio.CancelledError):
        driver.terminate()


def _detach(driver: Driver) -> None:
    """Put something harmless in the place of a socket that is shared with the parent process.

    Closing the connection properly would say goodbye to the server in the parent's name.
    """
    transport: Any = getattr(driver, "_transport", None)
    shared = transport.get_extra_info("socket") if transport is not None else None
    if shared is not None and shared.fileno() >= 0:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            os.dup2(ours.fileno(), shared.fileno(), inheritable=False)
    _terminate(driver)


def _terminate(driver: Driver) -> None:
    with contextlib.suppress(RuntimeError):  # its loop may be closed
        driver.terminate()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork() -> None:
    for pool in list(_pools):
        pool.forget_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
