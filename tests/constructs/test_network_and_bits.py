"""Operators and functions of network addresses and of bit strings."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest

from asyncorm import BitString, MacAddress, func, select
from asyncorm.errors import ArgumentError
from tests.constructs.conftest import Same
from tests.support.bookings import Use

pytestmark = pytest.mark.usefixtures("rooms")

NETWORK = IPv4Network("10.0.0.0/22")
CONDITIONS: list[tuple[Any, str]] = [
    (Use.address == IPv4Address("10.0.3.1"), "address = '10.0.3.1'"),
    (Use.address.contained_by(NETWORK), "address <<= '10.0.0.0/22'"),
    (Use.address.strictly_contained_by(NETWORK), "address << '10.0.0.0/22'"),
    (Use.net.contains(IPv4Address("10.0.0.9")), "net >>= '10.0.0.9'"),
    (Use.net.strictly_contains(IPv4Network("10.0.0.0/25")), "net >> '10.0.0.0/25'"),
    (Use.net.overlaps(NETWORK), "net && '10.0.0.0/22'"),
    (Use.net.contains(Use.interface), "net >>= interface"),
    (Use.address.in_([IPv4Address("10.0.3.1")]), "address = '10.0.3.1'"),
    (Use.address > IPv4Address("10.0.5.0"), "address > '10.0.5.0'"),
    (func.host(Use.interface) == "10.0.0.5", "host(interface) = '10.0.0.5'"),
    (func.masklen(Use.net) == 24, "masklen(net) = 24"),
    (func.family(Use.net) == 4, "family(net) = 4"),
    (func.network(Use.interface) == Use.net, "network(interface) = net"),
    (Use.mac == MacAddress("08-00-2b-01-02-03"), "mac = '08:00:2b:01:02:03'"),
    (Use.mac8.in_([MacAddress("08002b0102030405")]), "mac8 = '08:00:2b:01:02:03:04:05'"),
    (Use.mac_list.any(MacAddress("08002b010203")), "'08:00:2b:01:02:03' = any(mac_list)"),
    (Use.bits == BitString("101"), "bits = b'101'"),
    (Use.five.in_([BitString("10101")]), "five = b'10101'"),
    (Use.five.bitwise_and(BitString("11100")) == BitString("10100"), "five & b'11100' = b'10100'"),
    (Use.five.bitwise_or(BitString("00010")) == BitString("10111"), "five | b'00010' = b'10111'"),
    (Use.five.bitwise_xor(BitString("11111")) == BitString("01010"), "five # b'11111' = b'01010'"),
    (Use.five.bitwise_not() == BitString("01010"), "~five = b'01010'"),
    (Use.five.bitwise_lshift(1) == BitString("01010"), "five << 1 = b'01010'"),
    (Use.five.bitwise_rshift(1) == BitString("01010"), "five >> 1 = b'01010'"),
    (Use.id.bitwise_and(1) == 1, "id & 1 = 1"),
    (func.bit_count(Use.five) == 3, "bit_count(five) = 3"),
    (func.get_bit(Use.five, 0) == 1, "get_bit(five, 0) = 1"),
    (func.set_bit(Use.five, 1, 1) == BitString("11101"), "set_bit(five, 1, 1) = b'11101'"),
    (Use.bit_list.any(BitString("0")), "b'0'::varbit = any(bit_list)"),
]


@pytest.mark.parametrize(("condition", "text"), CONDITIONS, ids=[text for _, text in CONDITIONS])
async def test_conditions(same: Same, condition: Any, text: str) -> None:
    await same(
        select(Use.id).where(condition).order_by(Use.id),
        f'select id from "use" where {text} order by id',
    )


async def test_functions_with_an_address_as_result(same: Same) -> None:
    found = await same(
        select(
            func.broadcast(Use.interface),
            func.netmask(Use.net),
            func.hostmask(Use.net),
            func.set_masklen(Use.net, 16),
            func.inet_merge(Use.net, Use.net),
            func.inet_same_family(Use.net, Use.net),
            func.abbrev(Use.net),
            func.macaddr8_set7bit(Use.mac8),
        ).where(Use.id == 1),
        "select broadcast(interface), netmask(net), hostmask(net), set_masklen(net, 16),"
        " inet_merge(net, net), inet_same_family(net, net), abbrev(net),"
        ' macaddr8_set7bit(mac8) from "use" where id = 1',
    )
    assert found[0][:2] == (IPv4Interface("10.0.0.255/24"), IPv4Address("255.255.255.0"))


async def test_what_is_no_network_has_no_such_operators() -> None:
    for build in (
        lambda: Use.id.strictly_contains(NETWORK),  # type: ignore[misc]
        lambda: Use.bits.contained_by(NETWORK),  # type: ignore[call-overload]
    ):
        with pytest.raises(ArgumentError):
            build()
