"""CopySource: rows from anywhere, in batches, as the bytes that COPY takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from inspect import isawaitable
from itertools import islice
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.mapping.copied_rows import CopiedRows
from asyncorm.mapping.mapper import Mapper
from asyncorm.types.copy_text import TextWriter

#: after so many rows a COPY is ended and another one begun: the server tells only at its end
#: what it has refused, and a source may have no end
ROWS_OF_A_COMMAND = 100_000

#: told of how many rows were sent
Progress = Callable[[int], Awaitable[object] | object]
#: refuses objects that can't be copied; gets a batch and the number of its first row
Check = Callable[[CopiedRows, Sequence[Any], int], None]


class CopySource:
    """Reads rows in batches; as an iterator it gives the bytes of one COPY command.

    What goes wrong in here must not reach the driver, which would have to cancel the command: the
    server gets a row that it refuses, and ``failure`` is what to raise.
    """

    def __init__(
        self,
        mapper: Mapper,
        source: Any,
        *,
        columns: Iterable[Any] | None,
        batch_size: int,
        progress: Progress | None,
        validate: bool,
        check: Check,
    ) -> None:
        self._mapper = mapper
        self._columns = None if columns is None else list(columns)
        self._progress = progress
        self._validate = validate
        self._check = check
        self.source = source
        self._batches = _batches(source, batch_size)
        self._batch: list[Any] = []
        #: the rows of the batch that was handed over last
        self._under_way = 0
        #: the rows that were handed over
        self.sent = 0
        self._end = 0
        #: whether a command was sent, which an error then has made the server refuse
        self.has_begun = False
        self.failure: Exception | None = None

    async def open(self) -> bool:
        """Read the first rows, which tell the columns; whether there are any."""
        await self._read()
        if not self._batch:
            return False
        columns = None if self._validate else self._columns  # instances have all that is set
        self.rows = CopiedRows(self._mapper, self._batch[0], columns)
        types = [column._type for column in self.rows.columns]
        self._writer = TextWriter(self.rows.labels, types)
        # the first batch is written before anything is sent: most mistakes are in all rows
        self._ready: bytes | None = self._written()
        return True

    def begin(self, is_lost: Callable[[], bool]) -> bool:
        """Begin another command, if there are rows left; they end when the connection is lost."""
        self._is_lost = is_lost
        self._end = self.sent + ROWS_OF_A_COMMAND
        self.has_begun = True
        return bool(self._batch)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.failure is not None:
            raise StopAsyncIteration
        try:
            if self._under_way:
                await self._note_sent()
                # the driver writes on to a connection that is lost, and rows that wait for nothing
                # would never let it, or anybody else, know
                await asyncio.sleep(0)
                if self._is_lost():
                    raise StopAsyncIteration
            if not self._batch or self.sent >= self._end:
                raise StopAsyncIteration
            data, self._ready = self._ready or self._written(), None
        except StopAsyncIteration:
            raise
        except Exception as error:
            self.failure = error
            return self._writer.bad_row
        self._under_way = len(self._batch)
        return data

    async def aclose(self) -> None:
        """Let an asynchronous generator end, if it was not read to its end."""
        close = getattr(self.source, "aclose", None)
        if close is not None and isinstance(self.source, AsyncIterable):
            await close()

    async def _note_sent(self) -> None:
        self.sent += self._under_way
        self._under_way = 0
        if self._progress is not None:
            told = self._progress(self.sent)
            if isawaitable(told):
                await told
        await self._read()

    async def _read(self) -> None:
        self._batch = await anext(self._batches, [])
        if self._validate and self._batch:
            self._batch = self._validated(self._batch)

    def _written(self) -> bytes:
        first = self.sent + 1
        if self.rows.are_instances:
            self._check(self.rows, self._batch, first)
        return self._writer.write(self.rows.values(self._batch, first), first)

    def _validated(self, rows: list[Any]) -> list[Any]:
        """Objects made of the rows, as the model's validators want them."""
        made: list[Any] = []
        for number, row in enumerate(rows, self.sent + 1):
            if isinstance(row, self._mapper.entity):
                made.append(row)
                continue
            values = CopiedRows.values_of(row, self._columns, number)
            try:
                made.append(self._mapper.entity(**values))
            except Exception as error:
                error.add_note(f"row {number} for {self._mapper.name}")
                raise
        return made


async def _batches(source: Any, size: int) -> AsyncIterator[list[Any]]:
    """Lists of at most ``size`` rows."""
    if isinstance(source, AsyncIterable):
        batch: list[Any] = []
        async for row in source:
            batch.append(row)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
        return
    rows = iter(source)
    while batch := list(islice(rows, size)):
        yield batch


def check_source(mapper: Mapper, source: Any, batch_size: int) -> None:
    """Refuse what can't be a source of rows."""
    is_rows = isinstance(source, Iterable | AsyncIterable)
    if not is_rows or isinstance(source, str | bytes | dict | mapper.entity):
        raise ArgumentError(
            f"the rows for {mapper.name} are given as a {type(source).__name__}",
            hint="give a list, an iterator or an async iterator of rows",
        )
    if batch_size < 1:
        raise ArgumentError(f"batches of {batch_size} rows make no sense", hint="give 1 or more")
