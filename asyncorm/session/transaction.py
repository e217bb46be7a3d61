"""The session's transaction: begins lazily, nests savepoints, and knows when it has failed.

A logical transaction begins with the first work. BEGIN is sent only when it is needed: by the
first write, lock, raw statement or stream. Reads at READ COMMITTED run without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.engine.joined import JoinedTransaction
from asyncorm.engine.transaction import begin_text
from asyncorm.errors import (
    CommitUnknown,
    ConnectionLost,
    InvalidRequestError,
    PendingRollbackError,
)
from asyncorm.session.failure import came_from_server, ended_by_hand, first_line, reason_of
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notice, fire
from asyncorm.tracking.transitions import (
    begin_level,
    commit_levels,
    release_level,
    rollback_levels,
)
from asyncorm.tracking.unit_of_work import UnitOfWork


class Transaction:
    """The transaction of one session, with its connection and savepoints."""

    def __init__(
        self,
        engine: Engine | JoinedTransaction,
        unit: UnitOfWork,
        isolation: str | None,
        *,
        begins_itself: bool = True,
    ) -> None:
        self.engine = engine
        self.unit = unit
        self._begins_itself = begins_itself
        #: the transaction of a connection that this one takes place in
        self.joined = engine if isinstance(engine, JoinedTransaction) else None
        self._default_isolation = isolation
        self.isolate(isolation)
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
        #: how many transactions have ended
        self._ends = 0

    # -- looking -----------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Whether a logical transaction is open."""
        return bool(self.unit.levels) or (self.unit.touched and self._begins_itself)

    @property
    def number(self) -> int:
        """Which of the session's transactions this is."""
        return self._ends

    @property
    def connected(self) -> bool:
        """Whether a connection is checked out."""
        return self.connection is not None

    @property
    def hook(self) -> str | None:
        """The event whose listeners run right now."""
        return self.unit.hook

    @property
    def usable(self) -> bool:
        """Whether statements may be sent."""
        return self.failure is None

    def check(self) -> None:
        """Refuse work in a failed transaction, in a block whose transaction is over, and without
        begin() where that is asked for."""
        if self.failure is not None or self.interrupted_block is not None:
            self.check_usable()
        if not self._begins_itself and not self.unit.levels:
            raise InvalidRequestError(
                "Autobegin is disabled on this session, and no transaction was begun",
                hint="async with session.begin(): ... (or await session.begin()) first",
            )

    def check_usable(self) -> None:
        """Refuse work in a failed transaction, and in a block whose transaction is over."""
        if self.failure is not None:
            raise PendingRollbackError(
                f"the transaction was ended by an earlier error: {reason_of(self.failure)}"
            ) from self.failure
        if self.interrupted_block is not None:
            raise InvalidRequestError(
                "the transaction of this `async with` block was committed or rolled back already",
                hint="leave the block before doing more, or end the transaction with the block",
            )

    # -- beginning ---------------------------------------------------------------------------

    def autobegin(self) -> None:
        """Begin the logical transaction, if there is none."""
        self.unit.begin()

    def isolate_once(self, isolation: str) -> None:
        """Set the isolation level of the present transaction, which must not have worked yet."""
        if self.worked or self.begun:
            raise InvalidRequestError(
                "the isolation level of a transaction can't be changed once it has begun to work",
                hint="ask for connection(isolation_level=...) before anything else, or commit() "
                "or rollback() first",
            )
        begin_text(isolation)  # so that an unknown level is refused before anything is sent
        self.isolate(isolation)

    def isolate(self, isolation: str | None) -> None:
        """Set the isolation level of the transaction to come."""
        self.isolation = isolation
        #: whether even reads need a BEGIN: for their isolation, or to protect what was joined
        self.begins_early = isolation is not None or self.joined is not None

    async def connect(self) -> Connection:
        """The connection, taken from the pool if there is none yet; sends nothing."""
        if not self.unit.levels:
            self.unit.begin()
        connection = self.connection
        if connection is None:
            connection = await self._acquire()
        self.worked = True
        if self.begins_early and not self.begun:
            await self.begin_on_server()
        return connection

    async def _acquire(self) -> Connection:
        ends = self._ends
        connection = await self.engine.acquire()
        if ends != self._ends:
            connection.release()
            raise InvalidRequestError(
                "the session was left by one task while another one waited for its connection",
                hint="wait for all tasks that use a session before leaving its block",
            )
        self.connection = connection
        if HEARD:
            try:
                await Notice(self.unit, "after_begin")
            except BaseException as error:
                # what a listener sets up for every transaction must not be missing in this one
                self.lose(error)
                raise
        return connection

    async def fetch(self, sql: str, arguments: Sequence[Any], *, once: bool = False) -> list[Any]:
        """Send a statement that only reads; no BEGIN is needed for it.

        One that must be sent ``once`` is not sent again where its rows can't be read fast.
        """
        connection = self.connection
        if connection is None or self.begins_early:
            connection = await self.connect()
        if once:
            return await connection.fetch_carefully(sql, arguments)
        return await connection.read(sql, arguments)

    async def begin_on_server(self) -> Connection:
        """The connection with a transaction open on the server."""
        if not self.unit.levels:
            self.unit.begin()
        connection = self.connection
        if connection is None:
            connection = await self._acquire()
        if not self.begun or connection.outcome == "committed":
            self.worked = True
            try:
                await connection.begin_now(self.isolation)
            except BaseException:
                # a connection whose BEGIN failed is not trusted any more
                self._release_connection()
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
        if HEARD:
            fire(self.unit, "after_transaction_create")
        return name

    # -- failing -----------------------------------------------------------------------------

    def note_failure(self, error: BaseException) -> None:
        """A statement failed: remember whether the server has given up the transaction."""
        connection = self.connection
        if self.failure is not None or connection is None:
            return
        if not isinstance(error, Exception):
            self.failure, self.failed_depth = error, 0
        elif isinstance(error, ConnectionLost):
            if self.begun:
                self.failure, self.failed_depth = error, 0
            else:
                self._release_connection()
        elif self.begun and connection.in_transaction and came_from_server(error):
            self.failure, self.failed_depth = error, len(self.savepoints)

    def note_aborted(self, error: Exception, *, sent: bool) -> None:
        """An error of the client's own, for which the server was made to refuse what was sent."""
        connection = self.connection
        if sent and self.failure is None and connection is not None and connection.in_transaction:
            self.failure, self.failed_depth = error, len(self.savepoints)

    async def restart(self) -> Connection:
        """The innermost level from its beginning, after a flush in it has failed."""
        connection = await self.connect()
        if self.savepoints:
            await connection.rollback_to_savepoint(self.savepoints[-1])
        else:
            if self.begun:
                await connection.rollback()
            self.begun = False
            await self.begin_on_server()
        return connection

    async def fail_flush(self, error: BaseException) -> None:
        """A flush failed: roll its level back on the server and in memory, and stay failed."""
        if not isinstance(error, Exception) or isinstance(error, ConnectionLost):
            self.lose(error)
            return
        try:
            if self.begun and self.connection is not None:
                await self._rollback_innermost(self.connection)
        except Exception as another:
            error.add_note(f"the rollback failed too: {first_line(another)}")
            self.lose(error)
        else:
            self._fail(error, len(self.savepoints))

    async def _rollback_innermost(self, connection: Connection) -> None:
        if self.savepoints:
            await connection.rollback_to_savepoint(self.savepoints[-1])
        else:
            await connection.rollback()
            self._release_connection()

    def lose(self, error: BaseException) -> None:
        """Let the server's side go without waiting; only a rollback makes the session usable."""
        connection = self.connection
        told = isinstance(error, CommitUnknown)
        if connection is not None and not told and connection.outcome in ("unknown", "committed"):
            cause, error = error, CommitUnknown(f"{first_line(error)} while COMMIT was under way")
            error.__cause__ = cause
            # for who only gets to see the cancellation, such as after a block that ends with it
            cause.add_note("COMMIT was under way: check whether the work is there")
        if self.joined is None:
            self._release_connection()  # otherwise a rollback must still reach the savepoint
        self._fail(error, 0)

    def _fail(self, error: BaseException, depth: int) -> None:
        """Undo in memory what is above ``depth``; the levels stay open for who closes them."""
        rollback_levels(self.unit, depth)
        while len(self.unit.levels) < len(self.savepoints) + 1:
            begin_level(self.unit)
        self.failure, self.failed_depth = error, depth

    # -- ending ------------------------------------------------------------------------------

    async def rollback(self) -> None:
        """Roll back everything, savepoints included."""
        if not self.active:
            return
        self.autobegin()
        connection = self.connection
        try:
            if self.begun and connection is not None and self._waits_for(connection):
                await connection.rollback()
        finally:
            self.abandon()

    def _waits_for(self, connection: Connection) -> bool:
        """Whether to roll back here; after a cancellation the pool does it, which takes longer."""
        return self.joined is not None or not connection.interrupted

    def may_wait_after(self, error: BaseException | None) -> bool:
        """Whether there is time to roll back: not in a cancelled task.

        A generator that is closed does not wait either, but for work in a joined transaction,
        which would be lost as a whole.
        """
        if isinstance(error, GeneratorExit):
            return self.joined is not None
        return error is None or isinstance(error, Exception)

    async def close(self) -> None:
        """Roll back; a joined transaction that only rollback() may end goes on as it is."""
        if self.joined is not None and self.joined.outlives_close and self.usable:
            await self.commit_on_server()
            self.abandon()
        else:
            await self.rollback()

    async def commit_on_server(self) -> None:
        """Send COMMIT if there was a BEGIN; its answer is checked."""
        connection = self.connection
        if self.begun and connection is not None:
            if connection.outcome == "committed":
                return  # along with the last statement
            if not connection.in_transaction and not connection.is_closed:
                raise ended_by_hand()
            await connection.commit()

    @property
    def commit_was_refused(self) -> bool:
        """Whether a COMMIT that went along with a statement was answered with an error."""
        connection = self.connection
        return (
            self.begun
            and connection is not None
            and connection.outcome == "rolled_back"
            and not (connection.in_transaction or connection.is_closed)
        )

    def committed(self) -> None:
        """The transaction is committed: everything in memory is as in the database."""
        self._end()
        commit_levels(self.unit)

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since a savepoint, and in those inside it."""
        position = self.savepoints.index(name)
        connection = self.connection
        assert connection is not None
        if not connection.in_transaction and not connection.is_closed:
            raise ended_by_hand()
        await connection.release_savepoint(name)
        while len(self.savepoints) > position:
            self.savepoints.pop()
            release_level(self.unit)

    async def rollback_savepoint(self, name: str) -> None:
        """Undo what was done since a savepoint, and in those inside it."""
        position = self.savepoints.index(name)
        connection = self.connection
        if connection is None or connection.is_closed or connection.interrupted:
            # the whole transaction is lost: only the level itself can be closed
            self.lose(self.failure or ConnectionLost("the connection broke in the transaction"))
        elif not connection.in_transaction:
            self.lose(self.failure or ended_by_hand())
        else:
            await connection.rollback_to_savepoint(name)
            if self.failed_depth > position:
                self.failure = None
        self.close_savepoint(name)

    def close_savepoint(self, name: str) -> None:
        """Undo in memory what was done since a savepoint, and forget it."""
        position = self.savepoints.index(name)
        del self.savepoints[position:]
        rollback_levels(self.unit, position + 1)

    def abandon(self) -> None:
        """Roll everything back without waiting: the pool cleans the connection."""
        self._end()
        rollback_levels(self.unit, 0)

    def _end(self) -> None:
        self._ends += 1
        self._release_connection()
        self.savepoints.clear()
        self.explicit = self.worked = False
        self.failure = None
        if self.isolation is not self._default_isolation:
            self.isolate(self._default_isolation)

    def _release_connection(self) -> None:
        self.begun = False
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.release()
