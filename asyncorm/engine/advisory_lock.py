"""AdvisoryLock: a lock between processes for the time of a block, on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.pooler import behind_pooler
from asyncorm.engine.signals.advisory_key import LockKey, checked_timeout, in_words, key_arguments
from asyncorm.engine.signals.locking import take_lock, unlock_text
from asyncorm.errors import DatabaseError, InvalidRequestError, LockLost

#: (task, arguments of the key) of the locks that an engine's tasks hold alone
Held = set[tuple[Any, tuple[int, ...]]]

#: how long the end of a block waits for the server, before it breaks the connection off
UNLOCK_SECONDS = 5.0


class AdvisoryLock:
    """``async with engine.advisory_lock("nightly-report"): ...``: one process at a time.

    The lock is held by a connection of the pool, until the block ends. A connection that breaks
    loses the lock: ``verify()`` raises LockLost then, and so does the end of the block.
    """

    def __init__(
        self,
        acquire: Callable[[], Awaitable[Connection]],
        held: Held,
        key: LockKey,
        *,
        shared: bool = False,
        timeout: float | None = None,
        pooled: bool = False,
    ) -> None:
        self.key = key
        self.shared = shared
        self._acquire = acquire
        self._held = held
        self._arguments = key_arguments(key)
        self._timeout = checked_timeout(timeout)
        self._pooled = pooled
        self._connection: Connection | None = None
        self._mark: tuple[Any, tuple[int, ...]] | None = None
        self._pid = 0

    def __repr__(self) -> str:
        return f"<AdvisoryLock {self.key!r}: {'held' if self.is_held else 'not held'}>"

    @property
    def is_held(self) -> bool:
        """Whether the lock is held, as far as is known without asking."""
        return self._connection is not None and not self._connection.is_closed

    async def __aenter__(self) -> AdvisoryLock:
        if self._connection is not None:
            raise InvalidRequestError(
                f"{in_words(self.key)} is entered already by this object",
                hint="call engine.advisory_lock() for each block",
            )
        mark = (asyncio.current_task(), self._arguments)
        if mark in self._held:
            raise InvalidRequestError(
                f"this task holds {in_words(self.key)} already, and would wait for itself",
                hint="take it once, in the outermost block",
            )
        connection = await self._acquire()
        # whatever happens, the pool unlocks before it gives the connection to somebody else
        connection.used_raw_sql = True
        try:
            await self._take(connection)
        except BaseException:
            connection.release()
            raise
        self._connection = connection
        if not self.shared:
            self._mark = mark
            self._held.add(mark)
        return self

    async def _take(self, connection: Connection) -> None:
        waits = bool(self._timeout)
        if waits:
            await connection.begin_now()  # for lock_timeout; the lock outlives it
        pid = await take_lock(
            connection, self.key, "session", shared=self.shared, timeout=self._timeout
        )
        if not self._pooled and pid != connection.server_pid():
            connection.terminate()
            raise behind_pooler()
        self._pid = pid
        if waits:
            await connection.command("COMMIT")

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if self._mark is not None:
            self._held.discard(self._mark)
            self._mark = None
        if connection is None:
            return
        try:
            # a cancelled task may not wait: the pool's clean-up unlocks, or ends the connection
            if error is None or isinstance(error, Exception):
                await self._unlock(connection)
                connection.used_raw_sql = False
        except LockLost as lost:
            connection.terminate()
            if error is None:
                raise
            error.add_note(f"{lost.message}; {lost.hint}")
        finally:
            connection.release()

    async def _unlock(self, connection: Connection) -> None:
        text = unlock_text(self._arguments, self.shared)
        try:
            async with asyncio.timeout(UNLOCK_SECONDS):
                records = await connection.fetch(text, self._arguments)
        except (DatabaseError, TimeoutError) as error:
            raise self._lost() from error
        if records[0][0] is not True:
            raise self._lost()

    async def verify(self) -> None:
        """Ask the server whether the lock is held still; LockLost if it is not.

        For a block that takes long, before a step that must not happen twice.
        """
        connection = self._connection
        if connection is None:
            raise InvalidRequestError(
                f"{in_words(self.key)} is not entered", hint="async with lock: ..."
            )
        try:
            records = await connection.fetch("SELECT pg_backend_pid()")
        except DatabaseError as error:
            raise self._lost() from error
        if records[0][0] != self._pid:
            raise self._lost()

    def _lost(self) -> LockLost:
        return LockLost(f"{in_words(self.key)} was lost before the end of its block")
