"""Types of the server that have no class of their own, by name; and money, which is refused."""

from __future__ import annotations

from typing import NoReturn

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import SQLType
from asyncorm.types.carried import CarriedText
from asyncorm.types.quoting import type_name

_HINT = "use Numeric(12, 2), which is exact and does not depend on the locale of the server"


_INCOMPARABLE = frozenset(
    ("xml", "json", "jsonpath", "point", "lseg", "line", "box", "path", "polygon", "circle")
)


class NamedType(CarriedText):
    """A type by its name in ``pg_type``: values are ``str``, as the server writes them.

    ``NamedType("pg_lsn")``, ``NamedType("bpchar", 3)``, ``NamedType("point")``.
    """

    def __init__(self, name: str, *sizes: int, schema: str | None = None) -> None:
        """Raise ConfigurationError for money and for names that can't be."""
        if name == "money":
            raise ConfigurationError("columns of type money are not supported", hint=_HINT)
        super().__init__(type_name(name, schema))
        if not all(type(size) is int for size in sizes):
            raise ConfigurationError(
                f"the sizes of {name} are no whole numbers", hint='write NamedType("bpchar", 3)'
            )
        if sizes:
            self.ddl += f"({', '.join(map(str, sizes))})"
        self.name = name
        self.comparable = name not in _INCOMPARABLE


class Money(SQLType[NoReturn]):
    """money, which is refused: its scale and form are those of the server's locale."""

    def __init__(self) -> None:
        """Raise ConfigurationError, always."""
        raise ConfigurationError("columns of type money are not supported", hint=_HINT)
