"""A server that lies (#33, #34): an error within bounds of time and memory, no crash."""

from __future__ import annotations

import asyncio
import struct
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from asyncorm import AsyncORMError, create_engine


def message(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    """A message of the protocol; with the length it claims to have."""
    return kind + struct.pack("!i", len(body) + 4 if length is None else length) + body


READY = message(b"Z", b"I")
WELCOME = (
    message(b"R", struct.pack("!i", 0))
    + message(b"S", b"server_version\018.0\0")
    + message(b"S", b"client_encoding\0UTF8\0")
    + message(b"K", struct.pack("!ii", 1, 1))
    + READY
)
#: what it answers to the first thing it is asked
LIES = {
    "negative length": message(b"T", b"", -5),
    "length shorter than itself": message(b"T", b"", 2),
    "huge length": message(b"D", b"x" * 100, 2**31 - 1),
    "unknown message": message(b"\xfe", b"x"),
    "row without a description": message(b"D", struct.pack("!hi", 1, 1) + b"x"),
    "row of other columns": message(b"1", b"") + message(b"D", struct.pack("!h", 30_000)),
    "negative columns": message(b"T", struct.pack("!h", -3)),
    "negative value": message(b"1", b"") + message(b"D", struct.pack("!hi", 1, -77)),
    "cut off": message(b"T", b"\0")[:3],
    "nothing": b"",
    "error without an end": message(b"E", b"SERROR\0Mtext"),
    "notices": message(b"N", b"SNOTICE\0C00000\0Mtext\0\0") * 20_000,
    "another authentication": message(b"R", struct.pack("!i", 3)),
}


@asynccontextmanager
async def lying(answer: bytes) -> AsyncIterator[str]:
    """A server that lets anybody in and then tells one lie, and the URL that leads to it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = struct.unpack("!i", await reader.readexactly(4))[0]
            await reader.readexactly(size - 4)
            writer.write(WELCOME)
            await reader.read(1)
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(0.05)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://nobody@127.0.0.1:{port}/x?sslmode=disable"


@pytest.mark.parametrize("lie", LIES)
async def test_34_a_lie_is_an_error(lie: str) -> None:
    tracemalloc.start()
    try:
        async with lying(LIES[lie]) as url:
            async with create_engine(url, connect_timeout=0.4, pool_timeout=0.4) as engine:
                async with asyncio.timeout(10):
                    with pytest.raises(AsyncORMError):
                        async with engine.connect() as connection:
                            await connection.fetch("select 1")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
