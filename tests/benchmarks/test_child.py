"""The processes of a run: a proxy, which needs no library, and a worker that ends too early."""

from __future__ import annotations

import asyncio
import time

import pytest

from benchmarks.child import Child, Gone


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


async def test_the_proxy_holds_back_and_keeps_the_order() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = await Child.start("benchmarks.proxy", "127.0.0.1", str(port), "--delay", "20")
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", (await proxy.ask("port"))["port"]
        )
        sent = [f"{number:04}".encode() for number in range(500)]
        start = time.monotonic()
        for chunk in sent:
            writer.write(chunk)
            await asyncio.sleep(0)
        received = await reader.readexactly(2_000)
        waited = time.monotonic() - start
        assert received == b"".join(sent)
        assert waited >= 0.04  # a bound from below only: both ways wait
        writer.close()
        assert await reader.read() == b""
    finally:
        await proxy.stop()
        server.close()


async def test_a_process_that_ends_says_why() -> None:
    child = await Child.start("benchmarks.proxy", "127.0.0.1", "none")
    with pytest.raises(Gone, match="invalid int value: 'none'"):
        await child.ask("port")
