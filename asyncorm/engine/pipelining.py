"""Pipelining: BEGIN and COMMIT in the same message, and round trip, as a statement.

The driver sends one statement at a time, through the transport that its event loop gives it. A
loop that wraps the transport puts BEGIN before, and COMMIT behind, what is written for a
statement: as messages of the extended protocol without a Sync of their own, so that the server
skips COMMIT if the statement fails. The driver drops the answers, which it does not expect.

This rests on how the driver writes and reads, which ``tests/integration/test_pipelining.py``
checks. With a version for which that was not done, BEGIN and COMMIT are sent alone.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import asyncpg

T = TypeVar("T")

#: the versions of the driver that the contract test has passed with
PROVEN = frozenset(("0.30", "0.31", "0.32"))
#: whether connections that are opened from now on send BEGIN and COMMIT along with statements
enabled = ".".join(asyncpg.__version__.split(".")[:2]) in PROVEN

_SYNC = b"S\0\0\0\4"
_PARSE, _BIND, _QUERY = b"PBQ"


@lru_cache(maxsize=64)
def message_of(command: str) -> bytes:
    """Parse, Bind and Execute of a command without parameters, and no Sync.

    They leave the names of the driver's statements alone; a nameless one it parses for every use.
    """
    parse = b"\0" + command.encode() + b"\0\0\0"
    return _message(b"P", parse) + _message(b"B", bytes(8)) + _message(b"E", bytes(5))


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


COMMIT = message_of("COMMIT")


class Pipeline:
    """The transport of a connection; sends what is to go along with the next statement.

    While nothing is, ``write`` is the transport's own.
    """

    __slots__ = (
        "_after",
        "_before",
        "_preparing",
        "_sent_after",
        "_transport",
        "unanswered",
        "write",
    )

    write: Callable[[Any], None]

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._before = self._after = b""
        self._sent_after = self._preparing = False
        #: the last message before a statement went with its preparation, of which the server
        #: does not tell what state it has led to
        self.unanswered = False
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def transport(self) -> Any:
        """The loop's own transport."""
        return self._transport

    def send_before(self, message: bytes) -> None:
        """Send a message before the next statement."""
        self._before, self.write = message, self._write_along

    def sent_before(self) -> bool:
        """Whether that was done; it is not to be done any more."""
        waiting, self._before = self._before, b""
        self._settle()
        return not waiting

    def send_after(self, message: bytes) -> None:
        """Send a message behind the next statement, if the driver has it prepared already."""
        self._after, self._sent_after, self.write = message, False, self._write_along

    def sent_after(self) -> bool:
        """Whether that was done; it is not to be done any more."""
        self._after = b""
        self._settle()
        return self._sent_after

    @property
    def held_back(self) -> bool:
        """Whether the last message to be sent behind a statement was not."""
        return not self._sent_after

    def prepare(self) -> None:
        """Take note that a statement is to be prepared before it is run."""
        self._preparing, self.write = True, self._write_along

    @property
    def preparing(self) -> bool:
        """Whether nothing was run since then."""
        return self._preparing

    def _settle(self) -> None:
        if not (self._before or self._after or self._preparing):
            self.write = self._transport.write

    def _write_along(self, data: Any) -> None:
        parts, kind = [data], data[0]
        if kind in (_BIND, _QUERY):
            self._preparing = False
        if self._after:
            # Bind, Execute and Sync at once: it is prepared, so this is the statement itself. If
            # it has to be prepared first, questions about types may come in between
            if kind == _BIND and bytes(data[-5:]) == _SYNC:
                parts = [data[:-5], self._after, _SYNC]
                self._sent_after = True
            self._after = b""
        if self._before and kind in (_BIND, _PARSE):
            parts.insert(0, self._before)
            self._before, self.unanswered = b"", kind == _PARSE
        self._settle()
        self._transport.write(b"".join(parts) if len(parts) > 1 else data)


class Beginner(Protocol):
    """What is known of a connection that is to begin a transaction."""

    #: the BEGIN that goes along with the next statement; empty while its answer is awaited
    begin: str | None
    driver: Any


async def beginning(pooled: Beginner, statement: Coroutine[Any, Any, T]) -> T:
    """Await a statement of the driver, with the BEGIN of the connection sent before it."""
    begin, driver = pooled.begin, pooled.driver
    pipeline: Pipeline = driver.pipeline
    assert begin
    pipeline.send_before(message_of(begin))
    pooled.begin = ""
    try:
        result = await statement
    except BaseException as error:
        if not pipeline.sent_before():
            pooled.begin = begin  # arguments that do not fit, or a cancellation before anything
        elif isinstance(error, Exception):
            pooled.begin = None
            if pipeline.unanswered and await _taken_back(driver, error):
                pooled.begin = begin
        raise
    if not pipeline.sent_before():
        driver.terminate()
        raise RuntimeError("BEGIN was not sent with a statement: the driver writes in another way")
    pooled.begin = None
    return result


async def _taken_back(driver: Any, error: Exception) -> bool:
    """Let no transaction be open that the driver does not know of.

    A statement was prepared, but not sent, because its arguments do not fit.
    """
    if driver.is_closed() or driver.is_in_transaction():
        return False
    try:
        await driver.execute("ROLLBACK")
    except Exception as another:
        error.add_note(f"the rollback failed too: {another}")
        driver.terminate()
        return False
    return True


async def committing(
    driver: Any, statement: Coroutine[Any, Any, T], note: Callable[[str], None]
) -> T:
    """Await a statement of the driver with COMMIT behind it; notes that, if it was sent."""
    pipeline: Pipeline = driver.pipeline
    pipeline.send_after(COMMIT)
    try:
        result = await statement
    finally:
        sent = pipeline.sent_after()
    if sent:
        note("COMMIT")
    return result


class PipeliningLoop:
    """Stands for the event loop while the driver connects: its transports are pipelines."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)

    async def create_connection(self, factory: Any, *arguments: Any, **options: Any) -> Any:
        """A connection by TCP, or by TLS from its beginning."""
        return await _connected(self.loop.create_connection, factory, arguments, options)

    async def create_unix_connection(self, factory: Any, *arguments: Any, **options: Any) -> Any:
        """A connection by a socket of the file system."""
        return await _connected(self.loop.create_unix_connection, factory, arguments, options)

    async def start_tls(self, transport: Any, *arguments: Any, **options: Any) -> Any:
        """The pipeline of a connection that goes on by TLS; None if it was closed meanwhile."""
        upgraded = await self.loop.start_tls(transport.transport, *arguments, **options)
        return None if upgraded is None else Pipeline(upgraded)


async def _connected(connect: Any, factory: Any, arguments: Any, options: Any) -> Any:
    _, opening = await connect(lambda: _Opening(factory), *arguments, **options)
    return opening.pipeline, opening.protocol


class _Opening(asyncio.Protocol):
    """Takes the place of the driver's protocol until there is a transport to wrap."""

    pipeline: Pipeline

    def __init__(self, factory: Any) -> None:
        self.protocol = factory()

    def connection_made(self, transport: Any) -> None:
        self.pipeline = Pipeline(transport)
        transport.set_protocol(self.protocol)
        self.protocol.connection_made(self.pipeline)
