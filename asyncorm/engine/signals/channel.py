"""Channel: a name for NOTIFY and LISTEN, and the type of what is sent there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, cast, overload

from asyncorm.errors import ArgumentError, DataError, PayloadError
from asyncorm.sql.values import checked_name
from asyncorm.types.json import Message

P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)

#: bytes; the server takes less than 8000
MAX_PAYLOAD = 7999
#: the name is a value here, so that it needs no quotes
NOTIFY = "SELECT pg_notify($1, $2)"


class Channel(Generic[P]):
    """A channel of PostgreSQL's and the type of its payloads: ``Channel("orders", OrderPlaced)``.

    The type is anything pydantic can validate, text if none is given. Payloads travel as JSON,
    those that are a string in JSON (``str``, ``UUID``, ``datetime``) without its quotes. Raises
    InvalidRequestError for a name that PostgreSQL would cut or refuse.
    """

    @overload
    def __init__(self: Channel[str], name: str) -> None: ...

    @overload
    def __init__(self, name: str, payload: type[P]) -> None: ...

    def __init__(self, name: str, payload: Any = str) -> None:
        self.name = checked_name(name)
        self.payload_type = payload
        self._message = Message(payload)

    def __repr__(self) -> str:
        of = getattr(self.payload_type, "__name__", None) or str(self.payload_type)
        return f"Channel({self.name!r}, {of})"

    def encode(self, payload: P) -> str:
        """The text that is sent; DataError for another type, a NUL, and more than 7999 bytes."""
        text = self._message.encode(payload)
        if "\0" in text:
            raise DataError(
                f"a payload of {self!r} holds a NUL character, which PostgreSQL can't carry",
                hint="send the text without it",
            )
        size = len(text.encode())
        if size > MAX_PAYLOAD:
            raise DataError(
                f"a payload of {self!r} has {size} bytes, PostgreSQL takes {MAX_PAYLOAD}",
                hint="store what is large in a table, and send its key",
            )
        return text

    def decode(self, text: str) -> P:
        """The payload of a text; PayloadError if it does not fit the type."""
        try:
            return cast("P", self._message.decode(text))
        except ValueError as error:
            raise PayloadError(
                f"a notification of {self!r} does not fit the type of the channel",
                hint="error.detail holds the text; see who else sends on this channel",
                detail=text,
            ) from error


def pg_notify(channel: Channel[P], payload: P) -> tuple[str, tuple[str, str]]:
    """The statement that sends a payload, and its arguments."""
    if not isinstance(cast("Any", channel), Channel):
        raise ArgumentError(
            f"notify() takes a Channel, not {type(channel).__name__}",
            hint='orders = Channel("orders", OrderPlaced)',
        )
    return NOTIFY, (channel.name, channel.encode(payload))


@dataclass(frozen=True)
class Notification(Generic[P_co]):
    """One message: the name of its channel, its text, and the pid of the server process it is from.

    ``payload`` is read when it is asked for: a text that does not fit the type of the channel
    raises PayloadError there, and the stream goes on.
    """

    channel: str
    raw: str
    pid: int
    _source: Channel[Any] = field(repr=False)

    @cached_property
    def payload(self) -> P_co:
        """The value that was sent; PayloadError if the text does not fit."""
        return cast("P_co", self._source.decode(self.raw))


@dataclass(frozen=True)
class Gap:
    """Notifications may have been missed here: what follows was sent after that.

    ``disconnected``: the connection broke, and listens again; nobody knows what was sent meanwhile.
    ``overflow``: ``lost`` messages came while the buffer was full.
    """

    reason: Literal["disconnected", "overflow"]
    lost: int | None = None
