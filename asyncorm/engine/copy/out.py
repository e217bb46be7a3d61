"""CopyOut: the rows of a query as the bytes of COPY TO, pulled in pieces or written somewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import isawaitable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.compiler.quoting import quote_name
from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.nodes import Statement
from asyncorm.sql.statements.select import select

CopyFormat = Literal["csv", "text"]
Sink = Callable[[bytes], Awaitable[object]]

#: how many pieces wait to be pulled before the server has to wait
_PIECES = 4
_STAGE = 'pg_temp."asyncorm_copy_out"'
_SAVEPOINT = "asyncorm_copy_out"


class Writable(Protocol):
    """A file, open for bytes; ``write`` may be a coroutine function."""

    def write(self, data: bytes, /) -> Any:
        """Take some bytes."""
        ...


#: where the bytes may go: a path, an open file, or a function, which may be a coroutine function
Target = str | os.PathLike[str] | Writable | Callable[[bytes], Any]


class CopyOutConnection(Protocol):
    """What copying out needs of a connection."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether it was lost."""
        ...

    @property
    def statements(self) -> StatementCache:
        """Compiled statements by structure."""
        ...

    async def fetch(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run a statement."""
        ...

    async def command(self, text: str) -> str:
        """Run text without parameters."""
        ...

    async def begin_now(self) -> None:
        """Begin a transaction."""
        ...

    async def commit(self) -> None:
        """Commit it."""
        ...

    async def rollback(self) -> None:
        """Roll it back."""
        ...

    async def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        ...

    async def release_savepoint(self, name: str) -> None:
        """Release it."""
        ...

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after it."""
        ...

    async def cancel_running(self) -> None:
        """Ask the server to end what is running."""
        ...

    async def copy_query(self, query: str, sink: Sink, *, format_: CopyFormat, header: bool) -> int:
        """COPY a query to a sink; how many rows."""
        ...


class CopyQuery:
    """A query to copy, and how its rows are written."""

    def __init__(
        self,
        compiled: CompiledStatement,
        statement: Statement[Any],
        format_: CopyFormat,
        header: bool,
    ) -> None:
        if format_ not in ("csv", "text"):
            raise ArgumentError(f"format can't be {format_!r}", hint='use "csv" or "text"')
        if not isinstance(header, bool):  # the driver would write it into the command
            raise ArgumentError(
                f"header is a bool, not {type(header).__name__}", hint="write header=True"
            )
        if compiled.kind not in ("select", "text"):
            raise ArgumentError(
                f"copy_out() reads, and {compiled.kind} is no query",
                hint="give a mapped class, select(...), or sql('select ...')",
            )
        self._sql = compiled.sql
        self._arguments = compiled.arguments(statement)
        #: the names that the server gives the columns; of raw SQL they are not known
        self._names = [c.name if c.column is None else c.column.name for c in compiled.columns]
        self._format: CopyFormat = format_
        self._header = header

    async def run(self, connection: CopyOutConnection, sink: Sink) -> int:
        """Send all rows to a sink, inside a transaction or a savepoint of its own.

        COPY takes no parameters, and values never stand in a text: a query that has some fills a
        temporary table first.
        """
        inside = connection.in_transaction
        await (connection.savepoint(_SAVEPOINT) if inside else connection.begin_now())
        try:
            count = await self._copy(connection, sink)
            await (connection.release_savepoint(_SAVEPOINT) if inside else connection.commit())
        except Exception:
            if connection.is_closed:
                raise
            if inside:
                await connection.rollback_to_savepoint(_SAVEPOINT)
                await connection.release_savepoint(_SAVEPOINT)
            else:
                await connection.rollback()
            raise
        return count

    async def _copy(self, connection: CopyOutConnection, sink: Sink) -> int:
        query = self._sql
        if self._arguments:
            # two columns of a query may have one name, and of a table not
            named = [(f"c{n}", quote_name(name)) for n, name in enumerate(self._names)]
            columns = f"({', '.join(column for column, _ in named)})" if named else ""
            create = f"CREATE TEMPORARY TABLE {_STAGE} {columns} ON COMMIT DROP AS {query}"
            await connection.fetch(create, self._arguments)
            selected = ", ".join(f"{column} AS {name}" for column, name in named) or "*"
            query = f"SELECT {selected} FROM {_STAGE}"
        count = await connection.copy_query(query, sink, format_=self._format, header=self._header)
        if self._arguments:
            await connection.command(f"DROP TABLE {_STAGE}")
        return count


def copy_query(
    statements: StatementCache, target: Any, format_: CopyFormat, header: bool
) -> CopyQuery:
    """The query of a mapped class or a statement; raises ArgumentError for what is none."""
    statement = target if isinstance(target, Statement) else select(target)
    return CopyQuery(statements.get(statement), statement, format_, header)


#: makes a connection ready and keeps it for the time of a block
Opened = Callable[[], AbstractAsyncContextManager[tuple[CopyOutConnection, CopyQuery]]]


class CopyOut:
    """The rows of a query as bytes: CSV with a line of names, or COPY's text format.

    ``async for piece in session.copy_out(User)`` pulls them; the server waits for whoever pulls,
    and memory is bounded. Who may leave the loop early does so inside of a block, whose end ends
    the COPY: ``async with session.copy_out(User) as pieces: async for piece in pieces: ...``.
    ``await session.copy_out(User).to(path)`` writes them and returns how many rows there were.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._block: AbstractAsyncContextManager[Any] | None = None
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_PIECES)
        self._task: asyncio.Task[int] | None = None
        self._left = False
        #: how many rows there were, when all are read
        self.rowcount: int | None = None

    async def to(self, target: Target) -> int:
        """Write all to a path, an open file or a function; how many rows there were.

        What the file or function raises comes out as it is.
        """
        async with _sink_of(target) as sink, self._opened() as (connection, query):
            self.rowcount = await query.run(connection, sink)
        return self.rowcount

    async def __aenter__(self) -> CopyOut:
        block = self._opened()
        self._connection, self._query = await block.__aenter__()
        self._block = block
        self._task = asyncio.create_task(
            self._query.run(self._connection, self._put), name="asyncorm COPY TO"
        )
        self._task.add_done_callback(lambda _: self._pieces.put_nowait(None))
        return self

    async def _put(self, data: bytes) -> None:
        await self._room.acquire()
        if self._left:
            raise InvalidRequestError("the block was left", hint="nobody reads any more")
        self._pieces.put_nowait(data)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self if self._task is not None else self._all_pieces()

    async def _all_pieces(self) -> AsyncGenerator[bytes]:
        async with self:
            async for piece in self:
                yield piece

    async def __anext__(self) -> bytes:
        task = self._task
        if task is None:
            raise InvalidRequestError(
                "the pieces of a copy_out() are read by a loop, or one by one inside of a block",
                hint="async for piece in session.copy_out(...), or async with it before anext()",
            )
        if self.rowcount is not None:
            raise StopAsyncIteration
        piece = await self._pieces.get()
        if piece is None:
            self.rowcount = await task  # raises what has gone wrong
            raise StopAsyncIteration
        self._room.release()
        return piece

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task, block, self._task = self._task, self._block, None
        assert task is not None
        assert block is not None
        try:
            if error is not None and not isinstance(error, Exception | GeneratorExit):
                task.cancel()  # a cancelled task waits for nothing: the pool cleans the connection
            elif not task.done():
                self._left = True
                self._room.release()
                if not self._connection.is_closed:
                    await self._connection.cancel_running()
                await asyncio.wait([task])
        finally:
            if task.done() and not task.cancelled():
                task.exception()  # told before, or of an end that was wanted
            if isinstance(error, GeneratorExit):  # of a loop that was left: nothing has failed
                kind = error = trace = None
            await block.__aexit__(kind, error, trace)


@asynccontextmanager
async def _sink_of(target: Target) -> AsyncGenerator[Sink]:
    """What takes the bytes; a file that is opened here is closed here."""
    if isinstance(target, str | os.PathLike):
        file = await asyncio.to_thread(Path(target).open, "wb")
        try:
            yield _threaded(file.write)
        finally:
            await asyncio.to_thread(file.close)
        return
    write = getattr(target, "write", target)
    if not callable(write):
        raise ArgumentError(
            f"a {type(target).__name__} takes no bytes",
            hint="give a path, a file that is open for bytes, or a function",
        )

    async def sink(data: bytes) -> None:
        written = write(data)
        if isawaitable(written):
            await written

    yield sink


def _threaded(write: Callable[[bytes], Any]) -> Sink:
    return lambda data: asyncio.to_thread(write, data)
