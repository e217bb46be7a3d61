"""Rooms and bookings: one model with every range, network, bit and array type."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from uuid import UUID

from asyncorm import (
    Bit,
    BitString,
    Inet,
    Int4Range,
    MacAddr8,
    MacAddress,
    Mapped,
    MetaData,
    Model,
    Multirange,
    Range,
    Related,
    TsRange,
    VarBit,
    column,
    foreign_key,
    relationship,
)
from tests.support.typed import Mood


class Bookings(Model):
    metadata = MetaData()


class Room(Bookings, table="room"):
    id: Mapped[int] = column(primary_key=True)
    uses: Related[list[Use]] = relationship(back_populates="room")


class Use(Bookings, table="use"):
    """All of the types at once."""

    id: Mapped[int] = column(primary_key=True)
    room_id: Mapped[int] = foreign_key(Room.id)
    room: Related[Room] = relationship(back_populates="uses")
    numbers: Mapped[Range[int]]
    small: Mapped[Range[int] | None] = column(Int4Range, default=None)
    price: Mapped[Range[Decimal] | None] = column(default=None)
    days: Mapped[Range[date] | None] = column(default=None)
    at: Mapped[Range[datetime] | None] = column(default=None)
    local: Mapped[Range[datetime] | None] = column(TsRange, default=None)
    many_numbers: Mapped[Multirange[int]] = column(default=Multirange())
    many_prices: Mapped[Multirange[Decimal]] = column(default=Multirange())
    many_times: Mapped[Multirange[datetime]] = column(default=Multirange())
    address: Mapped[IPv4Address] = column(default=IPv4Address("10.0.0.1"))
    interface: Mapped[IPv4Interface] = column(
        Inet(interface=True), default=IPv4Interface("10.0.0.5/24")
    )
    net: Mapped[IPv4Network] = column(default=IPv4Network("10.0.0.0/24"))
    mac: Mapped[MacAddress | None] = column(default=None)
    mac8: Mapped[MacAddress | None] = column(MacAddr8, default=None)
    bits: Mapped[BitString] = column(default=BitString("101"))
    five: Mapped[BitString] = column(Bit(5), default=BitString("10101"))
    few: Mapped[BitString] = column(VarBit(8), default=BitString(""))
    span: Mapped[timedelta] = column(default=timedelta(0))
    tags: Mapped[list[str]] = column(default_factory=list)
    counts: Mapped[list[int]] = column(default_factory=list)
    range_list: Mapped[list[Range[int]]] = column(default_factory=list)
    price_list: Mapped[list[Range[Decimal]]] = column(default_factory=list)
    multirange_list: Mapped[list[Multirange[date]]] = column(default_factory=list)
    bit_list: Mapped[list[BitString]] = column(default_factory=list)
    mac_list: Mapped[list[MacAddress]] = column(default_factory=list)
    address_list: Mapped[list[IPv4Address]] = column(default_factory=list)
    mood_list: Mapped[list[Mood]] = column(default_factory=list)
    span_list: Mapped[list[timedelta]] = column(default_factory=list)
    uuid_list: Mapped[list[UUID]] = column(default_factory=list)
    bytes_list: Mapped[list[bytes]] = column(default_factory=list)
    decimal_list: Mapped[list[Decimal | None]] = column(default_factory=list)
    day_list: Mapped[list[date]] = column(default_factory=list)
    time_list: Mapped[list[datetime]] = column(default_factory=list)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def use(number: int) -> Use:
    """A row with something in every column."""
    day = date(2026, 1, 1) + timedelta(days=number % 1000)
    return Use(
        id=number,
        room_id=1,
        numbers=Range(number, number + 5),
        small=Range(1, 10) if number % 2 else None,
        price=Range(Decimal("1.50"), None),
        days=Range(day, day + timedelta(days=7)),
        at=Range(NOON, NOON + timedelta(hours=number % 24 + 1), bounds="[]"),
        local=Range(None, datetime(2026, 1, 1)),
        many_numbers=Multirange([Range(1, 3), Range(7, None)]),
        many_prices=Multirange([Range(Decimal(1), Decimal(2))]),
        many_times=Multirange([Range(NOON, None)]),
        address=IPv4Address(f"10.0.{number % 250}.1"),
        mac=MacAddress("08-00-2B-01-02-03"),
        mac8=MacAddress("08:00:2b:01:02:03:04:05"),
        few=BitString("0011"),
        span=timedelta(days=number % 1000, microseconds=5),
        tags=["a", "b", "c"][: number % 4],
        counts=[number, 2, 3],
        range_list=[Range(1, 2), Range(empty=True)],
        price_list=[Range(None, Decimal(3))],
        multirange_list=[Multirange([Range(day, None)]), Multirange()],
        bit_list=[BitString("0"), BitString("111111111"), BitString("")],
        mac_list=[MacAddress("08002b010203")],
        address_list=[IPv4Address("10.0.0.1")],
        mood_list=list(Mood),
        span_list=[timedelta(seconds=1)],
        uuid_list=[UUID(int=number)],
        bytes_list=[b"\0\\", b""],
        decimal_list=[Decimal("1.10"), None, Decimal("NaN")][: number % 3],
        day_list=[day],
        time_list=[NOON],
    )
