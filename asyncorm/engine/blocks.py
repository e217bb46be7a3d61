"""``engine.connect()`` and ``engine.begin()``: a connection for the time of a block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType

from asyncorm.engine.connection import Connection

Acquire = Callable[[], Awaitable[Connection]]


class ConnectionContext:
    """``engine.connect()``: a connection for the time of an ``async with`` block."""

    def __init__(self, acquire: Acquire) -> None:
        self._acquire = acquire
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        self._connection = await self._acquire()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.release()


class TransactionContext(ConnectionContext):
    """``engine.begin()``: a transaction for the time of an ``async with`` block."""

    def __init__(
        self,
        acquire: Acquire,
        isolation: str | None,
        readonly: bool | None,
        deferrable: bool | None,
    ) -> None:
        super().__init__(acquire)
        self._modes = (isolation, readonly, deferrable)

    async def __aenter__(self) -> Connection:
        connection = await super().__aenter__()
        try:
            await connection.begin_now(*self._modes)
        except BaseException:
            connection.release()
            raise
        return connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if kind is None:
                await connection.commit()
            elif issubclass(kind, Exception) and not connection.interrupted:
                await connection.rollback()
            else:
                connection.outcome = "rolled_back"
        finally:
            # what is still open, after a cancellation for one, is rolled back by the pool's
            # clean-up: nothing is awaited here that a dead network could hold up
            connection.release()
