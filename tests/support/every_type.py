"""Every type of the library: a class with a column of it, and values that hypothesis draws."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import ipaddress
import math
import types
from decimal import Decimal
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field

from asyncorm import (
    JSON,
    JSONB,
    Array,
    Bit,
    BitString,
    CalendarInterval,
    Cidr,
    CIText,
    Composite,
    DateTime,
    Domain,
    EndOfDay,
    EnumType,
    HalfVector,
    HStore,
    Inet,
    Int4Range,
    Integer,
    JSONPath,
    LTree,
    MacAddr,
    MacAddr8,
    MacAddress,
    Mapped,
    MetaData,
    Model,
    Multirange,
    NamedType,
    Numeric,
    OutOfRangeDate,
    OutOfRangeDateTime,
    Range,
    Real,
    Related,
    SmallInteger,
    SparseVector,
    SQLType,
    String,
    Text,
    Time,
    TSQuery,
    TsRange,
    TSVector,
    VarBit,
    Vector,
    column,
    foreign_key,
    relationship,
)
from asyncorm.types.resolve import coerce_type
from tests.support.many_types import Bag, BagType, Cash, CashType


class Every(Model):
    metadata = MetaData()


class Grade(enum.Enum):
    GOOD = "good"
    ODD = 'o"d, {\\}'
    NULL = "NULL"


class Step(enum.IntEnum):
    FIRST = 1
    SECOND = 2


class Home(BaseModel):
    street: str
    since: datetime.date | None = None
    price: Decimal = Decimal("1.10")


@dataclasses.dataclass
class Dot:
    x: int
    y: float


class Corner(NamedTuple):
    x: int | None
    name: str | None = None


CORNER = Composite(Corner, name="every_corner")


class Figure(NamedTuple):
    name: str | None
    corner: Annotated[Corner | None, CORNER] = None
    corners: Annotated[
        list[Corner | None] | None, Array(Composite(Corner, name="every_corner"))
    ] = None
    at: datetime.datetime | None = None
    price: Decimal | None = None
    tags: list[str | None] | None = None


class Grid(NamedTuple):
    words: Annotated[list[list[str]] | None, Array(Text, dimensions=2)] = None
    numbers: Annotated[list[list[int]] | None, Array(Integer, dimensions=2)] = None


class Case(NamedTuple):
    annotation: Any
    type: SQLType[Any]
    values: st.SearchStrategy[Any]
    #: whether PostgreSQL has an order of them
    ordered: bool = True
    #: whether == of PostgreSQL tells them apart as Python does
    equal: bool = True
    extension: str | None = None


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.one_of(
    st.text(characters, max_size=12),
    st.sampled_from(["", "NULL", "null", '"', "\\", "{}", ",", "'", " a ", "\\N", "\n", "\\\\x"]),
)
UTC = datetime.UTC
zones = st.integers(-15 * 60, 15 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
naive = st.datetimes(datetime.datetime(1, 1, 3), datetime.datetime(9999, 12, 29))
local = naive | st.sampled_from(
    [datetime.datetime.max, datetime.datetime.min, OutOfRangeDateTime(-(10**17))]
)
aware = st.one_of(
    st.builds(lambda moment, zone: moment.replace(tzinfo=zone), naive, zones),
    st.sampled_from(
        [
            datetime.datetime.max,
            datetime.datetime.min,
            OutOfRangeDateTime(10**18, UTC),
            OutOfRangeDateTime(-(10**17), UTC),
        ]
    ),
)
days = st.dates() | st.sampled_from(
    [datetime.date.max, datetime.date.min, OutOfRangeDate(-1), OutOfRangeDate(4_000_000)]
)
spans = st.one_of(
    st.timedeltas(datetime.timedelta(days=-100_000), datetime.timedelta(days=100_000)),
    st.builds(
        CalendarInterval,
        st.integers(-120_000, 120_000).filter(bool),
        st.integers(-1000, 1000),
        st.integers(-(10**12), 10**12),
    ),
)
exact = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=6),
    st.sampled_from(
        [Decimal(text) for text in ("0", "0.00", "1E+30", "1e-30", "NaN", "Infinity", "-Infinity")]
    ),
    st.integers(-(10**40), 10**40).map(Decimal),
)
money = st.decimals(-(10**9), 10**9, places=2)
json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**70), 2**70), st.floats(-1e9, 1e9), texts),
    lambda inner: st.one_of(
        st.lists(st.none() | inner, max_size=3),
        st.dictionaries(texts, st.none() | inner, max_size=3),
    ),
    max_leaves=6,
)
addresses = st.ip_addresses()
interfaces = st.builds(
    lambda address, size: ipaddress.ip_interface(f"{address}/{size}"), addresses, st.integers(0, 32)
)
macs = st.binary(min_size=6, max_size=6).map(lambda data: MacAddress(data.hex()))
long_macs = st.binary(min_size=8, max_size=8).map(lambda data: MacAddress(data.hex()))
homes = st.builds(Home, street=texts, price=money)
corners = st.builds(Corner, st.none() | st.integers(-9, 9), st.none() | texts)
figures = st.builds(
    Figure,
    st.none() | texts,
    st.none() | corners,
    st.none() | st.lists(st.none() | corners, max_size=2),
    st.none() | naive.map(lambda moment: moment.replace(tzinfo=UTC)),
    st.none() | money,
    st.none() | st.lists(st.none() | texts, max_size=2),
)
labels = st.sampled_from(["a", "a.b", "a.b.c_1", ""])
cashes = money.map(Cash)


def matrices(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    """Lists of equally long lists, or an empty one."""
    return st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(values, min_size=width, max_size=width), max_size=3)
    )


def ranges(bounds: st.SearchStrategy[Any]) -> st.SearchStrategy[Range[Any]]:
    def built(low: Any, high: Any, kind: Any) -> Range[Any]:
        if low is not None and high is not None and low > high:
            low, high = high, low
        return Range(low, high, bounds=kind)

    kinds = st.sampled_from(["[)", "(]", "[]", "()"])
    ends = st.none() | bounds
    return st.builds(built, ends, ends, kinds) | st.just(Range(empty=True))


def multiranges(bounds: st.SearchStrategy[Any]) -> st.SearchStrategy[Multirange[Any]]:
    return st.lists(ranges(bounds), max_size=3).map(Multirange)


finite_days = st.dates(datetime.date(2, 1, 1), datetime.date(9990, 1, 1))
finite_moments = naive.map(lambda moment: moment.replace(tzinfo=UTC))
finite_numbers = money | st.integers(-(10**20), 10**20).map(Decimal)
small = st.integers(-(2**30), 2**30)
bits = st.text("01", max_size=12).map(BitString)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SINGLE: dict[str, Case] = {
    "SmallInts": Case(int, SmallInteger(), st.integers(-(2**15), 2**15 - 1)),
    "Ints": Case(int, Integer(), st.integers(-(2**31), 2**31 - 1)),
    "BigInts": Case(int, coerce_type(int), st.integers(-(2**63), 2**63 - 1)),
    "Floats": Case(float, coerce_type(float), st.floats()),
    "Reals": Case(float, Real(), st.floats(width=32)),
    "Numerics": Case(Annotated[Decimal, Field(allow_inf_nan=True)], Numeric(), exact),
    "Moneys": Case(Decimal, Numeric(12, 2), money),
    "Bools": Case(bool, coerce_type(bool), st.booleans()),
    "Texts": Case(str, Text(), texts),
    "Strings": Case(str, String(20), texts),
    "Dates": Case(datetime.date, coerce_type(datetime.date), days),
    "Times": Case(datetime.time, Time(), st.times() | st.just(EndOfDay())),
    "ZonedTimes": Case(
        datetime.time,
        Time(timezone=True),
        st.times(timezones=zones) | zones.map(EndOfDay),
    ),
    "Locals": Case(datetime.datetime, DateTime(timezone=False), local),
    "Moments": Case(datetime.datetime, DateTime(), aware),
    "Spans": Case(datetime.timedelta, coerce_type(datetime.timedelta), spans, equal=False),
    "Uuids": Case(UUID, coerce_type(UUID), st.uuids()),
    "Binaries": Case(bytes, coerce_type(bytes), st.binary(max_size=20)),
    "Addresses": Case(Address, Inet(), addresses),
    "Interfaces": Case(Interface, Inet(interface=True), interfaces),
    "Networks": Case(Network, Cidr(), addresses.map(ipaddress.ip_network)),
    "Macs": Case(MacAddress, MacAddr(), macs),
    "LongMacs": Case(MacAddress, MacAddr8(), long_macs),
    "Bits": Case(BitString, Bit(5), st.text("01", min_size=5, max_size=5).map(BitString)),
    "VarBits": Case(BitString, VarBit(), bits),
    "Enums": Case(Grade, EnumType(Grade, name="every_grade"), st.sampled_from(Grade)),
    "TextEnums": Case(Grade, EnumType(Grade, native=False), st.sampled_from(Grade)),
    "IntEnums": Case(Step, coerce_type(Step), st.sampled_from(Step)),
    "Documents": Case(Any, JSONB(), json_values),
    "RawDocuments": Case(Any, JSON(), json_values, ordered=False, equal=False),
    "Models": Case(Home, coerce_type(Home), homes),
    "ModelLists": Case(list[Home], coerce_type(list[Home]), st.lists(homes, max_size=2)),
    "Dataclasses": Case(Dot, coerce_type(Dot), st.builds(Dot, x=st.integers(), y=st.floats(0, 1))),
    "Urls": Case(AnyUrl, coerce_type(AnyUrl), st.just(AnyUrl("https://example.org/a?b=c'd"))),
    "Int4Ranges": Case(Range[int], Int4Range(), ranges(small)),
    "IntRanges": Case(Range[int], coerce_type(Range[int]), ranges(st.integers(-(2**60), 2**60))),
    "NumRanges": Case(Range[Decimal], coerce_type(Range[Decimal]), ranges(finite_numbers)),
    "DateRanges": Case(
        Range[datetime.date], coerce_type(Range[datetime.date]), ranges(finite_days)
    ),
    "LocalRanges": Case(Range[datetime.datetime], TsRange(), ranges(naive)),
    "MomentRanges": Case(
        Range[datetime.datetime], coerce_type(Range[datetime.datetime]), ranges(finite_moments)
    ),
    "IntMultiranges": Case(Multirange[int], coerce_type(Multirange[int]), multiranges(small)),
    "NumMultiranges": Case(
        Multirange[Decimal], coerce_type(Multirange[Decimal]), multiranges(finite_numbers)
    ),
    "DateMultiranges": Case(
        Multirange[datetime.date], coerce_type(Multirange[datetime.date]), multiranges(finite_days)
    ),
    "MomentMultiranges": Case(
        Multirange[datetime.datetime],
        coerce_type(Multirange[datetime.datetime]),
        multiranges(finite_moments),
    ),
    "Domains": Case(str, Domain("every_word", Text, check="VALUE <> 'no'"), texts),
    "Prices": Case(Decimal, Domain("every_price", Numeric(12, 2)), money),
    "Composites": Case(Figure, Composite(Figure, name="every_figure"), figures),
    "TSVectors": Case(str, TSVector(), st.sampled_from(["'a':1 'b':2", "", "'it''s':1"])),
    "TSQueries": Case(str, TSQuery(), st.sampled_from(["'a' & 'b'", "!'c' | 'd'"])),
    "JSONPaths": Case(
        str, JSONPath(), st.sampled_from(['$."a"', '$."b"[*]?(@ > 1)']), False, False
    ),
    "Lsns": Case(str, NamedType("pg_lsn"), st.sampled_from(["0/10", "A/1"])),
    "Cashes": Case(Any, CashType(), cashes),
    "CITexts": Case(str, CIText(), texts, True, False, "citext"),
    "HStores": Case(
        dict[str, str | None],
        HStore(),
        st.dictionaries(texts, st.none() | texts, max_size=3),
        True,
        True,
        "hstore",
    ),
    "LTrees": Case(str, LTree(), labels, True, True, "ltree"),
    "Vectors": Case(
        list[float],
        Vector(2),
        st.lists(st.sampled_from([0.5, -1.0, 3.25]), min_size=2, max_size=2),
        extension="vector",
    ),
    "HalfVectors": Case(
        list[float],
        HalfVector(2),
        st.lists(st.sampled_from([0.5, -1.0, 3.25]), min_size=2, max_size=2),
        extension="vector",
    ),
    "SparseVectors": Case(
        dict[int, float],
        SparseVector(5),
        st.dictionaries(st.integers(1, 5), st.sampled_from([0.5, -1.0]), max_size=3),
        extension="vector",
    ),
}
OVER_ARRAYS: dict[str, Case] = {
    "Bags": Case(Any, BagType(), st.lists(texts, max_size=3).map(lambda items: Bag(*items))),
    "WordLists": Case(
        list[str | None],
        Domain("every_words", Array(Text)),
        st.lists(st.none() | texts, max_size=3),
    ),
    "ArrayComposites": Case(
        Grid,
        Composite(Grid, name="every_grid"),
        st.builds(Grid, st.none() | matrices(texts), st.none() | matrices(small)),
    ),
}
ARRAYS: dict[str, Case] = {
    f"{name}Array": case._replace(
        annotation=list[Any],
        type=Array(case.type),
        values=st.lists(st.none() | case.values, max_size=3),
    )
    for name, case in SINGLE.items()
}
#: one of each way in which elements travel
_KINDS = ("Ints", "Moneys", "Strings", "Moments", "Bits", "Enums", "TextEnums", "Documents",
          "MomentRanges", "Prices", "Composites", "Cashes", "CITexts", "Vectors")  # fmt: skip
MATRICES: dict[str, Case] = {
    f"{name}Matrix": case._replace(
        annotation=list[Any],
        type=Array(case.type, dimensions=2),
        values=matrices(st.none() | case.values),
    )
    for name, case in SINGLE.items()
    if name in _KINDS
}
CASES = SINGLE | OVER_ARRAYS | ARRAYS | MATRICES


def holder(name: str, case: Case) -> Any:
    """A mapped class with a column of the type, whose objects may be parts of each other."""

    def body(space: dict[str, Any]) -> None:
        space["__module__"] = __name__
        space["__annotations__"] = {
            "id": Mapped[int],
            "parent_id": Mapped[int | None],
            "value": Mapped[case.annotation | None],
            "parent": Related[f"{name} | None"],
            "parts": Related[f"list[{name}]"],
        }
        space["id"] = column(primary_key=True)
        space["parent_id"] = foreign_key(f"every_{name.lower()}.id")
        space["value"] = column(case.type, default=None)
        space["parent"] = relationship(back_populates="parts", remote_side="id")
        space["parts"] = relationship(back_populates="parent", order_by="id")

    return types.new_class(name, (Every,), {"table": f"every_{name.lower()}"}, body)


HOLDERS = {name: holder(name, case) for name, case in CASES.items()}


def shown(value: Any) -> Any:
    """A form in which == tells what a database must not change, and nothing else."""
    if isinstance(value, (list, Multirange)):
        return [shown(item) for item in value]
    if isinstance(value, (Corner, Figure, Grid)):
        return tuple(shown(item) for item in value)
    if isinstance(value, Bag):
        return value.items
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, float):
        # jsonb has one kind of number: 1e16 is a whole number there
        return "nan" if math.isnan(value) else (value, math.copysign(1, value)) if value else value
    if isinstance(value, Decimal):
        return str(value) if value.is_nan() else value
    return value
