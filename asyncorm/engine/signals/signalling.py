"""SignallingConnection: what a connection says to other processes."""

from __future__ import annotations

from typing import TypeVar

from asyncorm.engine.signals.advisory_key import LockKey, in_words
from asyncorm.engine.signals.channel import Channel, pg_notify
from asyncorm.engine.signals.locking import Locking, take_lock
from asyncorm.errors import InvalidRequestError

P = TypeVar("P")


class SignallingConnection:
    """Messages and locks of a connection's transaction."""

    __slots__ = ()

    async def notify(self: Locking, channel: Channel[P], payload: P) -> None:
        """Send a message to who listens on a channel; in a transaction with its COMMIT.

        Raises DataError for a payload of another type, or of more than 7999 bytes.
        """
        await self.fetch(*pg_notify(channel, payload))

    async def advisory_lock(
        self: Locking, key: LockKey, *, shared: bool = False, timeout: float | None = None
    ) -> None:
        """Lock a key until the transaction ends; LockTimeout if it is not free in ``timeout``."""
        if not self.in_transaction:
            raise InvalidRequestError(
                f"{in_words(key)} would be given back at once: there is no transaction",
                hint="await it inside engine.begin(), or use async with engine.advisory_lock(key)",
            )
        await take_lock(self, key, "transaction", shared=shared, timeout=timeout)
