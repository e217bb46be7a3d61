"""A proxy in front of PostgreSQL that makes one fault, at the n-th message of either side.

    async with FaultyWire(database_url) as wire:
        engine = create_engine(wire.url)
        ...
        fault = wire.arm(Fault("client", 3, "cut"))
        ...
        assert fault.struck

So that every place of a unit of work can be tried, and the first number that is not reached ends
the search. It takes note of whether the client has written what commits, wherever the fault was.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Literal

from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.url import parse_url
from tests.support.wire import sql_of, url_through

Side = Literal["client", "server"]
#: an RST to both sides; silence on this connection; a call, after which the message goes on
Kind = Literal["cut", "stall", "call"]


@dataclass
class Fault:
    """What happens instead of the n-th message of a side, counted from 1."""

    side: Side
    number: int
    kind: Kind
    struck: bool = False


class FaultyWire:
    """Listens on a loopback port and passes everything on to the server of a database URL."""

    def __init__(self, database_url: str) -> None:
        settings = parse_url(database_url)
        self.settings = start_embedded(settings) if settings.embedded is not None else settings
        self.links: set[Link] = set()
        #: the server processes of all connections
        self.pids: set[int] = set()
        #: whether the client has written COMMIT, or what commits by itself, since ``arm``
        self.wrote_commit = False
        #: what a fault of the kind "call" does, given the server process
        self.call: Callable[[int], asyncio.Future[object]] | None = None
        self.fault: Fault | None = None
        #: is called when the fault strikes
        self.told: Callable[[], None] = lambda: None
        self.passed: dict[Side, int] = {"client": 0, "server": 0}

    @property
    def url(self) -> str:
        """A database URL that leads through the proxy."""
        return url_through(self.settings, self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> FaultyWire:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(Link, self), "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for link in list(self.links):
            link.abort()
        await asyncio.sleep(0)

    def arm(self, fault: Fault) -> Fault:
        """Make a fault from now on; counting begins."""
        self.fault, self.wrote_commit = fault, False
        self.passed = {"client": 0, "server": 0}
        return fault

    def heal(self) -> None:
        """No fault any more; what was held up arrives late, also what a client has left behind."""
        self.fault = None
        for link in list(self.links):
            link.go_on()

    def strikes(self, side: Side) -> Fault | None:
        """The fault, if this message of a side is its place."""
        self.passed[side] += 1
        fault = self.fault
        if fault is None or fault.struck or (side, self.passed[side]) != (fault.side, fault.number):
            return None
        fault.struck = True
        self.told()
        return fault


class Link(asyncio.Protocol):
    """One connection of a client through the proxy."""

    def __init__(self, wire: FaultyWire) -> None:
        self._wire = wire
        self._transports: dict[Side, asyncio.Transport] = {}
        self._unread: dict[Side, bytes] = {"client": b"", "server": b""}
        #: whole messages on their way: who has sent them, their kind, their bytes
        self._queue: deque[tuple[Side, str, bytes]] = deque()
        self._stalled = self._left = False
        #: whether the client has sent its first packet, and the server is ready for queries
        self._opened = self._ready = False
        self._pid = 0
        self._in_transaction = False
        self._prepared: dict[str, str] = {}
        self._bound = ""
        self._tasks: list[asyncio.Future[object]] = []

    # ------------------------------------------------------------------------------- the ends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transports["client"] = transport
        self._wire.links.add(self)
        self._tasks.append(asyncio.ensure_future(self._connect()))

    async def _connect(self) -> None:
        loop, (host, port) = asyncio.get_running_loop(), self._wire.settings.hosts[0]
        if host.startswith("/"):
            path = f"{host}/.s.PGSQL.{port}"
            transport, _ = await loop.create_unix_connection(partial(ServerEnd, self), path)
        else:
            transport, _ = await loop.create_connection(partial(ServerEnd, self), host, port)
        self._transports["server"] = transport
        self._pass_on()

    def data_received(self, data: bytes) -> None:
        self.receive("client", data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.leave()

    def leave(self) -> None:
        """One side has gone: so does the other, when what is on its way has arrived."""
        self._left = True
        if not self._stalled:
            self.close()

    def close(self) -> None:
        """End both sides when what is written has arrived."""
        self._wire.links.discard(self)
        for transport in self._transports.values():
            transport.close()

    def abort(self) -> None:
        """End both sides by an RST."""
        self._wire.links.discard(self)
        for transport in self._transports.values():
            end = transport.get_extra_info("socket")
            if not transport.is_closing() and end.family != socket.AF_UNIX:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    # ------------------------------------------------------------------------------- messages

    def receive(self, side: Side, data: bytes) -> None:
        """Take note of what has come, and pass whole messages on."""
        data = self._unread[side] + data
        if side == "client" and not self._opened and len(data) >= 4:
            size = struct.unpack_from("!I", data)[0]
            if len(data) >= size:  # the first packet has no kind
                self._opened = True
                self._queue.append((side, "", data[:size]))
                data = data[size:]
        while len(data) >= 5 and len(data) > (size := struct.unpack_from("!I", data, 1)[0]):
            kind, packet, data = chr(data[0]), data[: size + 1], data[size + 1 :]
            self._follow(side, kind, packet)
            self._queue.append((side, kind if self._ready else "", packet))
        self._unread[side] = data
        self._pass_on()

    def _follow(self, side: Side, kind: str, packet: bytes) -> None:
        if side == "server":
            if kind == "K":
                self._pid = struct.unpack_from("!I", packet, 5)[0]
                self._wire.pids.add(self._pid)
            elif kind == "Z":
                self._in_transaction = packet[5:] != b"I"
                self._ready = True
        elif kind == "P":
            self._prepared[packet[5:].split(b"\0", 1)[0].decode()] = sql_of(kind, packet)
        elif kind == "B":
            self._bound = self._prepared[packet[5:].split(b"\0", 2)[1].decode()]
        elif kind in "EQ":
            verb = (self._bound if kind == "E" else sql_of(kind, packet)).partition(" ")[0]
            self._wire.wrote_commit |= verb == "COMMIT" or not (
                self._in_transaction or verb in ("BEGIN", "ROLLBACK")
            )
            self._in_transaction |= verb == "BEGIN"

    def _pass_on(self) -> None:
        while self._queue and not self._stalled and "server" in self._transports:
            side, kind, packet = self._queue.popleft()
            if kind not in ("", "X") and (fault := self._wire.strikes(side)):
                self._strike(fault.kind, (side, kind, packet))
            else:
                self._transports["server" if side == "client" else "client"].write(packet)

    def _strike(self, kind: Kind, message: tuple[Side, str, bytes]) -> None:
        if kind == "cut":
            self._queue.clear()
            self.abort()
            return
        self._stalled = True
        self._queue.appendleft((message[0], "", message[2]))  # it is counted already
        if kind == "call":
            assert self._wire.call is not None
            calling = self._wire.call(self._pid)
            calling.add_done_callback(lambda _: self.go_on())
            self._tasks.append(calling)

    def go_on(self) -> None:
        """End a stall."""
        self._stalled = False
        self._pass_on()
        if self._left:
            self.close()


class ServerEnd(asyncio.Protocol):
    """What the server sends."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.receive("server", data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.leave()
