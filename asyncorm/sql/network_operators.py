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
from typing import Any, TypeAlias, TypeVar

from asyncorm.sql.operators import C, Operators, R, V
from asyncorm.types.network import Cidr, Inet

N = TypeVar(
    "N",
    IPv4Address,
    IPv6Address,
    IPv4Interface,
    IPv6Interface,
    IPv4Network,
    IPv6Network,
    IPv4Address | IPv6Address,
    IPv4Interface | IPv6Interface,
    IPv4Network | IPv6Network,
)
#: what networks are compared with, each class by name: one for all of them does not exist
Network: TypeAlias = (
    IPv4Address
    | IPv6Address
    | IPv4Network
    | IPv6Network
    | Operators[IPv4Address, Any, C]
    | Operators[IPv6Address, Any, C]
    | Operators[IPv4Interface, Any, C]
    | Operators[IPv6Interface, Any, C]
    | Operators[IPv4Network, Any, C]
    | Operators[IPv6Network, Any, C]
    | Operators[IPv4Address | IPv6Address, Any, C]
    | Operators[IPv4Interface | IPv6Interface, Any, C]
    | Operators[IPv4Network | IPv6Network, Any, C]
)


class NetworkOperators(Operators[V, R, C]):
    """How networks lie; ``contains``, ``contained_by`` and ``overlaps`` take equal ones, too."""

    __slots__ = ()

    def strictly_contains(self: NetworkOperators[N, Any, C], other: Network[C]) -> C:
        """Whether the other is inside the network and not all of it (``>>``)."""
        return self._inside(">>", other)

    def strictly_contained_by(self: NetworkOperators[N, Any, C], other: Network[C]) -> C:
        """Whether it is inside the other network and not all of it (``<<``)."""
        return self._inside("<<", other)

    def _inside(self, operator: str, other: Any) -> C:
        if not isinstance(self._type, (Inet, Cidr)):
            raise self._unfit("only networks lie in others", "use contains() and contained_by()")
        return self._condition(operator, self._part(other))
