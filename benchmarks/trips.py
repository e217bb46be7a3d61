"""Trips: reads the protocol of one connection as it passes, and counts what a client waits for."""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: the first packet of a connection that asks for encryption
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
#: messages of a client that the server answers with ReadyForQuery: Query, Sync, Function call
ASKS = b"QSF"
#: what ends a statement: CommandComplete, EmptyQueryResponse, PortalSuspended
ENDS = b"CIs"
#: RowDescription, NoData: the answers to Describe
DESCRIPTIONS = b"Tn"
DESCRIBE, FLUSH, TERMINATE = b"D", b"H", b"X"
READY, COPY_IN = b"Z", b"G"


class Frames:
    """Cuts a stream of bytes into messages; chunks end anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def kinds(self, chunk: bytes) -> Iterator[bytes]:
        """The kinds of the messages that are complete with this chunk."""
        data, at = self._rest + chunk, 0
        while len(data) - at >= 5:
            size = 1 + struct.unpack_from("!I", data, at + 1)[0]
            if len(data) - at < size:
                break
            yield data[at : at + 1]
            at += size
        self._rest = data[at:]


class Trips:
    """Counts of one connection, from the end of its opening on.

    A round trip begins when the client speaks and nothing that it asked is unanswered, so what
    it sends ahead counts once. COPY has one more: the server says that it is ready for the rows.
    So has a statement that is described before it is run: the client waits for its types.
    """

    def __init__(self) -> None:
        self.round_trips = 0
        self.statements = 0
        self._client, self._server = Frames(), Frames()
        self._unanswered = 0
        self._undescribed = 0
        self._flushed = False
        self._turn = False

    def client_sends(self, chunk: bytes) -> None:
        """Count what the client sends."""
        for kind in self._client.kinds(chunk):
            if self._turn and kind != TERMINATE:
                self._turn = False
                self.round_trips += 1
            self._unanswered += kind in ASKS
            self._undescribed += kind == DESCRIBE
            self._flushed = kind == FLUSH

    def server_sends(self, chunk: bytes) -> None:
        """Count what the server sends."""
        for kind in self._server.kinds(chunk):
            if kind == READY:
                self._unanswered = max(0, self._unanswered - 1)
                self._undescribed = 0
                self._turn = self._unanswered == 0
            elif kind == COPY_IN:
                self._turn = True
            elif kind in DESCRIPTIONS and self._undescribed:
                self._undescribed -= 1
                self._turn = self._flushed and not self._undescribed
            elif kind in ENDS:
                self.statements += 1
