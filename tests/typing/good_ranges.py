"""Ranges, networks, bits and arrays: what type checkers must accept."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network

from typing_extensions import assert_type

from asyncorm import (
    BitString,
    Condition,
    Expression,
    MacAddress,
    Mapped,
    MetaData,
    Model,
    Multirange,
    Range,
    column,
    func,
    select,
)


class Base(Model):
    metadata = MetaData()


class Booking(Base, table="booking"):
    id: Mapped[int] = column(primary_key=True)
    numbers: Mapped[Range[int]]
    price: Mapped[Range[Decimal] | None]
    days: Mapped[Range[date]]
    at: Mapped[Range[datetime]]
    gaps: Mapped[Multirange[int]]
    address: Mapped[IPv4Address]
    net: Mapped[IPv4Network]
    mac: Mapped[MacAddress]
    bits: Mapped[BitString]
    tags: Mapped[list[str]]
    labels: Mapped[set[str]]


def of_an_instance(booking: Booking) -> None:
    assert_type(booking.numbers, Range[int])
    assert_type(booking.numbers.lower, int | None)
    assert_type(booking.gaps[0], Range[int])
    assert_type(booking.bits & BitString("1"), BitString)
    booking.days = Range(date(2026, 1, 1), None)


assert_type(Booking.numbers.contains(5), Condition)
assert_type(Booking.numbers.contains(Range(1, 2)), Condition)
assert_type(Booking.numbers.contains(Booking.id), Condition)
assert_type(Booking.numbers.overlaps(Booking.gaps), Condition)
assert_type(Booking.gaps.contains(Booking.numbers), Condition)
assert_type(Booking.days.contained_by(Range(None, date(2026, 1, 1))), Condition)
assert_type(Booking.at.adjacent_to(Booking.at), Condition)
assert_type(Booking.numbers == Range(1, 2), Condition)
assert_type(Booking.net.contains(IPv4Address("10.0.0.1")), Condition)
assert_type(Booking.address.contained_by(Booking.net), Condition)
assert_type(Booking.mac == MacAddress("08002b010203"), Condition)
assert_type(Booking.tags.overlaps(["a"]), Condition)
assert_type(Booking.labels.contains({"a"}), Condition)
assert_type(Booking.tags.all("a"), Condition)
assert_type(Booking.tags[1] == "a", Condition)
assert_type(Booking.tags[1:2], Expression[list[str], list[str]])
assert_type(Booking.tags[1].startswith("a"), Condition)
select(func.lower(Booking.numbers), func.upper(Booking.days))
select(func.unnest(Booking.gaps), func.cardinality(Booking.tags))
select(Booking).where(func.isempty(Booking.numbers), func.lower(Booking.numbers) > 5)
