"""JoinedConnection: a session's side of a connection whose transaction belongs to somebody else."""

from __future__ import annotations

import sys
from typing import Any, Literal

from asyncorm.compiler.cache import StatementCache
from asyncorm.engine.connection import Connection
from asyncorm.engine.repeat_limit import RepeatLimit
from asyncorm.errors import ConnectionLost, InvalidRequestError

#: what commit and rollback of a session mean for the transaction it has joined
JoinMode = Literal["create_savepoint", "rollback_only"]


class JoinedConnection(Connection):
    """Takes ``begin``, ``commit`` and ``rollback`` inside the transaction of another connection.

    They are a savepoint there; in mode ``rollback_only`` only a rollback counts, for the whole
    transaction. Releasing it leaves the other connection with its owner.
    """

    __slots__ = ("_left", "_mode", "_open", "_outer", "_savepoint")

    def __init__(self, outer: Connection, mode: JoinMode) -> None:
        self._outer = outer
        self._left = False
        super().__init__(
            outer._pool,
            outer._pooled,
            outer._statements,
            log=outer._log,
            repeat_limit=outer.repeat_limit,
            commit_grace=outer._commit_grace,
        )
        self._mode = mode
        #: whether there is work that neither commit nor rollback has decided on
        self._open = False
        self._savepoint: str | None = None

    @property
    def _driver(self) -> Any:
        """The owner's connection, for as long as the owner and the session hold it."""
        return None if self._left else self._outer._driver

    @_driver.setter
    def _driver(self, driver: Any) -> None:
        self._left = driver is None

    @property
    def commits_along(self) -> bool:
        """A commit in here is none to the server."""
        return False

    async def begin_now(
        self,
        isolation: str | None = None,
        readonly: bool | None = None,
        deferrable: bool | None = None,
    ) -> None:
        """Begin the outer transaction if there is none, and set the savepoint in it."""
        outer = self._outer
        if not outer.in_transaction:
            await outer.begin_now(isolation, readonly, deferrable)
        elif isolation is not None:
            raise InvalidRequestError(
                "the isolation level can't be set for a session that joins a transaction",
                hint="set it where the transaction begins: engine.begin(isolation), and make the "
                "session with isolation_level=None",
            )
        if self._mode == "create_savepoint":
            name = f"session_{len(outer.joined) + 1}"
            await self.savepoint(name)
            outer.joined.append(name)
            self._savepoint = name
        self._open = True

    async def commit(self) -> None:
        """Keep the work; whether it is stored in the end is decided by the outer transaction."""
        name, joined = self._savepoint, self._outer.joined
        if name is not None:
            if name not in joined:
                raise InvalidRequestError(
                    "the work of the session was rolled back with that of a session around it",
                    hint="let sessions on one connection end in the reverse order of their begin",
                )
            if joined[-1] != name:
                raise InvalidRequestError(
                    "a session that joined the same connection later is still in a transaction",
                    hint="commit, roll back or close that one first",
                )
            await self.release_savepoint(name)
        self._close()

    async def rollback(self) -> None:
        """Undo the work; the outer transaction goes on, unless the mode is ``rollback_only``."""
        name, outer = self._savepoint, self._outer
        if name is None:
            await outer.rollback()
        elif name in outer.joined and outer.in_transaction:
            quoted = f'SAVEPOINT "{name}"'
            await self._roll_back(f"ROLLBACK TO {quoted}; RELEASE {quoted}")
        self._close()

    def _close(self) -> None:
        name, joined = self._savepoint, self._outer.joined
        self._open, self._savepoint = False, None
        if name in joined:
            del joined[joined.index(name) :]

    def release(self) -> None:
        """Leave the connection to its owner, or break it off if there is work left to undo.

        That would have to be waited for here, and the owner must not commit it unknowingly.
        """
        if self._open and self._driver is not None:
            self._driver.terminate()
        self._close()
        self._driver = None

    def terminate(self) -> None:
        """Break the connection off; its owner finds it closed."""
        if self._driver is not None:
            self._driver.terminate()
        self._close()
        self._driver = None


class JoinedTransaction:
    """Stands for an engine where a session works inside the transaction of one connection."""

    debug = sys.flags.dev_mode

    def __init__(self, outer: Connection, mode: JoinMode) -> None:
        self._outer = outer
        self._mode: JoinMode = mode
        self._had_transaction = False

    @property
    def statements(self) -> StatementCache:
        """Compiled statements by structure."""
        return self._outer.statements

    @property
    def repeat_limit(self) -> RepeatLimit:
        """What sessions do about one statement sent again and again."""
        return self._outer.repeat_limit

    @property
    def outlives_close(self) -> bool:
        """Whether closing a session leaves its work in the transaction."""
        return self._mode == "rollback_only"

    async def acquire(self) -> Connection:
        """The session's side of the connection; refused when its transaction is over."""
        outer = self._outer
        if outer._require_driver().is_closed():
            raise ConnectionLost(
                "the connection that the session works on is closed",
                hint="make the session on another one; a cancelled session takes its connection "
                "with it",
            )
        if self._mode == "rollback_only" and self._had_transaction and not outer.in_transaction:
            raise InvalidRequestError(
                "the transaction that the session has joined was rolled back",
                hint="begin a new one on the connection, or use "
                'join_transaction_mode="create_savepoint"',
            )
        self._had_transaction = True
        return JoinedConnection(outer, self._mode)
