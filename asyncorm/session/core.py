"""SessionCore: a session's parts and what its operations share; not guarded, not public."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import DatabaseError
from asyncorm.flush.executor import FlushConnection
from asyncorm.flush.pipeline import flush
from asyncorm.flush.plan import FlushPlan, Kind
from asyncorm.loading.context import LoadContext
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
            await flush(unit, connect, self.engine.statements)
        except BaseException as error:
            await transaction.fail_flush(error)
            raise
        finally:
            self.flushing = False

    async def _flush_connection(self, plan: FlushPlan) -> FlushConnection:
        return await self.transaction.begin_on_server()

    async def _commit_connection(self, plan: FlushPlan) -> FlushConnection:
        """One statement that is atomic by itself needs no BEGIN and COMMIT around it."""
        transaction = self.transaction
        if transaction.begun or transaction.isolation or not _is_atomic(plan):
            return await transaction.begin_on_server()
        return CommittingConnection(await transaction.connect())

    async def commit(self) -> None:
        """Flush, commit and let the connection go."""
        transaction = self.transaction
        transaction.check()
        transaction.autobegin()
        await self._flush(self._commit_connection)
        try:
            await transaction.commit_on_server()
        except Exception:
            # whatever became of it, the transaction is over
            transaction.connection_lost_in_commit()
            raise
        transaction.committed()
        if self.expire_on_commit:
            for instance in self.unit.identity_map.instances():
                expire(instance)

    async def write_connection(self) -> Connection:
        """A connection inside a transaction, for statements that may write."""
        self.transaction.check()
        return await self.transaction.begin_on_server()

    def abandon(self) -> None:
        """Give everything up without waiting for anything."""
        self.unit.drop()
        self.transaction.abandon()


def _is_atomic(plan: FlushPlan) -> bool:
    """Whether a plan is one statement that can't half succeed.

    An UPDATE or DELETE of many rows can match too few of them; that is found out only when it
    has been carried out, so it must be possible to roll it back.
    """
    if len(plan.batches) != 1:
        return False
    (batch,) = plan.batches
    return batch.kind is Kind.INSERT or len(batch.instances) == 1


class CommittingConnection:
    """A connection whose next statement is a transaction by itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, arguments: list[Any]) -> list[Any]:
        """Run the statement and return its rows; certain about its end like COMMIT."""
        return await self._connection.commit_fetch(sql, arguments)

    async def run(self, sql: str, arguments: list[Any]) -> int:
        """Run the statement; certain about its end like COMMIT."""
        return await self._connection.commit_run(sql, arguments)

    async def copy_records(
        self, table: str, columns: list[str], records: Sequence[Any], *, schema: str | None = None
    ) -> int:
        """Load rows with COPY, which is atomic too."""
        return await self._connection.copy_records(table, columns, records, schema=schema)
