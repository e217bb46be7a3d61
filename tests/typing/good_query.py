"""Windows, functions, arithmetic and the like: what hover shows is what rows hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import assert_type

from asyncorm import (
    Condition,
    Expression,
    Mapped,
    Model,
    Select,
    Window,
    case,
    column,
    except_all,
    func,
    select,
    tablesample,
    tuple_,
    type_coerce,
    values,
    window,
)
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall, Over
from asyncorm.sql.statements.query import Compound


class Item(Model, table="item"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    note: Mapped[str | None] = column(default=None)
    price: Mapped[Decimal]
    weight: Mapped[float]
    count: Mapped[int]
    limit: Mapped[int | None] = column(default=None)
    day: Mapped[date]
    due: Mapped[date | None] = column(default=None)
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = column(default=None)
    takes: Mapped[timedelta]
    tags: Mapped[list[str]]


# arithmetic
assert_type(Item.count + 1, Expression[int, int])
assert_type(Item.limit * 2, Expression[int, int | None])
assert_type(Item.count * Item.price, Expression[Decimal, Decimal])
assert_type(Item.limit * Item.price, Expression[Decimal, Decimal | None])
assert_type(Item.price * Item.count, Expression[Decimal, Decimal])
assert_type(Item.price * 2, Expression[Decimal, Decimal])
assert_type(2 * Item.price, Expression[Decimal, Decimal])
assert_type(1 - Item.count, Expression[int, int])
assert_type(Item.weight * 1.5, Expression[float, float])
assert_type(Item.weight + 1, Expression[float, float])
assert_type(Item.count / 2, Expression[Decimal, Decimal])
assert_type(Item.count // 2, Expression[int, int])
assert_type(Item.count % 2, Expression[int, int])
assert_type(Item.price % 2, Expression[Decimal, Decimal])
assert_type(-Item.price, Expression[Decimal, Decimal])
assert_type(Item.day + 1, Expression[date, date])
assert_type(Item.day - Item.day, Expression[int, int])
assert_type(Item.day - Item.due, Expression[int, int])
assert_type(Item.due - Item.day, Expression[int, int | None])
assert_type(Item.day + timedelta(days=1), Expression[datetime, datetime])
assert_type(Item.made_at - timedelta(days=1), Expression[datetime, datetime])
assert_type(Item.made_at + Item.takes, Expression[datetime, datetime])
assert_type(Item.made_at - Item.sent_at, Expression[timedelta, timedelta])
assert_type(Item.sent_at - Item.made_at, Expression[timedelta, timedelta | None])
assert_type(datetime(2026, 1, 1, tzinfo=UTC) - Item.made_at, Expression[timedelta, timedelta])
assert_type(Item.takes * 2, Expression[timedelta, timedelta])
assert_type(Item.takes / 1.5, Expression[timedelta, timedelta])
assert_type(Item.takes + Item.takes, Expression[timedelta, timedelta])
assert_type(Item.name + "!", Expression[str, str])
assert_type("no. " + Item.name, Expression[str, str])
select(func.anything(Item.name) + 1)
assert_type(Item.count.bitwise_and(4), Expression[int, int])
assert_type(Item.limit.bitwise_not(), Expression[int, int | None])
assert_type(Item.note.collate("C"), Expression[str, str | None])
assert_type(Item.made_at.at_time_zone("Europe/Berlin"), Expression[datetime, datetime])
assert_type(Item.count.between(5, 1, symmetric=True), Condition)

# windows
assert_type(func.row_number().over(order_by=Item.id), Over[int, int])
assert_type(func.lag(Item.name).over(order_by=Item.id), Over[str, str | None])
assert_type(func.lag(Item.name, default="").over(order_by=Item.id), Over[str, str])
assert_type(func.sum(Item.count).over(order_by=Item.id, rows=(-1, None)), Over[int, int | None])
assert_type(func.last_value(Item.note).over(), Over[str, str | None])
assert_type(
    func.avg(Item.price).over(order_by=Item.day, range_=(timedelta(days=-7), 0)),
    Over[Decimal, Decimal | None],
)
assert_type(select(func.percent_rank().over(order_by=Item.price)), Select[float])

# aggregates
assert_type(func.percentile_cont(0.5).within_group(Item.count), NullFunctionCall[float])
assert_type(func.percentile_cont([0.1, 0.9]).within_group(Item.count), NullFunctionCall[list[float]])
assert_type(func.mode().within_group(Item.name), NullFunctionCall[str])
assert_type(func.percentile_disc(0.5).within_group(Item.price), NullFunctionCall[Decimal])
assert_type(func.rank(5).within_group(Item.count), FunctionCall[int, int])
assert_type(func.stddev(Item.count), NullFunctionCall[Decimal])
assert_type(func.stddev(Item.weight), NullFunctionCall[float])
assert_type(func.corr(Item.count, Item.price), NullFunctionCall[float])
assert_type(func.bit_or(Item.count), NullFunctionCall[int])
assert_type(func.every(Item.count > 1), NullFunctionCall[bool])
select(func.count()).group_by(func.rollup(Item.day, (Item.name, Item.count)))
select(func.count(), func.grouping(Item.day)).group_by(func.grouping_sets([Item.day], []))

# functions
assert_type(func.substring(Item.note, 1, 3), FunctionCall[str, str | None])
assert_type(func.length(Item.name), FunctionCall[int, int])
assert_type(func.length(Item.note), NullFunctionCall[int])
assert_type(func.round(Item.price, 1), FunctionCall[Decimal, Decimal])
assert_type(func.ceil(Item.weight), FunctionCall[float, float])
assert_type(func.power(Item.price, 2), FunctionCall[Decimal, Decimal])
assert_type(func.date_trunc("day", Item.sent_at), FunctionCall[datetime, datetime | None])
assert_type(func.make_interval(months=1), FunctionCall[timedelta, timedelta])
assert_type(func.to_char(Item.price, "FM990.00"), NullFunctionCall[str])
assert_type(func.current_date(), FunctionCall[date, date])
assert_type(func.generate_series(1, 5), FunctionCall[int, int])
assert_type(func.unnest(Item.tags), FunctionCall[str, str])
assert_type(select(func.unnest(Item.tags).column_valued("tag")), Select[str])
assert_type(select(case({"a": 1, "b": 2}, value=Item.name, else_=0)), Select[int])
assert_type(select(case({"a": 1}, value=Item.name)), Select[int | None])

# rows of values, values, samples
assert_type(tuple_(Item.id, Item.name) == (1, "x"), Condition)
assert_type(tuple_(Item.day, Item.id) > (date(2026, 1, 1), 5), Condition)
assert_type(tuple_(Item.id, Item.name).in_([(1, "a"), (2, "b")]), Condition)
assert_type(tuple_(Item.id, Item.name).in_(select(Item.id, Item.name)), Condition)
assert_type(tablesample(Item, func.bernoulli(5), seed=1), type[Item])
assert_type(select(tablesample(Item, 5.5)), Select[Item])
rows = values({"id": int, "name": Item.name}, [(1, "a"), {"id": 2, "name": "b"}], name="rows")
select(Item).join(rows, rows.c.id == Item.id).with_for_update(of=[Item], skip_locked=True)
select(func.unnest(Item.tags).table_valued({"tag": str}, with_ordinality="n").c.tag)
assert_type(type_coerce(Item.count, str), Expression[str, str])
assert_type(window(partition_by=Item.name, order_by=[Item.id]), Window)
assert_type(func.rank().over(window(order_by=Item.id)), Over[int, int])

# statements
assert_type(except_all(select(Item.id), select(Item.count)), Compound[int])
assert_type(select(Item).intersect_all(select(Item)), Compound[Item])
select(Item).join(Item, full=True).fetch(3, with_ties=True)
assert_type(select(Item.id).union(select(Item.count)).order_by(Item.id).limit(1).subquery().c.id == 1, Condition)
