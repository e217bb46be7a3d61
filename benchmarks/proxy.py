"""``python -m benchmarks.proxy host port``: between the libraries and the server.

It holds every chunk back for some time in each direction, as a distant server would, or counts
round trips. The bandwidth is not limited: a chunk waits from its own arrival on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import struct
import sys
from collections import deque

from benchmarks.trips import GSS_REQUEST, SSL_REQUEST, Trips


class Delayed:
    """One direction of a connection: passes chunks on in order, each when its time has come."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        #: where the chunks go, once that is connected
        self._target: asyncio.Transport | None = None

    def lead_to(self, target: asyncio.Transport) -> None:
        """Pass on to this transport from now on."""
        self._target = target
        self._pass_on()

    def put(self, chunk: bytes | None) -> None:
        """A chunk has arrived; None is the end of the stream."""
        self._waiting.append((self._loop.time() + self._seconds, chunk))
        if self._timer is None:
            self._pass_on()

    def _pass_on(self) -> None:
        self._timer = None
        if self._target is None:
            return
        while self._waiting and self._waiting[0][0] <= self._loop.time():
            chunk = self._waiting.popleft()[1]
            if chunk is None:
                self._target.close()
            else:
                self._target.write(chunk)
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0][0], self._pass_on)


class Side(asyncio.Protocol):
    """What the server sends."""

    def __init__(self, back: Delayed, trips: Trips | None) -> None:
        self._back = back
        self._trips = trips

    def data_received(self, data: bytes) -> None:
        if self._trips is not None:
            self._trips.server_sends(data)
        self._back.put(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._back.put(None)


class Link(asyncio.Protocol):
    """One connection of a client, and the one to the server that it is given."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._there = Delayed(proxy.seconds)
        self._back = Delayed(proxy.seconds)
        self._trips = Trips() if proxy.counting else None
        self._opening = b""
        self._opened = False
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._client = transport
        self._back.lead_to(transport)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())
        if self._trips is not None:
            self._proxy.trips.append(self._trips)

    async def _connect(self) -> None:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: Side(self._back, self._trips), *self._proxy.target
            )
        except OSError:
            self._client.abort()
            return
        self._there.lead_to(transport)

    def data_received(self, data: bytes) -> None:
        if self._trips is None:
            self._there.put(data)
        elif self._opened:
            self._trips.client_sends(data)
            self._there.put(data)
        else:
            self._open(data)

    def _open(self, data: bytes) -> None:
        """The first packets have no kind; encryption is declined, or nothing could be read."""
        self._opening += data
        while len(self._opening) >= 8:
            size, code = struct.unpack_from("!II", self._opening)
            if len(self._opening) < size:
                return
            packet, self._opening = self._opening[:size], self._opening[size:]
            if code in (SSL_REQUEST, GSS_REQUEST):
                self._client.write(b"N")
                continue
            self._opened = True
            self._there.put(packet)
            if self._opening:
                self.data_received(self._opening)
            return

    def connection_lost(self, exc: Exception | None) -> None:
        self._there.put(None)


class Proxy:
    """Listens on a free port of the loopback interface."""

    def __init__(self, host: str, port: int, milliseconds: float, *, counting: bool) -> None:
        self.target = (host, port)
        self.seconds = milliseconds / 1000
        self.counting = counting
        self.trips: list[Trips] = []

    async def listen(self) -> int:
        """Begin, and return the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Link(self), "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def answer(self, do: str) -> dict[str, int]:
        """The counts over all connections so far."""
        if do != "count":
            raise ValueError(f"no such command: {do}")
        return {
            "round_trips": sum(trips.round_trips for trips in self.trips),
            "statements": sum(trips.statements for trips in self.trips),
        }


async def serve(options: argparse.Namespace) -> None:
    """Tell the port at the first command, then counts, until stdin ends."""
    proxy = Proxy(options.host, options.port, options.delay, counting=options.count)
    port = await proxy.listen()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        do = json.loads(line)["do"]
        print(json.dumps({"port": port} if do == "port" else proxy.answer(do)), flush=True)


def main() -> None:
    """Run until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--delay", type=float, default=0, help="milliseconds each way")
    parser.add_argument("--count", action="store_true", help="read the protocol and count")
    # select() waits for microseconds; what loops take by default rounds up to a millisecond
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
