"""Entities with a column of each type that travels as text, and values for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from asyncorm import (
    Array,
    CIText,
    Composite,
    CustomType,
    Domain,
    EnumType,
    HalfVector,
    HStore,
    JSONPath,
    LTree,
    Mapped,
    MetaData,
    Model,
    NamedType,
    Numeric,
    Related,
    SparseVector,
    Text,
    TSQuery,
    TSVector,
    Vector,
    column,
    foreign_key,
    relationship,
)
from asyncorm.types.scalars import BigInteger


class Texts(Model):
    metadata = MetaData()


class Color(Enum):
    RED = "red"
    O_HARE = "o'\"hare, {x}"


class Size(Enum):
    SMALL = 1
    LARGE = 2


class Place(NamedTuple):
    """A composite inside another one."""

    name: str
    height: int | None = None


class Address(NamedTuple):
    street: str | None
    place: Annotated[Place | None, Composite(Place)] = None
    tags: list[str] | None = None
    places: Annotated[list[Place] | None, Array(Composite(Place))] = None
    document: Place | None = None


@dataclass
class Line:
    article: str
    price: Decimal | None = None
    marks: list[str] = field(default_factory=list)


class Everything(BaseModel):
    """A field of every type that a composite can have."""

    number: int | None = None
    text: str | None = None
    flag: bool | None = None
    exact: Decimal | None = None
    real: float | None = None
    data: bytes | None = None
    day: date | None = None
    moment: datetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    key: UUID | None = None
    host: IPv4Address | None = None
    color: Color | None = None
    document: dict[str, Any] | None = None
    numbers: list[int] | None = None


class Cash:
    """Money of the application: no class that pydantic or PostgreSQL know."""

    def __init__(self, amount: Decimal) -> None:
        self.amount = amount

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cash) and other.amount == self.amount

    def __hash__(self) -> int:
        return hash(self.amount)


class CashType(CustomType[Cash]):
    sql = Numeric(12, 2)

    def to_sql(self, value: Cash) -> Decimal:
        return value.amount

    def from_sql(self, value: Decimal) -> Cash:
        return Cash(value)


class Bag:
    """A value that changes inside."""

    def __init__(self, *items: str) -> None:
        self.items = list(items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bag) and other.items == self.items

    __hash__ = None  # type: ignore[assignment]


class BagType(CustomType[Bag]):
    sql = Array(Text)
    mutable = True

    def to_sql(self, value: Bag) -> list[str]:
        return value.items

    def from_sql(self, value: list[str]) -> Bag:
        return Bag(*value)


EMAIL = Domain("email_address", Text, check="VALUE ~ '@'")
PRICE = Domain("price", Numeric(10, 2), check="VALUE >= 0")


class Wide(Texts, table="wide"):
    """What every server has."""

    id: Mapped[int] = column(primary_key=True)
    email: Mapped[str | None] = column(EMAIL, default=None)
    emails: Mapped[list[str] | None] = column(Array(EMAIL), default=None)
    price: Mapped[Decimal | None] = column(PRICE, default=None)
    prices: Mapped[list[Decimal] | None] = column(Array(PRICE), default=None)
    address: Mapped[Address | None] = column(Composite(Address), default=None)
    addresses: Mapped[list[Address] | None] = column(Array(Composite(Address)), default=None)
    line: Mapped[Line | None] = column(Composite(Line, name="order_line"), default=None)
    everything: Mapped[Everything | None] = column(Composite(Everything), default=None)
    color: Mapped[Color | None] = column(EnumType(Color, native=False), default=None)
    colors: Mapped[list[Color] | None] = column(Array(EnumType(Color, native=False)), default=None)
    size: Mapped[Size | None] = column(EnumType(Size, native=False), default=None)
    vector: Mapped[str | None] = column(TSVector, default=None)
    vectors: Mapped[list[str] | None] = column(Array(TSVector), default=None)
    query: Mapped[str | None] = column(TSQuery, default=None)
    path: Mapped[str | None] = column(JSONPath, default=None)
    paths: Mapped[list[str] | None] = column(Array(JSONPath), default=None)
    lsn: Mapped[str | None] = column(NamedType("pg_lsn"), default=None)
    lsns: Mapped[list[str] | None] = column(Array(NamedType("pg_lsn")), default=None)
    code: Mapped[str | None] = column(NamedType("bpchar", 3), default=None)
    cash: Mapped[Cash | None] = column(CashType, default=None)
    cashes: Mapped[list[Cash] | None] = column(Array(CashType), default=None)
    bag: Mapped[Bag | None] = column(BagType, default=None)


class Extended(Texts, table="extended"):
    """What comes with PostgreSQL as extensions."""

    id: Mapped[int] = column(primary_key=True)
    word: Mapped[str | None] = column(CIText, default=None)
    words: Mapped[list[str] | None] = column(Array(CIText), default=None)
    pairs: Mapped[dict[str, str | None] | None] = column(HStore, default=None)
    many: Mapped[list[dict[str, str | None]] | None] = column(Array(HStore), default=None)
    label: Mapped[str | None] = column(LTree, default=None)
    labels: Mapped[list[str] | None] = column(Array(LTree), default=None)


class Near(Texts, table="near"):
    """What pgvector has."""

    id: Mapped[int] = column(primary_key=True)
    place: Mapped[list[float] | None] = column(Vector(3), default=None)
    places: Mapped[list[list[float]] | None] = column(Array(Vector(2)), default=None)
    half: Mapped[list[float] | None] = column(HalfVector(2), default=None)
    sparse: Mapped[dict[int, float] | None] = column(SparseVector(5), default=None)


class Owner(Texts, table="owner"):
    """An object of each, for loading along relationships."""

    id: Mapped[int] = column(primary_key=True)
    things: Related[list[Thing]] = relationship(order_by="id")


class Thing(Texts, table="thing"):
    id: Mapped[int] = column(primary_key=True)
    owner_id: Mapped[int] = foreign_key(Owner.id)
    email: Mapped[str | None] = column(EMAIL, default=None)
    price: Mapped[Decimal | None] = column(PRICE, default=None)
    emails: Mapped[list[str] | None] = column(Array(EMAIL), default=None)
    address: Mapped[Address | None] = column(Composite(Address), default=None)
    line: Mapped[Line | None] = column(Composite(Line, name="order_line"), default=None)
    color: Mapped[Color | None] = column(EnumType(Color, native=False), default=None)
    vector: Mapped[str | None] = column(TSVector, default=None)
    cash: Mapped[Cash | None] = column(CashType, default=None)
    count: Mapped[int] = column(Domain("counted", BigInteger), default=0)


ODD = ["", "NULL", "\\N", "a\"b'c{},()\n\t", "äöü€😀", " x ", "=>", '""', "\\"]
PLACES = [Place("x", 1), Place("", None), Place('a "b", (c)', -2)]
ADDRESSES = [
    Address("s"),
    Address(None),
    Address('a ("b"), \\', PLACES[2], ['x"', "", "NULL"], PLACES),
    Address("", PLACES[1], [], [], PLACES[2]),
]
FULL = Everything(
    number=2**62,
    text='""',
    flag=False,
    exact=Decimal("123456789.123456789"),
    real=0.1,
    data=b"\x00\xff\\",
    day=date(2026, 1, 2),
    moment=datetime(2026, 1, 2, 3, 4, 5, 60, UTC),
    clock=time(1, 2, 3, 4),
    span=timedelta(days=-3, hours=5, microseconds=7),
    key=UUID(int=7),
    host=IPv4Address("10.0.0.1"),
    color=Color.O_HARE,
    document={"a": [1, {"b": '"'}]},
    numbers=[1, -2],
)
VALUES: dict[type[Any], dict[str, list[Any]]] = {
    Wide: {
        "email": ["a@b", '"@"'],
        "emails": [[], ["a@b", "x,@"]],
        "price": [Decimal("0.00"), Decimal("12.30")],
        "prices": [[], [Decimal("1.10")]],
        "address": ADDRESSES,
        "addresses": [[], ADDRESSES],
        "line": [Line("a"), Line(" b ", Decimal("1.50"), ["m", 'n"'])],
        "everything": [Everything(), FULL],
        "color": list(Color),
        "colors": [[], list(Color)],
        "size": list(Size),
        "vector": ["'a':1 'b':2", ""],
        "vectors": [[], ["'it''s':1", "'x'"]],
        "query": ["'a' & 'b'", "!'c' | 'd'"],
        "path": ['$."a"', '$."b"[*]?(@ > 1)'],
        "paths": [[], ['$."a"']],
        "lsn": ["0/10", "A/1"],
        "lsns": [[], ["0/10"]],
        "code": ["abc", "xyz"],
        "cash": [Cash(Decimal("1.50")), Cash(Decimal("-2.00"))],
        "cashes": [[], [Cash(Decimal("1.50"))]],
        "bag": [Bag(), Bag("a", 'b"')],
    },
    Extended: {
        "word": ODD,
        "words": [[], ODD],
        "pairs": [{}, {"a": "1", "b": None}, {word: word for word in ODD}],
        "many": [[], [{"a": None}, {"b": '"'}]],
        "label": ["a.b.c", ""],
        "labels": [[], ["a.b", "c"]],
    },
    Near: {
        "place": [[1.0, 2.5, -3.0], [0.0, 0.0, 1e-3]],
        "places": [[], [[1.0, 2.0], [0.5, 0.25]]],
        "half": [[1.0, 0.5], [2.0, -4.0]],
        "sparse": [{}, {1: 1.5, 5: -2.0}],
    },
}
#: types that PostgreSQL can't compare
INCOMPARABLE = {"path", "paths"}
EXTENSIONS = {Wide: (), Extended: ("citext", "hstore", "ltree"), Near: ("vector",)}
KINDS = list(VALUES)
