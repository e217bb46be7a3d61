"""SignallingSession: what a session says to other processes, within its transaction."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType
from typing import Any, TypeVar

from asyncorm.engine.signals.advisory_key import LockKey, checked_timeout, key_arguments
from asyncorm.engine.signals.channel import Channel, pg_notify
from asyncorm.engine.signals.locking import take_lock
from asyncorm.session.core import SessionCore
from asyncorm.session.guard import TaskGuard

P = TypeVar("P")


class SignallingSession:
    """Messages and locks that belong to the session's transaction."""

    _core: SessionCore
    _guard: TaskGuard

    async def notify(self, channel: Channel[P], payload: P) -> None:
        """Send a message to who listens on a channel: with COMMIT, or never.

        The server sends equal messages of one transaction once. Raises DataError for a payload of
        another type, or of more than 7999 bytes.
        """
        with self._guard("notify"):
            statement = pg_notify(channel, payload)
            connection = await self._core.write_connection()
            await connection.fetch(*statement)

    def advisory_lock(
        self, key: LockKey, *, shared: bool = False, timeout: float | None = None
    ) -> TransactionLock:
        """Lock a key until the transaction ends: ``await session.advisory_lock("import")``.

        ``timeout`` is how many seconds to wait (None: as long as it takes; 0: not at all), after
        which LockTimeout is raised; the transaction stays usable. As ``async with`` it is the
        same: not the block, COMMIT or ROLLBACK gives the lock back.
        """
        key_arguments(key)
        return TransactionLock(self, key, shared, checked_timeout(timeout))

    async def _take_lock(self, key: LockKey, shared: bool, timeout: float | None) -> None:
        with self._guard("advisory_lock"):
            connection = await self._core.write_connection()
            await take_lock(connection, key, "transaction", shared=shared, timeout=timeout)


class TransactionLock:
    """An advisory lock of a session's transaction: awaited, or as ``async with``."""

    def __init__(
        self, session: SignallingSession, key: LockKey, shared: bool, timeout: float | None
    ) -> None:
        self._session = session
        self._taking = (key, shared, timeout)

    def __await__(self) -> Generator[Any, Any, None]:
        return self._session._take_lock(*self._taking).__await__()

    async def __aenter__(self) -> None:
        await self._session._take_lock(*self._taking)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """The lock stays until the transaction ends: what it protects is not stored before."""
