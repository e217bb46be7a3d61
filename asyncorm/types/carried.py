"""Types that the driver does not know: their values travel as text, which the server casts."""

from __future__ import annotations

from typing import Any, TypeVar

from asyncorm.types.base import SQLType

T = TypeVar("T")


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
