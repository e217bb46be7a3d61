"""Types that the driver does not know: their values travel as text, which the server casts."""

from __future__ import annotations

from typing import Any, TypeVar

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import SQLType, characters

T = TypeVar("T")

MAX_NAME_BYTES = 63


class Carried(SQLType[T]):
    """A type whose values are sent and read as text.

    The driver would ask the server for each such type once per connection, and read some of them
    in a form of its own.
    """

    parameter_type = "text"
    bulk_type = "text"
    select_type = "text"
    copyable = False

    def __init__(self, name: str) -> None:
        super().__init__()
        self.ddl = self.cast_type = name


class CarriedText(Carried[str]):
    """A type whose values are ``str``, as the server writes them."""

    python_type = str

    def as_text(self, value: Any) -> str:
        """The string itself."""
        return str.__str__(self.check(value))


def type_name(name: str, schema: str | None = None) -> str:
    """The quoted name of a type; ConfigurationError if PostgreSQL can't take it as it is."""
    return ".".join(_quoted(part) for part in ((name,) if schema is None else (schema, name)))


def _quoted(name: str) -> str:
    name = characters(name)
    if not name or "\0" in name or len(name.encode()) > MAX_NAME_BYTES:
        raise ConfigurationError(
            f"{name!r} can't be the name of a type",
            hint=f"names have 1 to {MAX_NAME_BYTES} bytes and no NUL",
        )
    return '"' + name.replace('"', '""') + '"'
