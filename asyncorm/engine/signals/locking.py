"""Taking an advisory lock: statements, and the time that may pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, Protocol

from asyncorm.engine.signals.advisory_key import LockKey, checked_timeout, in_words, key_arguments
from asyncorm.errors import LockTimeout

Scope = Literal["session", "transaction"]

#: by number of arguments
_PARAMETERS = {1: "$1::bigint", 2: "$1::int, $2::int"}
_FUNCTIONS = {"session": "pg_advisory_", "transaction": "pg_advisory_xact_"}
_TRIES = {"session": "pg_try_advisory_", "transaction": "pg_try_advisory_xact_"}

_SET_TIMEOUT = (
    "SELECT before.setting, set_config('lock_timeout', $1, true) "
    "FROM (SELECT current_setting('lock_timeout') AS setting OFFSET 0) AS before"
)
_RESET_TIMEOUT = "SELECT set_config('lock_timeout', $1, true)"
_SAVEPOINT = "asyncorm_lock"


class Locking(Protocol):
    """What taking a lock needs of a connection."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    async def fetch(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run a statement."""
        ...

    async def savepoint(self, name: str) -> None:
        """Set a savepoint."""

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done."""

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done."""


def lock_text(scope: Scope, arguments: Sequence[int], shared: bool, *, tries: bool) -> str:
    """The statement that takes a lock, and tells which process of the server has taken it."""
    function = (_TRIES if tries else _FUNCTIONS)[scope] + ("lock_shared" if shared else "lock")
    return f"SELECT pg_backend_pid(), {function}({_PARAMETERS[len(arguments)]})"


def unlock_text(arguments: Sequence[int], shared: bool) -> str:
    """The statement that gives a lock of the session back."""
    function = "pg_advisory_unlock_shared" if shared else "pg_advisory_unlock"
    return f"SELECT {function}({_PARAMETERS[len(arguments)]})"


async def take_lock(
    connection: Locking, key: LockKey, scope: Scope, *, shared: bool, timeout: float | None
) -> int:
    """Wait for a lock and take it; returns the pid of the process that holds it.

    Raises LockTimeout when it was not free in time. With a timeout above 0 a transaction must be
    open; it stays usable.
    """
    arguments, timeout = key_arguments(key), checked_timeout(timeout)
    text = lock_text(scope, arguments, shared, tries=timeout == 0)
    if not timeout:
        pid, taken = (await connection.fetch(text, arguments))[0]
        if taken is False:
            raise _not_free(key, 0)
        return int(pid)
    await connection.savepoint(_SAVEPOINT)
    milliseconds = f"{math.ceil(timeout * 1000)}ms"
    before = (await connection.fetch(_SET_TIMEOUT, (milliseconds,)))[0][0]
    try:
        pid = (await connection.fetch(text, arguments))[0][0]
    except LockTimeout:
        await connection.rollback_to_savepoint(_SAVEPOINT)
        await connection.release_savepoint(_SAVEPOINT)
        # none of the server's own any more: the transaction has not failed
        raise _not_free(key, timeout) from None
    await connection.fetch(_RESET_TIMEOUT, (before,))
    await connection.release_savepoint(_SAVEPOINT)
    return int(pid)


def _not_free(key: LockKey, timeout: float) -> LockTimeout:
    waited = f"did not become free within {timeout:g} s" if timeout else "is not free"
    return LockTimeout(
        f"{in_words(key)} {waited}",
        hint="somebody else holds it: try again later, or give more timeout",
    )
