"""A proxy in front of PostgreSQL that reads the protocol: it counts round trips and makes faults.

    async with WireProxy(database_url) as proxy:
        engine = create_engine(proxy.url)
        ...
        proxy.reset()
        await session.get(User, 1)
        assert proxy.round_trips == 1, proxy.statements

A fault has a place, not a time: ``cut("COMMIT", answer=True)`` breaks the connection when the
server has answered the first COMMIT from then on.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import quote

from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.url import ConnectionSettings, parse_url

SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102


@dataclass(frozen=True)
class Message:
    """A message of the client: its kind (``Q``, ``P``, ``B``, …) and the SQL text, if any."""

    kind: str
    sql: str = ""


@dataclass
class Fault:
    """What happens at the first message whose SQL starts with ``sql``."""

    sql: str
    kind: str
    answer: bool


class WireProxy:
    """Listens on a loopback port and passes everything on to the server of a database URL."""

    def __init__(self, database_url: str) -> None:
        settings = parse_url(database_url)
        self._settings = start_embedded(settings) if settings.embedded is not None else settings
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None
        self._fault: Fault | None = None
        self._open_gate = asyncio.Event()
        self._open_gate.set()
        #: seconds every chunk waits, in each direction
        self.delay = 0.0
        #: what clients are told to be the process that serves them, as by a pooler
        self.pretended_pid: int | None = None
        self.cancel_requests = 0
        self.connections = 0
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        #: how often the client spoke after the server had
        self.round_trips = 0
        #: how many times the server said ReadyForQuery
        self.ready = 0
        self.messages: list[Message] = []

    @property
    def statements(self) -> list[str]:
        """The SQL texts the client sent, prepared ones when they were parsed."""
        return [message.sql for message in self.messages if message.sql]

    @property
    def url(self) -> str:
        """A database URL that leads through the proxy."""
        assert self._server is not None, "use the proxy in `async with`"
        return url_through(self._settings, self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> WireProxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._open_gate.set()
        links = list(self._links)
        for link in links:
            link.abort()
        if links:
            await asyncio.wait([link.task for link in links], timeout=5)

    # -------------------------------------------------------------------------------- faults

    def blackhole(self, sql: str | None = None, *, answer: bool = False) -> None:
        """Swallow everything, keep the connections: at once, or from a statement on."""
        if sql is None:
            self._open_gate.clear()
        else:
            self._fault = Fault(sql, "blackhole", answer)

    def heal(self) -> None:
        """End a black hole; what was swallowed arrives late."""
        self._fault = None
        self._open_gate.set()

    def cut(self, sql: str | None = None, *, answer: bool = False) -> None:
        """Break the connections: at once, or at a statement, before or after it has run."""
        if sql is None:
            for link in list(self._links):
                link.abort()
        else:
            self._fault = Fault(sql, "cut", answer)

    def say_goodbye(self) -> None:
        """Tell the clients what a server that shuts down does; the connections stay open."""
        words = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
        for link in self._links:
            link._client[1].write(b"E" + struct.pack("!I", len(words) + 4) + words)

    def _strike(self, link: Link, *, answer: bool) -> bool:
        """Carry out the fault that has been armed; True if the link is broken."""
        fault, self._fault = self._fault, None
        assert fault is not None
        if fault.kind == "blackhole":
            self._open_gate.clear()
            return False
        link.abort()
        return True

    # ------------------------------------------------------------------------------ the links

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = Link(self, reader, writer, task)
        self._links.add(link)
        try:
            await link.run()
        except (OSError, asyncio.IncompleteReadError):
            return  # one of the two sides has gone
        finally:
            link.abort()
            self._links.discard(link)


class Link:
    """One connection of a client through the proxy."""

    def __init__(
        self,
        proxy: WireProxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        self.task = task
        self._proxy = proxy
        self._client = (reader, writer)
        self._started = False
        #: the texts of prepared statements by name, of the bound one, and of those under way
        self._prepared: dict[str, str] = {}
        self._bound = ""
        self._running: deque[str] = deque()
        self._client_spoke_last = False
        #: the fault's statement has passed, and its answer is awaited
        self._armed = False
        self._upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def abort(self) -> None:
        for stream in (self._client, self._upstream):
            if stream is not None and stream[1].transport is not None:
                stream[1].transport.abort()

    async def run(self) -> None:
        reader, writer = self._client
        opening = await self._read_opening(reader, writer)
        host, port = self._proxy._settings.hosts[0]
        if host.startswith("/"):
            self._upstream = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            self._upstream = await asyncio.open_connection(host, port)
        await self._pass(opening, self._upstream[1])
        pumps = [
            asyncio.ensure_future(self._pump_client(reader, self._upstream[1])),
            asyncio.ensure_future(self._pump_server(self._upstream[0], writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _read_opening(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """The first packet, which has no kind; TLS is declined here."""
        while True:
            head = await reader.readexactly(4)
            packet = head + await reader.readexactly(struct.unpack("!I", head)[0] - 4)
            code = struct.unpack("!I", packet[4:8])[0]
            if code == SSL_REQUEST:
                writer.write(b"N")
                continue
            if code == CANCEL_REQUEST:
                self._proxy.cancel_requests += 1
            else:
                self._proxy.connections += 1
            return packet

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._proxy.delay:
            await asyncio.sleep(self._proxy.delay)
        await self._proxy._open_gate.wait()
        writer.write(data)
        await writer.drain()

    async def _pump_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            kind, packet = await read_message(reader)
            if self._started and kind != "X":
                self._count(kind, packet)
                self._follow(kind, packet)
                fault = self._proxy._fault
                if fault is not None and sql_of(kind, packet).startswith(fault.sql):
                    self._armed = fault.answer
                    if not fault.answer and self._proxy._strike(self, answer=False):
                        return
            await self._pass(packet, writer)

    def _count(self, kind: str, packet: bytes) -> None:
        proxy = self._proxy
        if not self._client_spoke_last:
            proxy.round_trips += 1
        self._client_spoke_last = True
        proxy.messages.append(Message(kind, sql_of(kind, packet)))

    def _follow(self, kind: str, packet: bytes) -> None:
        """Keep in mind which statements the server is to answer, in their order."""
        if kind == "P":
            name, text, _ = packet[5:].split(b"\0", 2)
            self._prepared[name.decode()] = text.decode()
        elif kind == "B":
            _, name, _ = packet[5:].split(b"\0", 2)
            self._bound = self._prepared.get(name.decode(), "")
        elif kind == "E":
            self._running.append(self._bound)
        elif kind == "Q":
            self._running.append(sql_of(kind, packet))

    def _answered(self, kind: str) -> str:
        """The statement that the server has answered with this message, if it is an answer."""
        if kind == "Z":
            self._running.clear()
        return self._running.popleft() if kind in "CIs" and self._running else ""

    async def _pump_server(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            kind, packet = await read_message(reader)
            if kind == "Z":
                self._proxy.ready += self._started
                self._started = True
            if kind == "K" and self._proxy.pretended_pid is not None:
                packet = packet[:5] + struct.pack("!I", self._proxy.pretended_pid) + packet[9:]
            self._client_spoke_last = False
            answered, fault = self._answered(kind), self._proxy._fault
            if self._armed and fault is not None and answered.startswith(fault.sql):
                if self._proxy._strike(self, answer=True):
                    return
                self._armed = False
            await self._pass(packet, writer)


def url_through(settings: ConnectionSettings, port: int) -> str:
    """A database URL that leads through a port of the loopback interface."""
    secret = f":{quote(settings.password, safe='')}" if settings.password else ""
    login = f"{quote(settings.user or '', safe='')}{secret}@" if settings.user else ""
    return f"postgresql://{login}127.0.0.1:{port}/{settings.database or ''}?sslmode=disable"


async def read_message(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """A whole message: its kind, and its bytes."""
    head = await reader.readexactly(5)
    size = struct.unpack("!I", head[1:])[0]
    return head[:1].decode("latin-1"), head + await reader.readexactly(size - 4)


def sql_of(kind: str, packet: bytes) -> str:
    """The SQL text of a Query or Parse message."""
    if kind == "Q":
        return packet[5:-1].decode()
    if kind == "P":
        _, sql, _ = packet[5:].split(b"\0", 2)
        return sql.decode()
    return ""
