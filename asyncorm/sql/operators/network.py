"""Operators of networks: one strictly inside another."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Any, TypeAlias

from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.types.network import Cidr, Inet

#: each class by name: one for all of them does not exist
AnyNetwork: TypeAlias = (
    Operators[IPv4Address, Any, C]
    | Operators[IPv6Address, Any, C]
    | Operators[IPv4Interface, Any, C]
    | Operators[IPv6Interface, Any, C]
    | Operators[IPv4Network, Any, C]
    | Operators[IPv6Network, Any, C]
    | Operators[IPv4Address | IPv6Address, Any, C]
    | Operators[IPv4Interface | IPv6Interface, Any, C]
    | Operators[IPv4Network | IPv6Network, Any, C]
)
#: what networks are compared with
Network: TypeAlias = IPv4Address | IPv6Address | IPv4Network | IPv6Network | AnyNetwork[C]


class NetworkOperators(Operators[V, R, C]):
    """How networks lie; ``contains``, ``contained_by`` and ``overlaps`` take equal ones, too."""

    __slots__ = ()

    def strictly_contains(self: AnyNetwork[C], other: Network[C]) -> C:
        """Whether the other is inside the network and not all of it (``>>``)."""
        return _inside(self, ">>", other)

    def strictly_contained_by(self: AnyNetwork[C], other: Network[C]) -> C:
        """Whether it is inside the other network and not all of it (``<<``)."""
        return _inside(self, "<<", other)


def _inside(network: Operators[Any, Any, C], operator: str, other: Any) -> C:
    if not isinstance(network._type, (Inet, Cidr)):
        raise network._unfit("only networks lie in others", "use contains() and contained_by()")
    return network._condition(operator, network._part(other))
