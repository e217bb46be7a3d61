"""Network addresses: inet and cidr as ``ipaddress`` objects."""

from __future__ import annotations

import ipaddress
from typing import Any

from asyncorm.types.base import SQLType

ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
INTERFACES = (ipaddress.IPv4Interface, ipaddress.IPv6Interface)
NETWORKS = (ipaddress.IPv4Network, ipaddress.IPv6Network)


class Inet(SQLType[Any]):
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


class Cidr(SQLType[Any]):
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


INET = Inet()
CIDR = Cidr()
