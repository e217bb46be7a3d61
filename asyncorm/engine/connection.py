"""Connection: transactions and statements on one connection of the pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, cast, overload

from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.engine.careful import CarefulRecord, carefully, is_misread
from asyncorm.engine.command_tag import affected_rows
from asyncorm.engine.connection_block import ConnectionTransaction
from asyncorm.engine.copy.connection import BulkConnection
from asyncorm.engine.error_translation import is_unsent
from asyncorm.engine.features import check_server
from asyncorm.engine.pipelining import Pipeline, committing
from asyncorm.engine.query_watch import WATCHES
from asyncorm.engine.result import Result
from asyncorm.engine.rows import convert_records, row_names
from asyncorm.engine.shapes import shape_rows
from asyncorm.engine.shield import Interrupted, shielded
from asyncorm.engine.signals.signalling import SignallingConnection
from asyncorm.engine.stream import RowStream
from asyncorm.engine.text_connection import TextConnection
from asyncorm.engine.transaction import Outcome, begin_text, savepoint_name
from asyncorm.errors import (
    ArgumentError,
    CommitUnknown,
    ConnectionLost,
    DatabaseError,
    InvalidRequestError,
    TransactionRolledBack,
)
from asyncorm.schema.ddl import DDL
from asyncorm.sql.nodes import Statement
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.table import Table

T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F")


class Mapped(Protocol):
    """A mapped class, as far as type checkers must know it here."""

    __table__: ClassVar[Table]


E = TypeVar("E", bound=Mapped)
#: a statement with a mapped class, of which a connection yields the columns: how many is not known
OfEntity: TypeAlias = Statement[E] | Statement[tuple[E, *tuple[Any, ...]]]


class Connection(TextConnection, BulkConnection, SignallingConnection):
    """Runs statements on one connection; made by ``engine.connect()`` and ``engine.begin()``."""

    __slots__ = ()

    # -------------------------------------------------------------------------- transactions

    def begin(
        self,
        isolation: str | None = None,
        readonly: bool | None = None,
        deferrable: bool | None = None,
    ) -> ConnectionTransaction:
        """Begin a transaction: awaited, or ``async with``, which commits or rolls back."""
        return ConnectionTransaction(self, isolation, readonly, deferrable)

    async def begin_now(
        self,
        isolation: str | None = None,
        readonly: bool | None = None,
        deferrable: bool | None = None,
    ) -> None:
        """Begin a transaction: on the server when it gets the first statement, where possible."""
        self._first_error = self.outcome = None
        self.joined.clear()
        text, driver = begin_text(isolation, readonly, deferrable), self._require_driver()
        if driver.pipeline is None or driver.is_closed() or self.in_transaction:
            await self.command(text)
        else:
            self._pooled.begin = text

    async def commit(self) -> None:
        """Commit; a server that rolled back instead is an error, and so is one that is gone.

        Once sent, COMMIT is not given up: a cancellation is delivered after its answer, or after
        ``commit_grace``. ``outcome`` then says what came of it.
        """
        if self.joined:
            raise InvalidRequestError(
                "a session that works in this transaction has neither committed nor rolled back",
                hint="close the session before the transaction around it is committed",
            )
        if self._pooled.begin:  # nothing was sent
            self._pooled.begin, self.outcome = None, "committed"
            return
        tag = await self._carry_through(self.command, "COMMIT")
        if self.cancelled is not None:
            raise self.cancelled
        if tag != "COMMIT":
            raise self._rolled_back_instead()

    @property
    def commits_along(self) -> bool:
        """Whether COMMIT can be sent along with the last statement of a transaction."""
        return self._require_driver().pipeline is not None

    def commit_fetch(
        self, sql: str, arguments: Sequence[object] = (), *, along: bool = False
    ) -> Coroutine[Any, Any, list[Any]]:
        """Run a statement that is a transaction by itself; certain about its end like COMMIT.

        A cancellation that comes meanwhile is left in ``cancelled`` if it was committed.
        Or, with COMMIT ``along``, the last one of a transaction. That may still be open after it:
        where the statement had to be prepared first, COMMIT was not sent.
        """
        if along:
            return self._carry_through(self._commit_along, self.fetch, sql, arguments)
        return self._carry_through(self.fetch, sql, arguments)

    def commit_fetch_carefully(
        self, sql: str, arguments: Sequence[object] = (), *, along: bool = False
    ) -> Coroutine[Any, Any, list[Any]]:
        """Like ``commit_fetch``, where the rows may hold what Python has no room for."""
        if along:
            return self._carry_through(self._commit_along, self.fetch_carefully, sql, arguments)
        return self._carry_through(self.fetch_carefully, sql, arguments)

    def commit_run(self, sql: str, arguments: Sequence[object] = ()) -> Coroutine[Any, Any, int]:
        """Like ``commit_fetch``, for a statement that returns no rows."""
        return self._carry_through(self.run, sql, arguments)

    def _commit_along(
        self, fetch: Callable[..., Coroutine[Any, Any, T]], sql: str, arguments: Sequence[object]
    ) -> Coroutine[Any, Any, T]:
        return committing(self._driver, fetch(sql, arguments), self._note_control)

    async def rollback(self) -> None:
        """Roll back; a connection that has been lost is rolled back by the server.

        After a cancelled operation this waits for the server no longer than ``cancel_grace``.
        """
        self.joined.clear()
        await self._roll_back("ROLLBACK")

    async def _roll_back(self, text: str) -> None:
        self.outcome, self._first_error = "rolled_back", None
        if self.is_closed:
            return
        begin, self._pooled.begin = self._pooled.begin, None
        if not self.interrupted and (begin or not self._driver.is_in_transaction()):
            return  # nothing was sent, or the server has rolled back by itself
        try:
            async with asyncio.timeout(self._pool.cancel_grace if self.interrupted else None):
                await self.command(text)
        except ConnectionLost:
            return
        except TimeoutError:
            self._driver.terminate()

    async def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        await self.command(f"SAVEPOINT {savepoint_name(name)}")

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since the savepoint."""
        await self.command(f"RELEASE SAVEPOINT {savepoint_name(name)}")

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done since the savepoint; the transaction is usable again."""
        await self.command(f"ROLLBACK TO SAVEPOINT {savepoint_name(name)}")
        self._first_error = None

    async def _carry_through(
        self, operation: Callable[..., Coroutine[Any, Any, T]], *arguments: Any
    ) -> T:
        """Wait for an operation that commits, and note in ``outcome`` what became of it."""
        if self._require_driver().is_closed():
            self.outcome = "rolled_back"
            raise ConnectionLost("the connection broke before COMMIT; the server has rolled back")
        self.outcome, self.cancelled = "unknown", None
        try:
            result = await shielded(operation(*arguments), self._commit_grace)
        except Interrupted as interrupted:
            if self._note_interrupted(operation, interrupted.task) != "committed":
                raise interrupted.cancelled from None
            # what came back must be taken note of, and then only the cancellation delivered
            self.cancelled, result = interrupted.cancelled, interrupted.task.result()
        except InvalidRequestError:
            self.outcome = None  # in use by another task: not sent
            raise
        except DatabaseError as error:
            self.outcome = self._outcome_after(operation, error)
            if self.outcome == "unknown":
                raise unknown_commit(error) from error
            raise
        self._note_end(result)
        return result

    def _note_end(self, result: object) -> None:
        if self.in_transaction:
            self.outcome = None  # COMMIT could not go along
        else:
            self.outcome = "rolled_back" if result == "ROLLBACK" else "committed"

    def _note_interrupted(self, operation: object, task: asyncio.Task[Any]) -> Outcome | None:
        """The task was cancelled while it committed: tell by the answer, if one came."""
        if not task.done():
            # past the grace: nobody will hear the answer
            task.add_done_callback(_retrieve)
            if self._held_back(operation):
                self.outcome = "rolled_back"
            self._pooled.driver.terminate()
        elif (error := task.exception()) is None:
            self._note_end(task.result())
        else:
            self.outcome = self._outcome_after(operation, error)
        return self.outcome

    def _outcome_after(self, operation: object, error: BaseException) -> Outcome:
        """How a transaction has ended, by the error of what was to commit it."""
        if isinstance(error, ConnectionLost):
            unsent = is_unsent(error.__cause__) or self._held_back(operation)
            return "rolled_back" if unsent else "unknown"
        # rows that can't be read say nothing of COMMIT, which was sent together with what made them
        misread = is_misread(error.__cause__) and not self.in_transaction
        return "unknown" if misread else "rolled_back"

    def _held_back(self, operation: object) -> bool:
        """Whether what is to commit was not sent: a statement had to be prepared first."""
        driver: Any = self._pooled.driver
        pipeline: Pipeline | None = driver.pipeline
        return pipeline is not None and (
            pipeline.preparing or (operation == self._commit_along and pipeline.held_back)
        )

    def _rolled_back_instead(self) -> TransactionRolledBack:
        first, self._first_error = self._first_error, None
        reason = f": {type(first).__name__}: {first.message}" if first is not None else ""
        error = TransactionRolledBack(
            f"COMMIT was answered with ROLLBACK, because a statement had failed{reason}",
            sqlstate=getattr(first, "sqlstate", None),
        )
        error.__cause__ = first
        return error

    # ------------------------------------------------------------------------ statements (Core)

    def check_features(self, compiled: CompiledStatement) -> None:
        """Refuse a statement that the server is too old for."""
        if compiled.needs is not None:
            check_server(compiled.needs, self.server_version)

    @overload
    async def execute(self, statement: OfEntity[E], parameters: Any = None) -> Result[Any]: ...
    @overload
    async def execute(self, statement: DDL, parameters: None = None) -> Result[Any]: ...
    @overload
    async def execute(self, statement: Statement[R], parameters: Any = None) -> Result[R]: ...
    async def execute(self, statement: Statement[Any] | DDL, parameters: Any = None) -> Result[Any]:
        """Run a statement (``select``, ``insert``, ``sql``, ``DDL`` …) and return its rows.

        A mapped class in it yields its columns: objects are the session's business.
        ``parameters`` is a dict, or a list of dicts, of values for an INSERT.
        """
        if not isinstance(statement, Statement):
            return await self._define(statement)
        if parameters is not None:
            statement = _with_parameters(statement, parameters)
        compiled = self._statements.get(statement)
        self.check_features(compiled)
        arguments = compiled.arguments(statement)
        if compiled.kind == "text":
            records, count = await self._fetch_and_count(compiled.sql, arguments)
        elif compiled.returns_rows:
            if compiled.kind == "select" and not (compiled.writes or compiled.acts):
                records = await self.read(compiled.sql, arguments)
            else:
                records = await self._change(self.fetch_carefully(compiled.sql, arguments))
            count = len(records)
        else:
            return Result((), (), await self._change(self.run(compiled.sql, arguments)))
        return Result(_rows(compiled, statement, records), row_names(compiled, records), count)

    async def _change(self, running: Coroutine[Any, Any, T]) -> T:
        """Await what writes; outside of a transaction it commits by itself."""
        alone = not self.in_transaction
        try:
            return await running
        except ConnectionLost as error:
            if alone and self._outcome_after(self._change, error) == "unknown":
                raise unknown_commit(error) from error
            raise

    async def _define(self, statement: DDL) -> Result[Any]:
        if not isinstance(cast("Any", statement), DDL):
            raise ArgumentError(
                f"a {type(statement).__name__} is no statement",
                hint='write select(User), or sql("select ...") for text',
            )
        self.used_raw_sql = True
        return Result((), (), await self.run(str(statement)))

    async def _fetch_and_count(
        self, sql: str, arguments: Sequence[object]
    ) -> tuple[list[Any], int]:
        """Only the server knows whether raw SQL returns rows: ask for rows and tag at once."""
        self.used_raw_sql = True
        driver = self._require_driver()

        def call() -> Any:
            # what the driver's fetch() and execute() call; neither gives both
            return driver._execute(
                sql, arguments, 0, None, return_status=True, record_class=CarefulRecord
            )

        running = self._send(carefully(driver, sql, call), sql, arguments)
        records, tag, _ = await (
            self._observed(sql, arguments, running) if self._log or WATCHES else running
        )
        return records, affected_rows((tag or b"").decode())

    @overload
    async def scalar(self, statement: OfEntity[E]) -> Any: ...
    @overload
    async def scalar(self, statement: Statement[tuple[F, *tuple[Any, ...]]]) -> F | None: ...
    @overload
    async def scalar(self, statement: Statement[R]) -> R | None: ...
    async def scalar(self, statement: Statement[Any]) -> Any:
        """The first value of the first row, or None."""
        return (await self.execute(statement)).scalar()

    @overload
    async def scalars(self, statement: OfEntity[E]) -> Result[Any]: ...
    @overload
    async def scalars(self, statement: Statement[tuple[F, *tuple[Any, ...]]]) -> Result[F]: ...
    @overload
    async def scalars(self, statement: Statement[R]) -> Result[R]: ...
    async def scalars(self, statement: Statement[Any]) -> Result[Any]:
        """The first value of every row."""
        return (await self.execute(statement)).scalars()

    @overload
    async def stream(self, statement: OfEntity[E], *, prefetch: int = 500) -> RowStream[Any]: ...
    @overload
    async def stream(self, statement: Statement[R], *, prefetch: int = 500) -> RowStream[R]: ...
    async def stream(self, statement: Statement[Any], *, prefetch: int = 500) -> RowStream[Any]:
        """Rows one by one through a server-side cursor; needs a transaction."""
        compiled = self._statements.get(statement)
        self.check_features(compiled)
        records = self.cursor(compiled.sql, compiled.arguments(statement), prefetch=prefetch)
        return RowStream(records, lambda found: _rows(compiled, statement, found))


def unknown_commit(error: Exception) -> CommitUnknown:
    """The error for one that hides what became of a COMMIT: a lost answer, or one not readable."""
    if isinstance(error, ConnectionLost):
        reason = "the connection broke before COMMIT was answered"
    else:
        unread = getattr(error, "message", type(error).__name__)
        reason = f"what came back with COMMIT can't be read: {unread}"
    return CommitUnknown(reason, sqlstate=getattr(error, "sqlstate", None))


def _with_parameters(statement: Statement[Any], parameters: Any) -> Statement[Any]:
    if isinstance(statement, Insert):
        return statement.values(parameters)
    raise ArgumentError(
        f"{type(statement).__name__.lower()}() takes no parameters on a connection",
        hint="give the values to the statement; many rows by key are the session's business: "
        "await session.execute(update(User), [{...}, ...])",
    )


def _rows(compiled: CompiledStatement, statement: Any, records: list[Any]) -> list[Any]:
    """Rows of records: as they are, or as the statement's ``into()`` says."""
    rows = convert_records(compiled, records)
    shape = getattr(statement, "_shape", None)
    return rows if shape is None else shape_rows(shape, row_names(compiled, records), rows)


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
