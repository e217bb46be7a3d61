"""Network addresses: inet and cidr as ``ipaddress`` objects, macaddr as a str of its own."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from asyncorm.types.base import SQLType

ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
INTERFACES = (ipaddress.IPv4Interface, ipaddress.IPv6Interface)
NETWORKS = (ipaddress.IPv4Network, ipaddress.IPv6Network)


_HEXADECIMAL = r"[0-9a-f]{12}(?:[0-9a-f]{4})?"


class MacAddress(str):
    """An address of 6 bytes (or 8, for macaddr8) as PostgreSQL writes it: ``08:00:2b:01:02:03``.

    Raises ValueError for a text that is none; ``08-00-2B-01-02-03`` and ``08002b:010203`` are.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> MacAddress:
        """Bring every way of writing an address into one."""
        digits = re.sub(r"[:.\-]", "", str(text)).lower()
        if not re.fullmatch(_HEXADECIMAL, digits):
            raise ValueError("a MAC address is written as in 08:00:2b:01:02:03")
        return super().__new__(cls, ":".join(re.findall("..", digits)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """How pydantic reads it: any text that is an address."""
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": cls},
            "schema": {"type": "str"},
        }


class _Network(SQLType[Any]):
    contains_operator = ">>="
    contained_by_operator = "<<="
    overlaps_operator = "&&"

    def part_type(self, part: Any) -> SQLType[Any]:
        """inet and cidr, addresses and networks may stand beside each other."""
        if isinstance(part, _Network):
            return part
        if isinstance(part, NETWORKS):
            return CIDR
        return INTERFACE if isinstance(part, INTERFACES) else INET


class Inet(_Network):
    """inet: addresses, or ``interface=True`` for addresses with the size of their network."""

    def __init__(self, python_type: type[Any] | None = None, *, interface: bool = False) -> None:
        super().__init__("inet")
        # one class for both versions does not exist in public
        self.python_type = python_type or object
        self._kinds = INTERFACES if interface else ADDRESSES
        self._identity = (self.python_type, interface)
        if interface:
            # the driver leaves the size out when it is the whole address
            self.decode = ipaddress.ip_interface

    def check(self, value: Any) -> Any:
        """The value, if it is an address; DataError otherwise."""
        if not isinstance(value, self._kinds):
            raise self.unfit(value)
        return value


class Cidr(_Network):
    """cidr: networks."""

    def __init__(self, python_type: type[Any] | None = None) -> None:
        super().__init__("cidr")
        self.python_type = python_type or object
        self._identity = python_type

    def check(self, value: Any) -> Any:
        """The value, if it is a network; DataError otherwise."""
        if not isinstance(value, NETWORKS):
            raise self.unfit(value)
        return value


class MacAddr(SQLType[MacAddress]):
    """macaddr, of 6 bytes: what ``MacAddress`` means."""

    python_type = MacAddress
    copyable = False

    def __init__(self) -> None:
        super().__init__("macaddr")
        self.decode = MacAddress


class MacAddr8(SQLType[MacAddress]):
    """macaddr8, of 8 bytes; one of 6 is made longer by the server."""

    python_type = MacAddress
    copyable = False

    def __init__(self) -> None:
        super().__init__("macaddr8")
        self.decode = MacAddress


INET = Inet()
INTERFACE = Inet(interface=True)
CIDR = Cidr()
MACADDR8 = MacAddr8()
