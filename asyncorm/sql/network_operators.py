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
from typing import Any, TypeVar

from asyncorm.errors import ArgumentError
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


class NetworkOperators(Operators[V, R, C]):
    """How networks lie; ``contains``, ``contained_by`` and ``overlaps`` take equal ones, too."""

    __slots__ = ()

    def strictly_contains(
        self: NetworkOperators[N, Any, C],
        other: IPv4Address | IPv6Address | IPv4Network | IPv6Network | Operators[Any, Any, C],
    ) -> C:
        """Whether the other is inside the network and not all of it (``>>``)."""
        return self._inside(">>", other)

    def strictly_contained_by(
        self: NetworkOperators[N, Any, C],
        other: IPv4Address | IPv6Address | IPv4Network | IPv6Network | Operators[Any, Any, C],
    ) -> C:
        """Whether it is inside the other network and not all of it (``<<``)."""
        return self._inside("<<", other)

    def _inside(self, operator: str, other: Any) -> C:
        if not isinstance(self._type, (Inet, Cidr)):
            raise ArgumentError(
                f"{self._describe()} is {self._type.ddl} and no network",
                hint="use contains() and contained_by()",
            )
        return self._condition(operator, self._part(other))
