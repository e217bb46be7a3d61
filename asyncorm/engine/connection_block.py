"""``connection.begin()``: awaitable, or a block that commits or rolls back."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType
from typing import Any, Protocol

from asyncorm.errors import InvalidRequestError


class TransactionOwner(Protocol):
    """What a block needs of its connection."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether a cancelled operation may still be under way."""
        ...

    async def begin_now(
        self,
        isolation: str | None = None,
        readonly: bool | None = None,
        deferrable: bool | None = None,
    ) -> None:
        """Begin a transaction."""

    async def commit(self) -> None:
        """Commit it."""

    async def rollback(self) -> None:
        """Roll it back."""


class ConnectionTransaction:
    """``transaction = await connection.begin()``, or ``async with connection.begin():``."""

    __slots__ = ("_ended", "_modes", "_owner")

    def __init__(self, owner: TransactionOwner, *modes: Any) -> None:
        self._owner = owner
        self._modes = modes
        self._ended = False

    def __await__(self) -> Generator[Any, Any, ConnectionTransaction]:
        return self._start().__await__()

    async def _start(self) -> ConnectionTransaction:
        await self._owner.begin_now(*self._modes)
        return self

    @property
    def is_active(self) -> bool:
        """Whether it is neither committed nor rolled back."""
        return not self._ended and self._owner.in_transaction

    async def commit(self) -> None:
        """Commit it, like ``connection.commit()``."""
        self._end()
        await self._owner.commit()

    async def rollback(self) -> None:
        """Roll it back, like ``connection.rollback()``."""
        self._end()
        await self._owner.rollback()

    def _end(self) -> None:
        if self._ended:
            raise InvalidRequestError(
                "the transaction is closed already", hint="begin a new one: connection.begin()"
            )
        self._ended = True

    async def __aenter__(self) -> ConnectionTransaction:
        return await self._start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.is_active:
            return
        if error is None:
            await self.commit()
        elif isinstance(error, Exception) and not self._owner.interrupted:
            await self.rollback()
        # after a cancellation nothing is awaited: the pool's clean-up rolls back
