"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from asyncorm import Mapped, Model, case, column, func, select, tablesample, tuple_, values


class Item(Model, table="item"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    price: Mapped[Decimal]
    weight: Mapped[float]
    active: Mapped[bool]
    day: Mapped[date]
    made_at: Mapped[datetime]
    takes: Mapped[timedelta]


Item.name * 2  # E no such operator
Item.name - "x"  # E no such operator
Item.name + 1  # E text and a number
-Item.name  # E no such operator
Item.active + True  # E no such operator
Item.active * 2  # E no such operator
Item.day + Item.day  # E dates can't be added
Item.made_at + Item.made_at  # E times can't be added
Item.made_at + 1  # E not a number of days
Item.takes * Item.takes  # E intervals can't be multiplied
Item.takes + 1  # E not an interval
Item.weight % 2  # E no rest of floating numbers
Item.weight // 2  # E no such operator
Item.price.bitwise_and(1)  # E whole numbers only
Item.id.collate("C")  # E text only
Item.name.at_time_zone("UTC")  # E times only
func.round(Item.name)  # E numbers only
func.round(Item.weight, 2)  # E exact numbers only
func.substring(Item.id, 1)  # E text only
func.date_trunc("fortnight", Item.made_at)  # E no such unit
func.date_trunc("day", Item.name)  # E times only
func.bit_and(Item.price)  # E whole numbers only
func.stddev(Item.name)  # E numbers only
func.every(Item.id)  # E conditions only
func.generate_series(datetime.min, datetime.max)  # E needs a step
select(func.row_number())  # E needs over()
select(func.mode())  # E needs within_group()
select(func.rollup(Item.id))  # E for group_by() only
func.sum(Item.id).over(rows=1)  # E a tuple
func.sum(Item.id).over(rows=(-1, "x"))  # E a number
func.sum(Item.id).over(order_by=Item.id, rows=(-1, 0), exclude="x")  # E no such exclusion
func.lag(Item.name, default=1)  # E another type
case({1: "a"}, value=Item.name)  # E keys of another type
select(Item.id).union(select(Item.name))  # E other rows
select(Item).where(tuple_(Item.id, Item.name) == (1, 2))  # E another type
tuple_(Item.id, Item.name) < (1,)  # E another length
tuple_(Item.id, Item.name).in_([(1, 2)])  # E another type
tuple_(Item.id, Item.name).in_(select(Item.id))  # E another length
tablesample(Item, "10")  # E not a percentage
values([(1,)])  # E columns first
func.percentile_cont(0.5).within_group(Item.name)  # E numbers only
func.rank().over(rows=(0, 1), partition="x")  # E no such part
select(Item.id).fetch("1")  # E not a number
