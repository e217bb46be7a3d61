"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from asyncorm import Inet, Mapped, Model, Range, case, column, func, select


class Item(Model, table="item"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    price: Mapped[Decimal]
    weight: Mapped[float]
    sold: Mapped[bool]
    day: Mapped[date]
    at: Mapped[datetime]
    tags: Mapped[list[str]]
    span: Mapped[Range[int]]
    address: Mapped[IPv4Address | IPv6Address] = column(Inet)
    data: Mapped[dict[str, Any]]


ADDRESS = ip_address("10.0.0.1")

Item.price > "5"  # E another type
Item.price > 0.5  # E a floating number is no exact one
Item.price.between(1, "5")  # E another type
Item.price.in_([1, "5"])  # E another type
Item.price == Item.name  # E !ty another type
func.coalesce(func.sum(Item.price), "0")  # E another type
Item.name.is_(True)  # E no truth value
Item.id.is_not(False)  # E no truth value
Item.name.bitwise_and("x")  # E no bits
Item.weight.bitwise_not()  # E no bits
Item.sold.bitwise_or(True)  # E no bits
Item.id.bitwise_xor("1")  # E another type
Item.day.bitwise_lshift(1)  # E no bits
Item.name.contains(ADDRESS)  # E no network
Item.id.contained_by(ADDRESS)  # E no network
Item.weight.overlaps(ADDRESS)  # E no network
Item.name.strictly_contains(ADDRESS)  # E no network
Item.address.strictly_contains("10.0.0.1")  # E another type
Item.address.contains(5)  # E another type
Item.span.contains("a")  # E another type
Item.tags.contains([1])  # E another type
case((Item.name, 1))  # E text is no condition
case((Item.sold, Item.name), else_=1)  # E !ty another type
select(case((Item.sold, "a"))).where(case((Item.sold, "a"), else_="b"))  # E !mypy text is no condition
func.sum(Item.name)  # E no number
func.avg(Item.day)  # E no number
func.sum(Item.sold)  # E no number
func.bit_and(Item.name)  # E no bits
func.unnest(Item.id)  # E no array
func.coalesce(Item.id)  # E one value is no choice
