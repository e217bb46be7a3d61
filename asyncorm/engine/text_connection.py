"""TextConnection: a connection of the pool while somebody holds it, and text sent over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from time import perf_counter
from typing import Any, TypeVar

from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.quoting import quote_qualified
from asyncorm.engine.careful import CarefulRecord, carefully, is_unreadable
from asyncorm.engine.codecs import has_iso_dates
from asyncorm.engine.command_tag import affected_rows, copy_text_of, row_count
from asyncorm.engine.error_translation import is_from_server, is_unsent, translate
from asyncorm.engine.pipelining import beginning
from asyncorm.engine.pool import Pool, Pooled
from asyncorm.engine.query_watch import WATCHES, note_statement
from asyncorm.engine.repeat_limit import RepeatLimit
from asyncorm.engine.sql_log import log_statement
from asyncorm.engine.stream import RecordStream
from asyncorm.engine.transaction import Outcome
from asyncorm.errors import (
    AsyncORMError,
    DatabaseError,
    DataError,
    InvalidRequestError,
)

T = TypeVar("T")

_TAKES_COPY = (
    "SELECT relkind <> 'v' AND NOT row_security_active(oid) FROM pg_class "
    "WHERE oid = to_regclass($1)"
)


class TextConnection:
    """Sends SQL text; what the session and the statements of a connection are built on.

    Records are rows of the driver, by position and by name.
    """

    __slots__ = (
        "_commit_grace",
        "_driver",
        "_first_error",
        "_log",
        "_pool",
        "_pooled",
        "_statements",
        "cancelled",
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
        #: a cancellation that came while the commit was under way: whoever commits delivers it
        self.cancelled: asyncio.CancelledError | None = None
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
        """Whether the server said so in its last answer, or BEGIN goes with the next statement."""
        driver, begin = self._driver, self._pooled.begin
        if driver is None or driver.is_closed():
            return False
        if begin is None:
            return bool(driver.is_in_transaction())
        return bool(begin) or self._pooled.busy or bool(driver.is_in_transaction())

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

    @property
    def server_version(self) -> int:
        """The major version of the server."""
        return int(self._require_driver().get_server_version().major)

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
        """Run a statement and return its records."""
        pooled = self._pooled
        if self._log or WATCHES or pooled.begin:
            return await self._observed(sql, arguments, self._fetch(sql, arguments))
        # the hot path, kept flat: one attribute set before, one after the driver's own work
        if self._driver is None:
            raise _released()
        if (self._pool.learned or pooled.needs_reset) and self._needs_care(sql):
            return await self._fetch_carefully(sql, arguments)
        pooled.busy = True
        try:
            records: list[Any] = await self._driver.fetch(sql, *arguments)
        except Exception as error:
            raise self._failed(error, sql, arguments) from error
        pooled.busy = False
        return records

    async def _fetch(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        driver = self._require_driver()
        if self._needs_care(sql):
            return await self._fetch_carefully(sql, arguments)
        records: list[Any] = await self._send(driver.fetch(sql, *arguments), sql, arguments)
        return records

    def _needs_care(self, sql: str) -> bool:
        """Whether rows may hold dates and times that the codecs of the connection can't read."""
        if sql in self._pool.learned:
            return True
        # user SQL may have set another datestyle, and not all statements can be sent twice
        if not self._pooled.needs_reset or self._driver.is_closed():
            return False
        return not has_iso_dates(self._driver)

    async def read(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run a statement that only reads: asked again where its rows hold what the driver can't
        read, such as dates before year 1."""
        try:
            return await self.fetch(sql, arguments)
        except DataError as error:
            if error.__cause__ is None or not is_unreadable(error.__cause__):
                raise
        return await self.fetch(sql, arguments)  # it is learned

    # what only chooses a coroutine is none itself: each one costs 0.5 µs

    def fetch_carefully(
        self, sql: str, arguments: Sequence[object] = ()
    ) -> Coroutine[Any, Any, list[Any]]:
        """The same for a statement that can't be run twice; slower for dates and times."""
        running = self._fetch_carefully(sql, arguments)
        return self._observed(sql, arguments, running) if self._log or WATCHES else running

    async def _fetch_carefully(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        driver = self._require_driver()

        def call() -> Any:
            return driver.fetch(sql, *arguments, record_class=CarefulRecord)

        records: list[Any] = await self._send(carefully(driver, sql, call), sql, arguments)
        return records

    def run(self, sql: str, arguments: Sequence[object] = ()) -> Coroutine[Any, Any, int]:
        """Run a statement and return how many rows it affected."""
        running = self._run(sql, arguments)
        return self._observed(sql, arguments, running) if self._log or WATCHES else running

    async def _run(self, sql: str, arguments: Sequence[object]) -> int:
        # the driver's execute() would send a text without arguments by the simple protocol, which
        # takes several commands
        driver = self._require_driver()
        running = driver._execute(sql, arguments, 0, None, return_status=True)
        _, tag, _ = await self._send(running, sql, arguments)
        return affected_rows((tag or b"").decode())

    async def command(self, text: str) -> str:
        """Run text without parameters by the simple protocol; returns the last command tag."""
        if self._pooled.begin:
            await self.send_begin()
        running = self._guard(self._require_driver().execute(text), text)
        tag: str = await (self._observed(text, (), running) if self._log or WATCHES else running)
        return tag

    async def takes_copy(self, table: str, schema: str | None) -> bool:
        """Whether COPY can write to a table or view.

        It writes to no view, and to no table whose row security concerns the present role.
        """
        found = await self.fetch(_TAKES_COPY, [quote_qualified(schema, table)])
        return not found or bool(found[0][0])  # of a table that is missing COPY itself will tell

    async def copy_records(
        self,
        table: str,
        columns: Sequence[str],
        records: Iterable[Sequence[object]],
        *,
        schema: str | None = None,
    ) -> int:
        """Copy records into a table by COPY; returns how many."""
        await self.send_begin()
        text, driver = copy_text_of(table, columns), self._require_driver()
        copying = driver.copy_records_to_table(
            table, schema_name=schema, columns=list(columns), records=records
        )
        return await self._copy(text, copying)

    async def copy_text(
        self,
        table: str,
        columns: Sequence[str],
        source: AsyncIterator[bytes],
        *,
        schema: str | None = None,
    ) -> int:
        """Copy rows in COPY's text format into a table; returns how many."""
        await self.send_begin()
        text, driver = copy_text_of(table, columns), self._require_driver()
        copying = driver.copy_to_table(
            table, schema_name=schema, columns=list(columns), source=source, format="text"
        )
        return await self._copy(text, copying)

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

        await self.send_begin()
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

    async def _copy(self, text: str, running: Coroutine[Any, Any, str]) -> int:
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

    # ------------------------------------------------------------------------- under the hood

    def _require_driver(self) -> Any:
        if self._driver is None:
            raise _released()
        return self._driver

    def _send(
        self, operation: Coroutine[Any, Any, T], sql: str, arguments: Sequence[object]
    ) -> Coroutine[Any, Any, T]:
        """Await a prepared statement of the driver; a BEGIN that waits for one goes with it."""
        if self._pooled.begin:
            operation = beginning(self._pooled, operation)
        return self._guard(operation, sql, arguments)

    async def send_begin(self) -> None:
        """Send the BEGIN that waits for a statement, for what it can't go along with."""
        begin, self._pooled.begin = self._pooled.begin, None
        if begin:
            await self.command(begin)

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
        if is_unreadable(error):
            self._pool.learned.add(sql)
        translated = translate(error, statement=sql, arguments=arguments)
        if not isinstance(translated, InvalidRequestError):
            # answered by the server, or not sent; the other is a second task's use meanwhile
            self._pooled.busy = False
        if is_unsent(error):
            self._pooled.driver.terminate()  # also for who rolls back, which COPY would hold up
        elif not is_from_server(error):
            # arguments that do not fit: the driver prepares a statement without a Sync, and leaves
            # it to the next one to end the transaction of its own that has begun with that
            self._pooled.unsynced = True
        elif self._first_error is None:
            self._first_error = translated
        return translated

    async def _observed(
        self, sql: str, arguments: Sequence[object], running: Coroutine[Any, Any, T]
    ) -> T:
        """Run what is told to the watches, and to the log."""
        if self._pooled.begin:
            self._note_control(self._pooled.begin)
        if WATCHES:
            note_statement(sql)
        return await (self._logged(sql, arguments, running) if self._log else running)

    def _note_control(self, text: str) -> None:
        """Tell the watches and the log of a BEGIN or COMMIT that goes with a statement."""
        if WATCHES:
            note_statement(text)
        if self._log:
            log_statement(text, 0, 0.0, "sent along")

    async def _logged(
        self, sql: str, arguments: Sequence[object], running: Coroutine[Any, Any, T]
    ) -> T:
        started = perf_counter()
        outcome: int | str = "cancelled"
        try:
            result = await running
            outcome = row_count(result)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            log_statement(sql, len(arguments), perf_counter() - started, outcome)
        return result


def _released() -> InvalidRequestError:
    return InvalidRequestError(
        "the connection was released to the pool",
        hint="use it inside its `async with` block only",
    )
