"""Ranges, networks, bits and arrays: what type checkers must report."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Address

from asyncorm import Range, func, select
from tests.typing.good_ranges import Booking

Booking.numbers.contains("x")  # E bounds of another type
Booking.numbers.contains(Range("a", "b"))  # E bounds of another type
Booking.days.contains(5)  # E a day, not a number
Booking.numbers.overlaps(5)  # E an element does not overlap
Booking.numbers.overlaps(Booking.days)  # E ranges of another type
Booking.numbers.adjacent_to(Range(date(2026, 1, 1), None))  # E bounds of another type
Booking.id.overlaps(Range(1, 2))  # E no range
Booking.id.strictly_left_of(Range(1, 2))  # E no range
Booking.net.contains("10.0.0.1")  # E text is no address
Booking.net.strictly_contains(5)  # E a number is no address
Booking.tags.strictly_contained_by(IPv4Address("10.0.0.1"))  # E no network
select(Booking).where(Booking.mac == "08:00:2b:01:02:03")  # E text is no address
Booking.mac.like("08%")  # E no text to PostgreSQL
Booking.bits.bitwise_and(5)  # E no bit string
Booking.tags.overlaps("abc")  # E no list
Booking.tags.contains([1])  # E elements of another type
Booking.tags.all(1)  # E an element of another type
func.isempty(Booking.id)  # E no range
func.cardinality(Booking.id)  # E no array
func.array_append(Booking.tags, 5)  # E an element of another type
func.int8range("a", None)  # E no number
