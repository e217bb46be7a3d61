"""SessionCore: a session's parts and what its operations share; not guarded, not public."""

from __future__ import annotations

from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import CommitUnknown, DatabaseError
from asyncorm.flush.connection import CommittingConnection, FlushConnection
from asyncorm.flush.pipeline import flush
from asyncorm.flush.plan import FlushPlan
from asyncorm.flush.statements import is_atomic
from asyncorm.loading.context import LoadContext
from asyncorm.loading.pipeline import load_path
from asyncorm.mapping.relationships import Relationship
from asyncorm.session.transaction import Transaction
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import UnitOfWork


class SessionCore:
    """Unit of work, transaction and loading of one session."""

    def __init__(
        self, engine: Engine, *, autoflush: bool, expire_on_commit: bool, isolation: str | None
    ) -> None:
        self.engine = engine
        self.unit = UnitOfWork()
        self.transaction = Transaction(engine, self.unit, isolation)
        self.context = LoadContext(self.unit, engine.statements, self.transaction.fetch)
        self.autoflush_enabled = autoflush
        self.expire_on_commit = expire_on_commit
        self.flushing = False
        #: whether the flush under way has got as far as the server
        self._sending = False

    async def autoflush(self) -> None:
        """Flush before a statement, so that it sees what the session holds."""
        unit = self.unit
        if self.autoflush_enabled and (unit.new or unit.dirty or unit.deleted):
            try:
                await self.flush()
            except DatabaseError as error:
                error.add_note("raised by the autoflush before a statement")
                raise

    async def flush(self) -> None:
        """Write what is new, changed and deleted, inside the transaction."""
        await self._flush(self._flush_connection)

    async def _flush(self, connect: Any) -> None:
        unit, transaction = self.unit, self.transaction
        if not (unit.new or unit.dirty or unit.deleted):
            return
        transaction.check()
        transaction.autobegin()
        self.flushing = True
        try:
            await flush(unit, connect, self.engine.statements, self._load_children)
        except BaseException as error:
            # an error found while planning leaves everything as it was, to be put right
            if self._sending:
                await transaction.fail_flush(error)
            raise
        finally:
            self.flushing = self._sending = False

    async def _load_children(
        self, owners: list[Any], relationship: Relationship[Any, Any]
    ) -> None:
        await load_path(owners, (relationship,), self.context)

    async def _flush_connection(self, plan: FlushPlan) -> FlushConnection:
        connection = await self.transaction.begin_on_server()
        self._sending = True
        return connection

    async def _commit_connection(self, plan: FlushPlan) -> FlushConnection:
        """One statement that is atomic by itself needs no BEGIN and COMMIT around it."""
        transaction = self.transaction
        if transaction.begun or transaction.isolation or not is_atomic(plan):
            return await self._flush_connection(plan)
        connection = CommittingConnection(await transaction.connect())
        self._sending = True
        return connection

    async def commit(self) -> None:
        """Flush, commit and let the connection go."""
        transaction = self.transaction
        transaction.check()
        transaction.autobegin()
        await self._flush(self._commit_connection)
        try:
            await transaction.commit_on_server()
        except CommitUnknown as unknown:
            # nobody knows what became of it: that must be taken note of by a rollback
            transaction.lose(unknown)
            raise
        except Exception:
            # refused by the server, which has rolled back: the transaction is over
            transaction.abandon()
            raise
        except BaseException as cancelled:
            connection = transaction.connection
            if connection is not None and connection.outcome == "committed":
                self._committed()
            else:
                transaction.lose(cancelled)
            raise
        self._committed()

    def _committed(self) -> None:
        self.transaction.committed()
        if self.expire_on_commit:
            for instance in self.unit.identity_map.instances():
                expire(instance)

    async def write_connection(self) -> Connection:
        """A connection inside a transaction, for statements that may write."""
        self.transaction.check()
        return await self.transaction.begin_on_server()

    async def close(self) -> None:
        """Let everything go and roll back, for good."""
        self.unit.drop(for_good=True)
        await self.transaction.rollback()

    def abandon(self) -> None:
        """The same without waiting for anything."""
        self.unit.drop(for_good=True)
        self.transaction.abandon()
