"""Exhibits: one entity with a column of each kind of type that expressions are made of."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from uuid import UUID

from asyncorm import (
    BitString,
    Integer,
    Mapped,
    MetaData,
    Model,
    Multirange,
    Numeric,
    Range,
    TsRange,
    TSVector,
    column,
    generated,
)
from asyncorm.types.scalars import DateTime
from tests.support.statements import Values


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Museum(Model):
    metadata = MetaData()


class Exhibit(Museum, table="exhibit"):
    """``given`` columns are NOT NULL; the others may be NULL."""

    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str]
    number: Mapped[int]
    short: Mapped[int | None] = column(Integer, default=None)
    note: Mapped[str | None] = column(default=None)
    money: Mapped[Decimal | None] = column(Numeric(10, 2), default=None)
    real: Mapped[float | None] = column(default=None)
    truth: Mapped[bool | None] = column(default=None)
    day: Mapped[date | None] = column(default=None)
    moment: Mapped[datetime | None] = column(default=None)
    naive: Mapped[datetime | None] = column(DateTime(timezone=False), default=None)
    clock: Mapped[time | None] = column(default=None)
    span: Mapped[timedelta | None] = column(default=None)
    uuid: Mapped[UUID | None] = column(default=None)
    data: Mapped[bytes | None] = column(default=None)
    array: Mapped[list[str] | None] = column(default=None)
    numbers: Mapped[list[int] | None] = column(default=None)
    days: Mapped[list[date] | None] = column(default=None)
    document: Mapped[dict[str, Any] | None] = column(default=None)
    int_range: Mapped[Range[int] | None] = column(default=None)
    money_range: Mapped[Range[Decimal] | None] = column(default=None)
    day_range: Mapped[Range[date] | None] = column(default=None)
    time_range: Mapped[Range[datetime] | None] = column(default=None)
    naive_range: Mapped[Range[datetime] | None] = column(TsRange, default=None)
    int_ranges: Mapped[Multirange[int] | None] = column(default=None)
    day_ranges: Mapped[Multirange[date] | None] = column(default=None)
    address: Mapped[IPv4Address | None] = column(default=None)
    network: Mapped[IPv4Network | None] = column(default=None)
    bits: Mapped[BitString | None] = column(default=None)
    colour: Mapped[Colour | None] = column(default=None)
    vector: Mapped[str | None] = column(TSVector, default=None)


class TypedValues(Values):
    """Values of all kinds that there is a column for."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.chance = random.Random(seed + 1)

    def short(self) -> int:
        return self.chance.randrange(1, 6)

    def real(self) -> float:
        return self.chance.randrange(-100, 100) / 8

    def truth(self) -> bool:
        return self.chance.random() < 0.5

    def naive(self) -> datetime:
        return self.time().replace(tzinfo=None)

    def clock(self) -> time:
        return time(self.chance.randrange(24), self.chance.randrange(60))

    def span(self) -> timedelta:
        return timedelta(days=self.chance.randrange(-5, 6), seconds=self.chance.randrange(9999))

    def uuid(self) -> UUID:
        return UUID(int=self.chance.randrange(5))

    def data(self) -> bytes:
        return self.chance.randbytes(self.chance.randrange(4))

    def numbers(self) -> list[int]:
        return [self.number() for _ in range(self.chance.randrange(4))]

    def days(self) -> list[date]:
        return [self.day() for _ in range(self.chance.randrange(3))]

    def int_range(self) -> Range[int]:
        return Range(*sorted((self.number(), self.number())))

    def money_range(self) -> Range[Decimal]:
        return Range(*sorted((self.money(), self.money())), bounds="[]")

    def day_range(self) -> Range[date]:
        return Range(*sorted((self.day(), self.day())))

    def time_range(self) -> Range[datetime]:
        return Range(*sorted((self.time(), self.time())))

    def naive_range(self) -> Range[datetime]:
        return Range(*sorted((self.naive(), self.naive())))

    def int_ranges(self) -> Multirange[int]:
        return Multirange([self.int_range() for _ in range(self.chance.randrange(3))])

    def day_ranges(self) -> Multirange[date]:
        return Multirange([self.day_range() for _ in range(self.chance.randrange(3))])

    def address(self) -> IPv4Address:
        return IPv4Address(self.chance.randrange(2**32))

    def network(self) -> IPv4Network:
        size = self.chance.randrange(33)
        return IPv4Network((self.chance.randrange(2**32) >> (32 - size) << (32 - size), size))

    def bits(self) -> BitString:
        return BitString(f"{self.chance.randrange(16):04b}")

    def colour(self) -> Colour:
        return self.chance.choice(list(Colour))

    def vector(self) -> str:
        return "'cat':1 'dog':2"

    # arguments that have a meaning

    def pattern(self) -> str:
        return self.chance.choice(["a.*", "^b", "[0-9]+", ""])

    def words(self) -> str:
        return self.chance.choice(["cat dog", '"big cat"', "cat or dog", "-dog", ""])

    def tsquery(self) -> str:
        return self.chance.choice(["cat & dog", "!cat", "cat | (dog & !bird)"])

    def zone(self) -> str:
        return self.chance.choice(["UTC", "Europe/Berlin", "America/New_York"])

    def place(self) -> int:
        return self.chance.randrange(1, 4)

    def key(self) -> str:
        return self.chance.choice(["a", "b", "é", ""])

    def keys(self) -> list[str]:
        return ["a", self.key()]

    def jsonpath(self) -> str:
        return self.chance.choice(["$.a", "$.a[*] ? (@ > 1)", "$.* ? (@ == 2)"])

    def json_test(self) -> str:
        return self.chance.choice(["$.a > 1", "$.b == 2"])

    def fraction(self) -> float:
        return self.chance.randrange(9) / 8

    def json(self) -> dict[str, Any]:
        return {"a": self.number(), "b": [1, {"c": self.text()}], self.text(): None}


#: the columns of each kind
COLUMNS: dict[str, list[Any]] = {
    name: [getattr(Exhibit, name)] for name in Exhibit.__table__.columns if name != "id"
}
COLUMNS["text"] += COLUMNS.pop("note")
COLUMNS["time"] = COLUMNS.pop("moment")
COLUMNS["json"] = COLUMNS.pop("document")


def exhibits() -> list[Exhibit]:
    """Rows with values of all kinds, and one with as few as there can be."""
    found = [Exhibit(text="", number=0)]
    for seed in range(8):
        values = TypedValues(seed)
        given = {kept[0].name: getattr(values, kind)() for kind, kept in COLUMNS.items()}
        found.append(Exhibit(**given))
    return found
