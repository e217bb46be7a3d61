"""Functions of network addresses, with exact types."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, TypeAlias, TypeVar

from asyncorm.sql.expressions import Expression
from asyncorm.sql.functions.arguments import integer, type_of
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.types.network import CIDR, INET, INTERFACE, MACADDR8, MacAddress
from asyncorm.types.scalars import BOOLEAN, INTEGER, TEXT

AnyAddress: TypeAlias = IPv4Address | IPv6Address
AnyNetwork: TypeAlias = IPv4Network | IPv6Network
N = TypeVar("N", bound=AnyAddress | AnyNetwork)
R = TypeVar("R")


class NetworkFunctions:
    """The functions of ``func`` of network addresses."""

    def host(self, address: Expression[N, Any]) -> FunctionCall[str, str]:
        """The address as text, without the size of its network."""
        return FunctionCall("host", (address,), TEXT)

    def abbrev(self, address: Expression[N, Any]) -> FunctionCall[str, str]:
        """The address as text, shortened."""
        return FunctionCall("abbrev", (address,), TEXT)

    def masklen(self, address: Expression[N, Any]) -> FunctionCall[int, int]:
        """How many bits name the network."""
        return FunctionCall("masklen", (address,), INTEGER)

    def family(self, address: Expression[N, Any]) -> FunctionCall[int, int]:
        """4 or 6."""
        return FunctionCall("family", (address,), INTEGER)

    def network(self, address: Expression[N, Any]) -> FunctionCall[AnyNetwork, AnyNetwork]:
        """The network that the address is in."""
        return FunctionCall("network", (address,), CIDR)

    def broadcast(self, address: Expression[N, Any]) -> FunctionCall[AnyAddress, AnyAddress]:
        """The broadcast address of the network, with the size of the network."""
        return FunctionCall("broadcast", (address,), INTERFACE)

    def netmask(self, address: Expression[N, Any]) -> FunctionCall[AnyAddress, AnyAddress]:
        """The mask of the network."""
        return FunctionCall("netmask", (address,), INET)

    def hostmask(self, address: Expression[N, Any]) -> FunctionCall[AnyAddress, AnyAddress]:
        """The mask of the addresses in the network."""
        return FunctionCall("hostmask", (address,), INET)

    def set_masklen(
        self, address: Expression[N, R], length: int | Expression[int, Any]
    ) -> FunctionCall[N, R]:
        """The same address in a network of another size."""
        return FunctionCall("set_masklen", (address, integer(length)), type_of(address))

    def inet_same_family(
        self, address: Expression[N, Any], other: Expression[N, Any]
    ) -> FunctionCall[bool, bool]:
        """Whether both are of version 4, or both of 6."""
        return FunctionCall("inet_same_family", (address, other), BOOLEAN)

    def inet_merge(
        self, address: Expression[N, Any], other: Expression[N, Any]
    ) -> FunctionCall[AnyNetwork, AnyNetwork]:
        """The smallest network that has both in it."""
        return FunctionCall("inet_merge", (address, other), CIDR)

    def macaddr8_set7bit(
        self, address: Expression[MacAddress, Any]
    ) -> FunctionCall[MacAddress, MacAddress]:
        """An address of 8 bytes for IPv6."""
        return FunctionCall("macaddr8_set7bit", (address,), MACADDR8)
