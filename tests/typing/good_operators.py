"""Operators of every type take what PostgreSQL takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import assert_type

from asyncorm import (
    BitString,
    Condition,
    Expression,
    Inet,
    Mapped,
    Model,
    Select,
    VarBit,
    case,
    column,
    func,
    select,
)


class Item(Model, table="item"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    note: Mapped[str | None]
    price: Mapped[Decimal]
    discount: Mapped[Decimal | None]
    weight: Mapped[float]
    sold: Mapped[bool]
    returned: Mapped[bool | None]
    day: Mapped[date]
    flags: Mapped[BitString] = column(VarBit(8))
    address: Mapped[IPv4Address | IPv6Address] = column(Inet)


# whole numbers beside decimals
assert_type(Item.price > 15, Condition)
assert_type(Item.price == 15, Condition)
assert_type(Item.discount != 0, Condition)
assert_type(Item.discount == None, Condition)  # noqa: E711
assert_type(Item.price <= Item.id, Condition)
assert_type(Item.price.between(1, Decimal("2.5")), Condition)
assert_type(Item.price.in_([1, Decimal("2.5")]), Condition)
assert_type(Item.price.not_in((1, 2)), Condition)
assert_type(Item.price.in_(select(Item.price)), Condition)
assert_type(select(func.coalesce(func.sum(Item.price), 0)), Select[Decimal])
assert_type(Item.weight > 15, Condition)

# truth values and NULL
assert_type(Item.sold.is_(True), Condition)
assert_type(Item.returned.is_not(False), Condition)
assert_type(Item.name.is_(None), Condition)
assert_type(Item.note.is_not(None), Condition)
assert_type(Item.note.is_(Item.name), Condition)

# bits and networks
assert_type(Item.id.bitwise_and(3), Expression[int, int])
assert_type(Item.flags.bitwise_or(BitString("1")), Expression[BitString, BitString])
assert_type(Item.flags.bitwise_not(), Expression[BitString, BitString])
assert_type(Item.address.contained_by(ip_network("10.0.0.0/8")), Condition)
assert_type(Item.address.contains(ip_address("10.0.0.1")), Condition)
assert_type(Item.address.overlaps(Item.address), Condition)
assert_type(Item.address.strictly_contained_by(ip_network("10.0.0.0/8")), Condition)

# days
assert_type(Item.day + Item.id, Expression[date, date])
assert_type(Item.day + 1, Expression[date, date])

# choices
assert_type(select(case((Item.sold, Item.weight))), Select[float | None])
assert_type(select(case((Item.sold, "yes"))), Select[str | None])
assert_type(select(case((Item.sold, Item.name), else_="-")), Select[str])
assert_type(select(case((Item.sold, Item.name), (Item.returned, Item.name), else_="-")), Select[str])
assert_type(select(func.sum(case((Item.sold, 1), else_=0))), Select[int | None])
assert_type(select(func.count(case((Item.sold, 1)))), Select[int])

# functions
assert_type(select(func.sum(Item.weight), func.sum(Item.id)), Select[tuple[float | None, int | None]])
assert_type(select(func.avg(Item.id), func.avg(Item.weight)), Select[tuple[Decimal | None, float | None]])
assert_type(select(func.lower("ABC"), func.upper(Item.note)), Select[tuple[str, str | None]])
assert_type(select(func.coalesce(Item.note, Item.name)), Select[str])
func.sum(func.price_of(Item.id)).label("total")
func.sum(func.price_of(Item.id, type_=Decimal))
