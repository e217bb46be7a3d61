"""SessionCore: a session's parts and what its operations share; not guarded, not public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.engine.joined import JoinedTransaction
from asyncorm.errors import (
    CommitUnknown,
    DatabaseError,
    FlushError,
    ForeignKeyViolation,
    IdentityConflictError,
)
from asyncorm.flush.connection import CommittingConnection, FlushConnection
from asyncorm.flush.pipeline import flush
from asyncorm.flush.plan import FlushPlan
from asyncorm.flush.statements import ends_transaction, is_atomic
from asyncorm.loading.by_key import key_statement
from asyncorm.loading.context import LoadContext
from asyncorm.loading.pipeline import load, load_path
from asyncorm.mapping.relationships import Relationship
from asyncorm.session.announcing import Announcer
from asyncorm.session.transaction import Transaction
from asyncorm.tracking.event_names import FLUSH_EVENTS
from asyncorm.tracking.listeners import HEARD, hears
from asyncorm.tracking.notices import Notice, fire
from asyncorm.tracking.transitions import deleted_elsewhere, expire, is_expired
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of

#: how often a commit flushes before it gives up: listeners may add something every time
_FLUSHES = 100


class SessionCore:
    """Unit of work, transaction and loading of one session."""

    def __init__(
        self,
        engine: Engine | JoinedTransaction,
        *,
        autoflush: bool,
        autobegin: bool,
        expire_on_commit: bool,
        isolation: str | None,
    ) -> None:
        self.engine = engine
        self.unit = UnitOfWork()
        self.transaction = Transaction(engine, self.unit, isolation, begins_itself=autobegin)
        #: for what the session itself has to read, in a flush or for a stream
        self.own_context = LoadContext(self.unit, engine.statements.objects, self.transaction.fetch)
        #: for what it is asked for
        self.context = self.own_context
        #: told of statements that do not go through the context, if anybody counts
        self.count_statement: Callable[[str], None] | None = None
        self.autoflush_enabled = autoflush
        self.expire_on_commit = expire_on_commit
        self._announcer: Announcer | None = None
        self.flushing = False
        #: whether the flush under way has got as far as the server
        self._sending = False
        #: what the flush of a commit has committed on
        self._committing: Connection | None = None

    @property
    def announcer(self) -> Announcer:
        """Who tells listeners of the ends of transactions; most sessions need none."""
        found = self._announcer
        if found is None:
            found = self._announcer = Announcer(self.unit, self.transaction)
        return found

    async def autoflush(self) -> None:
        """Flush before a statement, so that it sees what the session holds."""
        unit = self.unit
        if self.flushing:
            return  # a listener of the flush that is under way
        if self.autoflush_enabled and (unit.new or unit.dirty or unit.deleted or unit.watched):
            try:
                await self.flush()
            except DatabaseError as error:
                error.add_note("raised by the autoflush before a statement")
                raise

    async def flush(self) -> None:
        """Write what is new, changed and deleted, inside the transaction."""
        if self.unit.has_work():
            await self._flush(self._flush_connection)

    async def _flush(self, connect: Any) -> None:
        unit, transaction, statements = self.unit, self.transaction, self.engine.statements
        transaction.check()
        if not unit.levels:
            unit.begin()
        self.flushing = True
        begun, errors = False, unit.listener_errors
        try:
            if HEARD:
                await Notice(unit, "before_flush")
                unit.has_work()  # a listener may have changed a document inside
                begun = True
                fire(unit, "after_transaction_create")
                if hears(unit, FLUSH_EVENTS, unit.entities()):
                    connect = self._flush_connection  # listeners belong to the transaction
            while True:
                try:
                    await flush(unit, connect, statements, self._load_children, self._restart)
                    break
                except IdentityConflictError as conflict:
                    if not await self._has_gone(conflict.objects[1]):
                        raise
            if begun:
                fire(unit, "after_transaction_end")
        except BaseException as error:
            unit.stage = None
            # an error found while planning leaves everything as it was, to be put right
            if self._sending and transaction.commit_was_refused:
                transaction.abandon()
                if begun:
                    fire(unit, "after_transaction_end")
            elif self._sending or unit.listener_errors > errors:
                await self.announcer.fail(error, flush=begun)
            elif begun:
                fire(unit, "after_transaction_end")
            raise
        finally:
            self.flushing = self._sending = False

    async def _has_gone(self, holder: Any) -> bool:
        """Whether the holder of a key is expired and has no row any more: then the key is free."""
        if not is_expired(holder):
            return False
        mapper = mapper_of(holder)
        statement = key_statement(mapper, [mapper.key_values(identity_key(holder))])
        if (await load(statement, self.own_context, is_column_load=True)).rows:
            return False
        deleted_elsewhere(self.unit, holder)
        return True

    async def flush_until_clean(self, connect: Any = None, times: int = _FLUSHES) -> None:
        """Flush, and again as long as listeners leave something to do."""
        unit = self.unit
        for _ in range(times):
            if not unit.has_work():
                return
            await self._flush(connect or self._flush_connection)
        if unit.has_work():
            error = FlushError(
                f"{_FLUSHES} flushes in one commit have left the session with something to flush",
                hint="look for a listener that changes objects after every flush",
            )
            await self.announcer.fail(error, flush=False)
            raise error

    async def _load_children(self, owners: list[Any], relationship: Relationship[Any, Any]) -> None:
        await load_path(owners, (relationship,), self.own_context, whole=True)

    async def _restart(self, error: DatabaseError) -> Connection | None:
        """The level that a flush has failed in from its beginning, to try its parts again.

        None where that would tell nothing: in somebody else's transaction, and for references to
        rows that were flushed in the level before, which are not there any more.
        """
        transaction = self.transaction
        refers = isinstance(error, ForeignKeyViolation)
        if transaction.joined is not None or (refers and not self.unit.levels[-1].is_empty):
            return None
        return await transaction.restart()

    async def _flush_connection(self, plan: FlushPlan) -> FlushConnection:
        connection = await self.transaction.begin_on_server()
        self._sending = True
        return connection

    async def _commit_connection(self, plan: FlushPlan) -> FlushConnection:
        """COMMIT goes along with the last statement, if it can.

        A single one that is atomic by itself needs no BEGIN and COMMIT around it.
        """
        transaction = self.transaction
        if transaction.begun or transaction.begins_early or not is_atomic(plan):
            await transaction.begin_on_server()
        elif transaction.connection is None or not transaction.worked:
            await transaction.connect()
        connection = transaction.connection
        assert connection is not None
        self._sending = True
        inside, self._committing = connection.in_transaction, connection
        if inside and not self._commits_along(plan, connection):
            return connection
        return CommittingConnection(connection, in_transaction=inside)

    def _commits_along(self, plan: FlushPlan, connection: Connection) -> bool:
        # in savepoints only the innermost is rolled back when the flush fails
        return (
            connection.commits_along and not self.transaction.savepoints and ends_transaction(plan)
        )

    async def commit(self) -> None:
        """Flush, commit and let the connection go."""
        unit, transaction = self.unit, self.transaction
        transaction.check()
        if not unit.levels:
            unit.begin()
        self._committing = None
        if HEARD:
            await self.announcer.before_commit()
        if unit.has_work():
            try:
                await self._flush(self._commit_connection)
                if unit.has_work():
                    await self.flush_until_clean(self._commit_connection, _FLUSHES - 1)
            except Exception as error:
                if self._committing is not None and self._committing.cancelled is not None:
                    raise self._committing.cancelled from error
                raise
        before = self.announcer.watch_commit() if HEARD else None
        try:
            if transaction.begun:
                await transaction.commit_on_server()
        except CommitUnknown as unknown:
            # nobody knows what became of it: that must be taken note of by a rollback
            transaction.lose(unknown)
            raise
        except Exception:
            # refused by the server, which has rolled back: the transaction is over
            if transaction.joined is None:
                transaction.abandon()
            raise
        except BaseException as cancelled:
            connection = transaction.connection
            if connection is not None and connection.outcome == "committed":
                self._committed()
            else:
                transaction.lose(cancelled)
            raise
        ended = self._committing
        self._committed()
        if ended is not None and ended.cancelled is not None:
            raise ended.cancelled  # while COMMIT, or what commits by itself, was under way
        if before is not None:
            await self.announcer.committed(before)

    def _committed(self) -> None:
        self.transaction.committed()
        if self.expire_on_commit:
            for instance in self.unit.identity_map.instances():
                expire(instance)
            self.unit.watched.clear()

    async def write_connection(self) -> Connection:
        """A connection inside a transaction, for statements that may write."""
        self.transaction.check()
        return await self.transaction.begin_on_server()

    async def close(self, *, for_good: bool = True) -> None:
        """Let everything go and roll back."""
        if HEARD:
            await self.announcer.close(for_good=for_good)
            return
        self.unit.drop(for_good=for_good)
        transaction = self.transaction
        if transaction.active or transaction.joined is not None:
            await transaction.close()

    def abandon(self, *, for_good: bool = True) -> None:
        """The same without waiting for anything."""
        self.announcer.abandon(drop=True, for_good=for_good)
