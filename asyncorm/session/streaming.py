"""ResultStream: the rows of a statement through a server-side cursor, entities included."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from asyncorm.engine.stream import RecordStream
from asyncorm.errors import InvalidRequestError
from asyncorm.loading.execution import Execution
from asyncorm.loading.existing import Existing, Seen
from asyncorm.loading.pipeline import announce, make_rows
from asyncorm.loading.plan import LoadPlan
from asyncorm.loading.raw import load_text
from asyncorm.session.core import SessionCore
from asyncorm.session.executing import existing_policy
from asyncorm.session.guard import TaskGuard
from asyncorm.sql.statements.raw import Text
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notices

R = TypeVar("R")


async def open_stream(
    core: SessionCore, guard: TaskGuard, statement: Any, prefetch: int
) -> ResultStream[Any]:
    """Open a cursor for a statement; a transaction is begun for it."""
    core.transaction.check()
    if HEARD:
        statement = await announce(core.unit, Execution(statement))
    await core.autoflush()
    plan = core.context.plan(statement, in_pieces=True)
    if plan.repeats:
        raise _comes_in_pieces(plan)
    connection = await core.write_connection()
    compiled = plan.compiled
    connection.check_features(compiled)
    records = connection.cursor(compiled.sql, compiled.arguments(statement), prefetch=prefetch)
    return ResultStream(core, guard, statement, plan, records)


def _comes_in_pieces(plan: LoadPlan) -> InvalidRequestError:
    edge = next(a.edge for a in plan.attachments if a.is_collection)
    return InvalidRequestError(
        f"{edge.relationship} can't be streamed by a join: a collection would come in pieces",
        hint=f"use selectinload({edge.relationship}) or nestedload({edge.relationship})",
    )


class ResultStream(Generic[R]):
    """Async iterator of rows in bounded memory; ends with the transaction it was opened in.

    ``async for row in stream``, or ``async for rows in stream.partitions(1000)``. A stream that
    is left early keeps its cursor open until the transaction ends, unless it is closed:
    ``async with await session.stream(statement) as rows``, or ``await rows.aclose()``.
    """

    def __init__(
        self,
        core: SessionCore,
        guard: TaskGuard,
        statement: Any,
        plan: LoadPlan,
        records: RecordStream,
    ) -> None:
        self._core = core
        self._guard = guard
        self._statement = statement
        self._plan = plan
        self._records = records
        self._unit = core.unit
        self._transaction = core.transaction
        self._scope = core.unit.scope
        self._connection = core.transaction.connection
        self._rows: list[Any] = []
        self._next = 0
        self._first_only = False
        #: what lists before have overwritten already, for as long as somebody holds it
        self._overwritten: Seen = WeakKeyDictionary()
        self._closed = False

    def scalars(self) -> ResultStream[Any]:
        """The same stream, giving the first value of every row."""
        self._first_only = True
        return self

    def __aiter__(self) -> AsyncIterator[R]:
        return self

    async def __anext__(self) -> R:
        # also for rows that are here already: their objects may have been let go. What _check()
        # would find is looked for here, which takes 0.1 µs a row instead of 0.3
        transaction, unit = self._transaction, self._unit
        if (
            self._closed
            or unit.scope is not self._scope
            or not unit.levels
            or transaction.connection is not self._connection
            or transaction.failure is not None
            or transaction.interrupted_block is not None
        ):
            self._check()
        place = self._next
        if place == len(self._rows):
            await self._go_on()
            place = 0
        self._next = place + 1
        row: R = self._rows[place]
        return row

    async def _go_on(self) -> None:
        """Have the next rows; StopAsyncIteration after the last."""
        self._rows, self._next = [], 0  # two lists at once would be twice the memory
        while not self._rows:
            self._check()
            self._rows = await self._fetch()

    async def partitions(self, size: int | None = None) -> AsyncIterator[list[R]]:
        """The rows in lists of ``size``, or as they come from the server."""
        if size is not None and size < 1:
            raise InvalidRequestError(
                f"a partition of {size} rows makes no sense", hint="give 1 or more"
            )
        part: list[R] = []
        while True:
            self._check()
            if self._next == len(self._rows):
                try:
                    await self._go_on()
                except StopAsyncIteration:
                    break
            end = len(self._rows) if size is None else self._next + size - len(part)
            part += self._rows[self._next : end]
            self._next = min(end, len(self._rows))
            if size is None or len(part) == size:
                yield part
                part = []
        if part:
            yield part

    async def aclose(self) -> None:
        """Close the cursor now, before the end of the rows or of the transaction."""
        if self._closed:
            return
        self._closed, self._rows, self._next = True, [], 0
        transaction = self._core.transaction
        # with the transaction the cursor has gone as well, or goes as soon as it is rolled back
        if transaction.connection is self._connection and transaction.usable:
            with self._guard("stream"):
                await self._records.aclose()

    async def __aenter__(self) -> ResultStream[R]:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, Exception):
            await self.aclose()
        self._closed = True  # a cancelled task waits for nothing

    async def _fetch(self) -> list[Any]:
        with self._guard("stream"):
            self._check()
            records = await anext(self._records)
            if isinstance(self._statement, Text):
                unit = self._core.unit
                rows, names = load_text(self._statement, self._plan.compiled, records, unit)
                if unit.notices:
                    await Notices(unit)
            else:
                existing = existing_policy(self._statement)
                loaded = await make_rows(
                    self._statement,
                    self._plan,
                    records,
                    self._core.own_context,
                    existing,
                    self._overwritten if existing is Existing.OVERWRITE else None,
                )
                rows, names = loaded.rows, self._plan.names
            several = bool(rows) and self._first_only and len(names) > 1
            return [row[0] for row in rows] if several else rows

    def _check(self) -> None:
        if self._closed:
            raise InvalidRequestError(
                "the stream was closed", hint="read all that is needed before aclose()"
            )
        self._core.transaction.check()
        if self._core.unit.scope is not self._scope:
            raise InvalidRequestError(
                "the stream can't go on: the session's objects were expunged meanwhile",
                hint="read the stream to its end before clear(), expunge_all() or close()",
            )
        if self._core.transaction.connection is not self._connection:
            raise InvalidRequestError(
                "the stream was closed by the end of the transaction it was opened in",
                hint="read the stream to its end before commit() or rollback()",
            )
