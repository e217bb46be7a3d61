"""Connection: one connection of the pool while somebody holds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from time import perf_counter
from typing import Any, TypeVar

from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.engine.bulk_connection import BulkConnection
from asyncorm.engine.careful import CarefulRecord, carefully, is_unreadable
from asyncorm.engine.connection_block import ConnectionTransaction
from asyncorm.engine.error_translation import is_from_server, translate
from asyncorm.engine.features import check_server
from asyncorm.engine.pool import Pool, Pooled
from asyncorm.engine.query_watch import WATCHES, note_statement, on_behalf
from asyncorm.engine.repeat_limit import RepeatLimit
from asyncorm.engine.result import Result
from asyncorm.engine.rows import convert_records, row_names
from asyncorm.engine.shapes import shape_rows
from asyncorm.engine.signalling import SignallingConnection
from asyncorm.engine.sql_log import log_statement
from asyncorm.engine.stream import RecordStream, RowStream
from asyncorm.engine.transaction import Interrupted, Outcome, begin_text, shielded
from asyncorm.errors import (
    ArgumentError,
    AsyncORMError,
    CommitUnknown,
    ConnectionLost,
    DatabaseError,
    DataError,
    InvalidRequestError,
    TransactionRolledBack,
)
from asyncorm.sql.insert import Insert
from asyncorm.sql.nodes import Statement

T = TypeVar("T")


class Connection(BulkConnection, SignallingConnection):
    """Runs statements on one connection; made by ``engine.connect()`` and ``engine.begin()``.

    The lower half (``fetch``, ``run``, ``command``, ``begin``, …) takes SQL text and is what the
    session is built on. Records are rows of the driver, by position and by name.
    """

    __slots__ = (
        "_commit_grace",
        "_driver",
        "_first_error",
        "_log",
        "_pool",
        "_pooled",
        "_statements",
        "joined",
        "outcome",
        "repeat_limit",
    )

    def __init__(
        self,
        pool: Pool,
        pooled: Pooled,
        statements: StatementCache,
        *,
        log: bool,
        repeat_limit: RepeatLimit,
        commit_grace: float,
    ) -> None:
        self._pool = pool
        self._pooled = pooled
        self._driver: Any = pooled.driver
        self._statements = statements
        self._log = log
        self._commit_grace = commit_grace
        #: that of the engine, for sessions that join
        self.repeat_limit = repeat_limit
        #: the error that made the server give up the transaction, to be named at COMMIT
        self._first_error: AsyncORMError | None = None
        #: how the last transaction ended; a cancelled commit can be asked here what became of it
        self.outcome: Outcome | None = None
        #: savepoints of the sessions that work inside this connection's transaction
        self.joined: list[str] = []

    def __repr__(self) -> str:
        if self._driver is None:
            return "<Connection released>"
        state = "closed" if self.is_closed else "in transaction" if self.in_transaction else "idle"
        return f"<Connection {state}>"

    @property
    def statements(self) -> StatementCache:
        """Compiled statements by structure, shared with the engine."""
        return self._statements

    # --------------------------------------------------------------------------------- state

    @property
    def in_transaction(self) -> bool:
        """Whether the server said so in its last answer."""
        return not self.is_closed and bool(self._driver.is_in_transaction())

    @property
    def is_closed(self) -> bool:
        """Whether the connection was released or lost."""
        return self._driver is None or bool(self._driver.is_closed())

    @property
    def interrupted(self) -> bool:
        """Whether an operation was cancelled: release the connection instead of waiting for it."""
        return self._pooled.busy

    @property
    def used_raw_sql(self) -> bool:
        """Whether user SQL ran, so that the server's session is reset before it is used again."""
        return self._pooled.needs_reset

    @used_raw_sql.setter
    def used_raw_sql(self, value: bool) -> None:
        self._pooled.needs_reset = value

    def server_pid(self) -> int:
        """The process of the server, as it was told when the connection was made."""
        return int(self._require_driver().get_server_pid())

    def terminate(self) -> None:
        """Break the connection off; the pool replaces it when it is needed."""
        if self._driver is not None:
            self._pooled.driver.terminate()
            self.release()

    def release(self) -> None:
        """Give the connection back to the pool; never waits. What is not committed is lost."""
        if self._driver is not None:
            self._driver = None
            self._first_error = None
            self._pool.release(self._pooled)

    # -------------------------------------------------------------------- SQL text to records

    async def fetch(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run a statement that may write, or do so in a function; return its records."""
        running = self._fetch_carefully(sql, arguments)
        return await (self._observed(sql, arguments, running) if self._log or WATCHES else running)

    async def read(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run a statement that only reads and return its records; the fastest way.

        Where rows hold dates that Python has no room for, they are asked for a second time.
        """
        if self._log or WATCHES:
            return await self._observed(sql, arguments, self._read(sql, arguments))
        # the hot path, kept flat: one attribute set before, one after the driver's own work
        pooled = self._pooled
        if self._driver is None:
            raise _released()
        pooled.busy = True
        try:
            records: list[Any] = await self._driver.fetch(sql, *arguments)
        except Exception as error:
            if is_unreadable(error):
                return await self._fetch_carefully(sql, arguments)
            raise self._failed(error, sql, arguments) from error
        pooled.busy = False
        return records

    async def _read(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        try:
            records: list[Any] = await self._run_driver("fetch", sql, arguments)
        except DataError as error:
            if error.__cause__ is None or not is_unreadable(error.__cause__):
                raise
            return await self._fetch_carefully(sql, arguments)
        return records

    async def _fetch_carefully(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        driver = self._require_driver()

        def call() -> Any:
            return driver.fetch(sql, *arguments, record_class=CarefulRecord)

        records: list[Any] = await self._guard(carefully(driver, sql, call), sql, arguments)
        return records

    async def run(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it affected."""
        running = self._run(sql, arguments)
        return await (self._observed(sql, arguments, running) if self._log or WATCHES else running)

    async def _run(self, sql: str, arguments: Sequence[object]) -> int:
        return affected_rows(await self._run_driver("execute", sql, arguments))

    async def command(self, text: str) -> str:
        """Run text without parameters by the simple protocol; returns the last command tag."""
        running = self._run_driver("execute", text, ())
        tag: str = await (self._observed(text, (), running) if self._log or WATCHES else running)
        return tag

    async def copy_records(
        self,
        table: str,
        columns: Sequence[str],
        records: Iterable[Sequence[object]],
        *,
        schema: str | None = None,
    ) -> int:
        """Copy records into a table by COPY; returns how many."""
        driver = self._require_driver()
        copying = driver.copy_records_to_table(
            table, schema_name=schema, columns=list(columns), records=records
        )
        return await self._copy(table, columns, copying)

    async def copy_text(
        self,
        table: str,
        columns: Sequence[str],
        source: AsyncIterator[bytes],
        *,
        schema: str | None = None,
    ) -> int:
        """Copy rows in COPY's text format into a table; returns how many."""
        driver = self._require_driver()
        copying = driver.copy_to_table(
            table, schema_name=schema, columns=list(columns), source=source, format="text"
        )
        return await self._copy(table, columns, copying)

    async def copy_query(
        self, query: str, sink: Callable[[bytes], Awaitable[object]], *, format_: str, header: bool
    ) -> int:
        """Copy the rows of a query, as text or CSV, to a sink; returns how many.

        What the sink raises comes out as it is, when the server has ended the command.
        """
        text, failures = f"COPY ({query}) TO STDOUT", list[Exception]()

        async def kept(data: bytes | bytearray) -> None:
            # the driver takes the first data after an error of the sink for the end of the
            # command: it must not see any
            if not failures:
                try:
                    await sink(bytes(data))
                except Exception as error:
                    failures.append(error)
                    await self.cancel_running()

        driver, tag = self._require_driver(), ""
        copying = self._guard(
            driver.copy_from_query(query, output=kept, format=format_, header=header or None), text
        )
        try:
            tag = await (self._observed(text, (), copying) if self._log or WATCHES else copying)
        except DatabaseError:
            if not failures:
                raise
        if failures:
            raise failures[0]
        return affected_rows(tag)

    async def cancel_running(self) -> None:
        """Ask the server to end what is running; whoever waits for that gets its error."""
        asked = asyncio.get_running_loop().create_future()
        self._require_driver()._cancel_current_command(asked)
        await asyncio.shield(asked)

    async def _copy(
        self, table: str, columns: Sequence[str], running: Coroutine[Any, Any, str]
    ) -> int:
        text = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        copying = self._guard(running, text)
        try:
            tag = await (self._observed(text, (), copying) if self._log or WATCHES else copying)
        except DatabaseError as error:
            # an error of the client's own making leaves a cancel request under way
            self._pooled.busy = error.__cause__ is None or not is_from_server(error.__cause__)
            raise
        return affected_rows(tag)

    def cursor(
        self, sql: str, arguments: Sequence[object] = (), *, prefetch: int = 500
    ) -> RecordStream:
        """A server-side cursor: an async iterator of lists of records; needs a transaction."""
        return RecordStream(self, sql, arguments, prefetch)

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
        """Begin a transaction."""
        self._first_error = self.outcome = None
        self.joined.clear()
        await self.command(begin_text(isolation, readonly, deferrable))

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
        tag = await self._carry_through(self.command, "COMMIT")
        if tag != "COMMIT":
            raise self._rolled_back_instead()

    async def commit_fetch(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run one statement that is a transaction by itself; certain about its end like COMMIT."""
        return await self._carry_through(self.fetch, sql, arguments)

    async def commit_run(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Like ``commit_fetch``, for a statement that returns no rows."""
        return await self._carry_through(self.run, sql, arguments)

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
        try:
            async with asyncio.timeout(self._pool.cancel_grace if self.interrupted else None):
                await self.command(text)
        except ConnectionLost:
            return
        except TimeoutError:
            self._driver.terminate()

    async def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        await self.command(f"SAVEPOINT {_quoted(name)}")

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since the savepoint."""
        await self.command(f"RELEASE SAVEPOINT {_quoted(name)}")

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done since the savepoint; the transaction is usable again."""
        await self.command(f"ROLLBACK TO SAVEPOINT {_quoted(name)}")
        self._first_error = None

    async def _carry_through(
        self, operation: Callable[..., Coroutine[Any, Any, T]], *arguments: Any
    ) -> T:
        """Wait for an operation that commits, and note in ``outcome`` what became of it."""
        if self._require_driver().is_closed():
            self.outcome = "rolled_back"
            raise ConnectionLost("the connection broke before COMMIT; the server has rolled back")
        self.outcome = "unknown"
        running = operation(*arguments)
        try:
            result = await shielded(on_behalf(running) if WATCHES else running, self._commit_grace)
        except Interrupted as interrupted:
            self._note_outcome(interrupted.task)
            raise interrupted.cancelled from None
        except ConnectionLost as error:
            raise CommitUnknown(
                "the connection broke before COMMIT was answered", sqlstate=error.sqlstate
            ) from error
        except InvalidRequestError:
            self.outcome = None  # in use by another task: not sent
            raise
        except DatabaseError:
            self.outcome = "rolled_back"
            raise
        self.outcome = "rolled_back" if result == "ROLLBACK" else "committed"
        return result

    def _note_outcome(self, task: asyncio.Task[Any]) -> None:
        """The task was cancelled while it committed: tell by the answer, if one came."""
        if not task.done():
            # past the grace: nobody will hear the answer
            task.add_done_callback(_retrieve)
            self._pooled.driver.terminate()
        elif (error := task.exception()) is None:
            self.outcome = "rolled_back" if task.result() == "ROLLBACK" else "committed"
        elif not isinstance(error, ConnectionLost):
            self.outcome = "rolled_back"

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
            check_server(compiled.needs, self._require_driver().get_server_version().major)

    async def execute(self, statement: Statement[Any], parameters: Any = None) -> Result[Any]:
        """Run a statement (``select``, ``insert``, ``sql`` …) and return its rows.

        A mapped class in it yields its columns: objects are the session's business.
        ``parameters`` is a dict, or a list of dicts, of values for an INSERT.
        """
        if parameters is not None:
            statement = _with_parameters(statement, parameters)
        compiled = self._statements.get(statement)
        self.check_features(compiled)
        arguments = compiled.arguments(statement)
        if compiled.kind == "text":
            records, count = await self._fetch_and_count(compiled.sql, arguments)
        elif compiled.returns_rows:
            reads = compiled.kind == "select" and not compiled.writes
            records = await (self.read if reads else self.fetch)(compiled.sql, arguments)
            count = len(records)
        else:
            return Result((), (), await self.run(compiled.sql, arguments))
        return Result(_rows(compiled, statement, records), row_names(compiled, records), count)

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

        running = self._guard(carefully(driver, sql, call), sql, arguments)
        records, tag, _ = await (
            self._observed(sql, arguments, running) if self._log or WATCHES else running
        )
        return records, affected_rows((tag or b"").decode())

    async def scalar(self, statement: Statement[Any]) -> Any:
        """The first value of the first row, or None."""
        return (await self.execute(statement)).scalar()

    async def scalars(self, statement: Statement[Any]) -> Result[Any]:
        """The first value of every row."""
        return (await self.execute(statement)).scalars()

    async def stream(self, statement: Statement[Any], *, prefetch: int = 500) -> RowStream[Any]:
        """Rows one by one through a server-side cursor; needs a transaction."""
        compiled = self._statements.get(statement)
        self.check_features(compiled)
        records = self.cursor(compiled.sql, compiled.arguments(statement), prefetch=prefetch)
        return RowStream(records, lambda found: _rows(compiled, statement, found))

    # ------------------------------------------------------------------------- under the hood

    def _require_driver(self) -> Any:
        if self._driver is None:
            raise _released()
        return self._driver

    async def _run_driver(
        self, method: str, sql: str, arguments: Sequence[object], **options: object
    ) -> Any:
        call = getattr(self._require_driver(), method)
        return await self._guard(call(sql, *arguments, **options), sql, arguments)

    async def _guard(
        self, operation: Coroutine[Any, Any, T], sql: str, arguments: Sequence[object] = ()
    ) -> T:
        """Await the driver: mark the connection busy meanwhile, translate what goes wrong."""
        pooled = self._pooled
        pooled.busy = True
        try:
            result = await operation
        except Exception as error:
            raise self._failed(error, sql, arguments) from error
        pooled.busy = False
        return result

    def _failed(self, error: Exception, sql: str, arguments: Sequence[object]) -> AsyncORMError:
        """What to raise for an error of the driver; notes the state the connection is in.

        A cancellation does not come here: the connection stays busy until the pool cleans it.
        """
        translated = translate(error, statement=sql, arguments=arguments)
        if not isinstance(translated, InvalidRequestError):
            # answered by the server, or not sent; the other is a second task's use meanwhile
            self._pooled.busy = False
        if is_from_server(error) and self._first_error is None:
            self._first_error = translated
        return translated

    async def _observed(
        self, sql: str, arguments: Sequence[object], running: Coroutine[Any, Any, T]
    ) -> T:
        """Run what is told to the watches, and to the log."""
        if WATCHES:
            note_statement(sql)
        return await (self._logged(sql, arguments, running) if self._log else running)

    async def _logged(
        self, sql: str, arguments: Sequence[object], running: Coroutine[Any, Any, T]
    ) -> T:
        started = perf_counter()
        outcome: int | str = "cancelled"
        try:
            result = await running
            outcome = _row_count(result)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            log_statement(sql, len(arguments), perf_counter() - started, outcome)
        return result


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


def affected_rows(tag: str) -> int:
    """The number at the end of a command tag such as ``UPDATE 3``; 0 if it has none."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


def _row_count(result: object) -> int:
    if isinstance(result, tuple):  # rows and tag of raw SQL
        result = result[0]
    if isinstance(result, list):
        return len(result)
    return result if isinstance(result, int) else affected_rows(str(result))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _released() -> InvalidRequestError:
    return InvalidRequestError(
        "the connection was released to the pool",
        hint="use it inside its `async with` block only",
    )


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
