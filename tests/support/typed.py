"""A model with a column of every type and of arrays of it, and rows with unusual values."""

from __future__ import annotations

import datetime
import enum
import ipaddress
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AnyUrl, BaseModel

from asyncorm import (
    JSON,
    JSONB,
    Integer,
    Mapped,
    MetaData,
    Model,
    Numeric,
    Real,
    Related,
    SmallInteger,
    String,
    column,
    foreign_key,
    relationship,
)
from asyncorm.types.scalars import DateTime, Time


class Mood(enum.Enum):
    GLAD = "glad"
    ODD = 'o"d, {\\}'
    NULL = "NULL"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    street: str
    since: datetime.date | None = None
    price: Decimal = Decimal("1.10")


class Typed(Model):
    metadata = MetaData()


class Shelf(Typed, table="typed_shelf"):
    id: Mapped[int] = column(primary_key=True)
    things: Related[list[Thing]] = relationship(back_populates="shelf", order_by="id")


class Thing(Typed, table="thing"):
    id: Mapped[int] = column(primary_key=True)
    shelf_id: Mapped[int] = foreign_key(Shelf.id)
    shelf: Related[Shelf] = relationship(back_populates="things")
    small: Mapped[int | None] = column(SmallInteger, default=None)
    whole: Mapped[int | None] = column(Integer, default=None)
    large: Mapped[int | None] = column(default=None)
    double: Mapped[float | None] = column(default=None)
    real: Mapped[float | None] = column(Real, default=None)
    exact: Mapped[Decimal | None] = column(default=None)
    money: Mapped[Decimal | None] = column(Numeric(12, 2), default=None)
    truth: Mapped[bool | None] = column(default=None)
    text: Mapped[str | None] = column(default=None)
    short: Mapped[str | None] = column(String(20), default=None)
    day: Mapped[datetime.date | None] = column(default=None)
    clock: Mapped[datetime.time | None] = column(default=None)
    zoned_time: Mapped[datetime.time | None] = column(Time(timezone=True), default=None)
    moment: Mapped[datetime.datetime | None] = column(default=None)
    naive: Mapped[datetime.datetime | None] = column(DateTime(timezone=False), default=None)
    duration: Mapped[datetime.timedelta | None] = column(default=None)
    token: Mapped[UUID | None] = column(default=None)
    data: Mapped[bytes | None] = column(default=None)
    address: Mapped[ipaddress.IPv4Address | ipaddress.IPv6Address | None] = column(default=None)
    interface: Mapped[ipaddress.IPv4Interface | None] = column(default=None)
    network: Mapped[ipaddress.IPv4Network | None] = column(default=None)
    mood: Mapped[Mood | None] = column(default=None)
    level: Mapped[Level | None] = column(default=None)
    document: Mapped[dict[str, Any] | None] = column(JSONB, default=None)
    raw: Mapped[Any | None] = column(JSON, default=None)
    home: Mapped[Address | None] = column(default=None)
    homes: Mapped[list[Address] | None] = column(default=None)
    url: Mapped[AnyUrl | None] = column(default=None)
    numbers: Mapped[list[int] | None] = column(default=None)
    exacts: Mapped[list[Decimal | None] | None] = column(default=None)
    words: Mapped[set[str] | None] = column(default=None)
    moods: Mapped[list[Mood | None] | None] = column(default=None)
    moments: Mapped[list[datetime.datetime] | None] = column(default=None)
    addresses: Mapped[list[ipaddress.IPv4Address] | None] = column(default=None)
    datas: Mapped[list[bytes] | None] = column(default=None)
    durations: Mapped[list[datetime.timedelta] | None] = column(default=None)


def things() -> list[Thing]:
    """Rows with nothing, with usual values and with unusual ones."""
    utc = datetime.UTC
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    exact = Decimal("12345678901234567890.123456789012345678900")
    usual = Thing(
        id=2,
        shelf_id=1,
        small=-5,
        whole=7,
        large=2**53 + 1,
        double=0.1,
        real=1.5,
        exact=exact,
        money=Decimal("1.10"),
        truth=True,
        text='a "b", {c}\\',
        short="",
        day=datetime.date(2024, 2, 29),
        clock=datetime.time(23, 59, 59, 999999),
        zoned_time=datetime.time(1, 2, 3, tzinfo=zone),
        moment=datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=zone),
        naive=datetime.datetime(2024, 5, 6, 7, 8, 9),
        duration=datetime.timedelta(days=-3, seconds=5, microseconds=7),
        token=UUID(int=5),
        data=b"\0\xff'",
        address=ipaddress.IPv6Address("::1"),
        interface=ipaddress.IPv4Interface("10.0.0.1/8"),
        network=ipaddress.IPv4Network("10.0.0.0/8"),
        mood=Mood.ODD,
        level=Level.HIGH,
        document={"a": [1, None, {"b": 1.5}], "n": 2**70},
        raw=[1, "x", None],
        home=Address(street="s", since=datetime.date(2000, 1, 1)),
        homes=[Address(street="1"), Address(street="2", price=exact)],
        url=AnyUrl("https://example.org/a?b=c'd"),
        numbers=[3, -1, 2**62],
        exacts=[exact, None],
        words={"x", "", "NULL"},
        moods=[Mood.NULL, None, Mood.ODD],
        moments=[datetime.datetime(1999, 1, 1, tzinfo=utc)],
        addresses=[ipaddress.IPv4Address("1.2.3.4")],
        datas=[b"", b"\xfe"],
        durations=[datetime.timedelta(days=40, microseconds=1)],
    )
    odd = Thing(
        id=3,
        shelf_id=1,
        large=-(2**63),
        double=float("inf"),
        real=float("-inf"),
        exact=Decimal("1E+30"),
        text="\u2028\ud7ff\U0001f600\t",
        day=datetime.date.max,
        clock=datetime.time(0),
        moment=datetime.datetime.max.replace(tzinfo=utc),
        naive=datetime.datetime.min,
        duration=datetime.timedelta(0),
        data=b"",
        mood=Mood.NULL,
        document={},
        numbers=[],
        exacts=[],
        words=set(),
        moods=[],
        homes=[],
    )
    return [Thing(id=1, shelf_id=1), usual, odd]
