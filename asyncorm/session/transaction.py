"""The session's transaction: begins lazily, nests savepoints, and knows when it has failed.

A logical transaction begins with the first work. BEGIN is sent only when it is needed: by the
first write, lock, raw statement or stream. Reads at READ COMMITTED run without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import ConnectionLost, DatabaseError, InvalidRequestError, PendingRollbackError
from asyncorm.tracking.transitions import (
    begin_level,
    commit_levels,
    release_level,
    rollback_level,
)
from asyncorm.tracking.unit_of_work import UnitOfWork


class Transaction:
    """The transaction of one session, with its connection and savepoints."""

    def __init__(self, engine: Engine, unit: UnitOfWork, isolation: str | None) -> None:
        self.engine = engine
        self.unit = unit
        self.isolation = isolation
        self.connection: Connection | None = None
        #: names of the open savepoints, outermost first
        self.savepoints: list[str] = []
        #: whether BEGIN was sent
        self.begun = False
        #: whether begin() was called, as opposed to the transaction having begun by itself
        self.explicit = False
        #: whether any statement was sent in this transaction
        self.worked = False
        #: why nothing more can be done until a rollback, and how many levels stay usable
        self.failure: BaseException | None = None
        self.failed_depth = 0
        #: the context manager whose transaction was ended inside its block
        self.interrupted_block: object | None = None
        self._savepoint_count = 0

    # -- looking -----------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Whether a logical transaction is open."""
        return bool(self.unit.levels) or self.unit.touched

    @property
    def usable(self) -> bool:
        """Whether statements may be sent."""
        return self.failure is None

    def check(self) -> None:
        """Refuse work in a failed transaction, and in a block whose transaction is over."""
        if self.failure is not None:
            raise PendingRollbackError(
                f"the transaction was ended by an earlier error: {_first_line(self.failure)}"
            ) from self.failure
        if self.interrupted_block is not None:
            raise InvalidRequestError(
                "the transaction of this `async with` block was committed or rolled back already",
                hint="leave the block before doing more, or end the transaction with the block",
            )

    # -- beginning ---------------------------------------------------------------------------

    def autobegin(self) -> None:
        """Begin the logical transaction, if there is none."""
        if not self.unit.levels:
            begin_level(self.unit)

    async def connect(self) -> Connection:
        """The connection, taken from the pool if there is none yet; sends nothing."""
        self.autobegin()
        if self.connection is None:
            self.connection = await self.engine.acquire()
        self.worked = True
        if self.isolation is not None and not self.begun:
            await self.begin_on_server()
        return self.connection

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> list[Any]:
        """Send a statement that only reads; no BEGIN is needed for it."""
        connection = self.connection
        if connection is None or self.isolation is not None:
            connection = await self.connect()
        return await connection.fetch(sql, arguments)

    async def begin_on_server(self) -> Connection:
        """The connection with a transaction open on the server."""
        self.autobegin()
        connection = self.connection
        if connection is None:
            connection = self.connection = await self.engine.acquire()
        if not self.begun:
            self.worked = True
            try:
                await connection.begin(self.isolation)
            except BaseException:
                # a connection whose BEGIN failed is not trusted any more
                self._drop_connection()
                raise
            self.begun = True
        return connection

    async def begin_savepoint(self) -> str:
        """Set a savepoint and open its level."""
        connection = await self.begin_on_server()
        self._savepoint_count += 1
        name = f"sp_{self._savepoint_count}"
        await connection.savepoint(name)
        self.savepoints.append(name)
        begin_level(self.unit)
        return name

    # -- failing -----------------------------------------------------------------------------

    def note_failure(self, error: BaseException) -> None:
        """A statement failed: remember whether the server has given up the transaction."""
        if self.failure is not None:
            return
        connection = self.connection
        cancelled = not isinstance(error, Exception)
        if cancelled or isinstance(error, ConnectionLost):
            if connection is not None and (self.begun or cancelled):
                self.failure, self.failed_depth = error, 0
            elif connection is not None:
                self._drop_connection()
        elif isinstance(error, DatabaseError) and connection is not None and self.begun:
            if connection.in_transaction:
                self.failure, self.failed_depth = error, len(self.savepoints)

    async def fail_flush(self, error: BaseException) -> None:
        """A flush failed: roll its level back on the server and in memory, and stay failed."""
        depth = len(self.savepoints)
        lost = not isinstance(error, Exception) or isinstance(error, ConnectionLost)
        if lost:
            depth = 0
            self._drop_connection()
        elif self.begun and self.connection is not None:
            if depth:
                await self.connection.rollback_to_savepoint(self.savepoints[-1])
            else:
                await self.connection.rollback()
                self._release_connection()
        while len(self.unit.levels) > depth:
            rollback_level(self.unit)
        while len(self.unit.levels) < len(self.savepoints) + 1:
            begin_level(self.unit)
        self.failure, self.failed_depth = error, depth

    # -- ending ------------------------------------------------------------------------------

    async def rollback(self) -> None:
        """Roll back everything, savepoints included."""
        if not self.active:
            return
        self.autobegin()
        try:
            if self.begun and self.connection is not None and not self.connection.interrupted:
                await self.connection.rollback()
        finally:
            self._end()
            while self.unit.levels:
                rollback_level(self.unit)

    async def commit_on_server(self) -> None:
        """Send COMMIT if there was a BEGIN; its answer is checked."""
        if self.begun and self.connection is not None:
            await self.connection.commit()

    def committed(self) -> None:
        """The transaction is committed: everything in memory is as in the database."""
        self._end()
        commit_levels(self.unit)

    def connection_lost_in_commit(self) -> None:
        """COMMIT failed: nothing of the transaction can be used, and its work counts as undone."""
        self._end()
        while self.unit.levels:
            rollback_level(self.unit)

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since a savepoint, and in those inside it."""
        position = self.savepoints.index(name)
        assert self.connection is not None
        await self.connection.release_savepoint(name)
        while len(self.savepoints) > position:
            self.savepoints.pop()
            release_level(self.unit)

    async def rollback_savepoint(self, name: str) -> None:
        """Undo what was done since a savepoint, and in those inside it."""
        position = self.savepoints.index(name)
        if self.failure is not None and self.failed_depth <= position and self._gone():
            # the whole transaction is lost: only the level itself can be closed
            self._close_levels(position)
            return
        assert self.connection is not None
        await self.connection.rollback_to_savepoint(name)
        self._close_levels(position)
        if self.failed_depth > position:
            self.failure = None

    def _gone(self) -> bool:
        connection = self.connection
        return connection is None or connection.is_closed or connection.interrupted

    def _close_levels(self, position: int) -> None:
        while len(self.savepoints) > position:
            self.savepoints.pop()
            rollback_level(self.unit)

    def abandon(self) -> None:
        """Give everything up without waiting: the pool cleans the connection."""
        self._end()
        self.unit.levels.clear()
        self.unit.touched = False

    def _end(self) -> None:
        self._release_connection()
        self.savepoints.clear()
        self.explicit = self.worked = False
        self.failure = None

    def _release_connection(self) -> None:
        self.begun = False
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.release()

    def _drop_connection(self) -> None:
        """Let the pool find out what is left of a connection."""
        self._release_connection()


def _first_line(error: BaseException) -> str:
    text = str(getattr(error, "message", error)).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
