"""Results in bounded memory: lists of records from a server-side cursor, and rows made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from asyncorm.engine.careful import CarefulRecord, carefully
from asyncorm.engine.query_watch import WATCHES, note_statement
from asyncorm.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Coroutine

R = TypeVar("R")


class CursorSource(Protocol):
    """What a stream needs of a connection."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether a cancelled operation may still be under way."""
        ...

    async def send_begin(self) -> None:
        """Send the BEGIN that waits for a statement."""

    def _require_driver(self) -> Any: ...

    async def _guard(
        self, operation: Coroutine[Any, Any, R], sql: str, arguments: Sequence[object] = ()
    ) -> R: ...


class RecordStream:
    """Async iterator of lists of at most ``prefetch`` records; ends with the transaction.

    The cursor is closed with the last record, or by ``aclose``; else by the transaction's end.
    """

    def __init__(
        self, connection: CursorSource, sql: str, arguments: Sequence[object], prefetch: int
    ) -> None:
        if type(prefetch) is not int or not 0 < prefetch < 2**31:
            raise InvalidRequestError(
                "prefetch is no number of rows", hint="give the rows of one fetch, 1 or more"
            )
        self._connection = connection
        self._sql = sql
        self._arguments = arguments
        self._prefetch = prefetch
        self._cursor: Any = None
        self._finished = False

    def __aiter__(self) -> AsyncIterator[list[Any]]:
        return self

    async def __anext__(self) -> list[Any]:
        if self._finished:
            raise StopAsyncIteration
        if self._cursor is None:
            self._cursor = await self._open()
        records: list[Any] = await self._guard(self._cursor.fetch(self._prefetch))
        if len(records) < self._prefetch:
            await self.aclose()
        if not records:
            raise StopAsyncIteration
        return records

    async def aclose(self) -> None:
        """Close the cursor, if its transaction goes on; there are no more records."""
        self._finished = True
        cursor, self._cursor = self._cursor, None
        connection = self._connection
        if cursor is not None and connection.in_transaction and not connection.interrupted:
            await self._guard(cursor._close_portal(None))

    async def _open(self) -> Any:
        connection = self._connection
        driver = connection._require_driver()
        if not connection.in_transaction:
            raise InvalidRequestError(
                "a stream needs a transaction",
                hint="use engine.begin(), or stream through a session",
            )
        await connection.send_begin()
        if WATCHES:
            note_statement(self._sql)

        async def opened() -> Any:
            return await driver.cursor(self._sql, *self._arguments, record_class=CarefulRecord)

        # what is read of a cursor can't be read again
        return await self._guard(carefully(driver, self._sql, opened))

    async def _guard(self, operation: Coroutine[Any, Any, R]) -> R:
        return await self._connection._guard(operation, self._sql, self._arguments)


class RowStream(Generic[R]):
    """Async iterator of rows; ``partitions()`` gives them in lists."""

    def __init__(self, records: RecordStream, convert: Callable[[list[Any]], list[R]]) -> None:
        self._records = records
        self._convert = convert
        self._rows: list[R] = []
        self._next = 0

    def __aiter__(self) -> AsyncIterator[R]:
        return self

    async def __anext__(self) -> R:
        if self._next == len(self._rows):
            self._rows, self._next = self._convert(await anext(self._records)), 0
        row = self._rows[self._next]
        self._next += 1
        return row

    async def partitions(self) -> AsyncIterator[list[R]]:
        """The rows in lists as they come from the server."""
        rest = self._rows[self._next :]
        self._rows, self._next = [], 0
        if rest:
            yield rest
        async for records in self._records:
            yield self._convert(records)

    async def aclose(self) -> None:
        """Close the cursor now, before the end of the rows or of the transaction."""
        self._rows, self._next = [], 0
        await self._records.aclose()
