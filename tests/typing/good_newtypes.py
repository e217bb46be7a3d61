"""Types of extensions, composites, full-text search, vectors and custom types are typed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple, assert_type

from asyncorm import (
    CIText,
    Composite,
    Condition,
    CustomType,
    Domain,
    Expression,
    HStore,
    JSONPath,
    Mapped,
    MetaData,
    Model,
    Numeric,
    Select,
    Text,
    TSVector,
    Vector,
    column,
    func,
    select,
)
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.functions.search import SearchCall, SearchOperation


class Address(NamedTuple):
    street: str
    number: int | None = None


class Cash:
    def __init__(self, amount: Decimal) -> None:
        self.amount = amount


class CashType(CustomType[Cash]):
    sql = Numeric(12, 2)

    def to_sql(self, value: Cash) -> Decimal:
        return value.amount

    def from_sql(self, value: Decimal) -> Cash:
        return Cash(value)


class Base(Model):
    metadata = MetaData()


class Post(Base, table="post"):
    id: Mapped[int] = column(primary_key=True)
    email: Mapped[str] = column(Domain("email", Text, check="VALUE ~ '@'"))
    name: Mapped[str] = column(CIText)
    pairs: Mapped[dict[str, str | None]] = column(HStore)
    address: Mapped[Address] = column(Composite(Address))
    other: Mapped[Address | None] = column(Composite(Address), default=None)
    search: Mapped[str] = column(TSVector, init=False, computed=func.to_tsvector("english", "name"))
    path: Mapped[str] = column(JSONPath)
    place: Mapped[list[float]] = column(Vector(3))
    cash: Mapped[Cash] = column(CashType)


assert_type(Post.search.match("cat"), Condition)
assert_type(Post.name.match("cat", config="english"), Condition)
query = func.to_tsquery("english", "cat")
assert_type(query, SearchCall)
assert_type(query & ~func.plainto_tsquery("dog"), SearchOperation)
assert_type(query.followed_by(func.phraseto_tsquery("a dog")), SearchOperation)
assert_type(Post.search.match(query | query), Condition)
assert_type(func.ts_rank(Post.search, query), FunctionCall[float, float])
assert_type(func.ts_headline("english", Post.name, query), FunctionCall[str, str])
assert_type(func.setweight(func.to_tsvector(Post.name), "A").concat(Post.search), Expression[str, str])

distance = Post.place.l2_distance([1.0, 2.0, 3.0])
assert_type(distance, Expression[float, float])
assert_type(select(Post.id, distance), Select[tuple[int, float]])
select(Post).order_by(Post.place.cosine_distance(Post.place)).where(distance < 1.5)

assert_type(Post.pairs.has_any(["a"]), Condition)
assert_type(func.akeys(Post.pairs), FunctionCall[list[str], list[str]])
assert_type(func.avals(Post.pairs), FunctionCall[list[str | None], list[str | None]])
assert_type(
    func.delete(Post.pairs, "a"), FunctionCall[dict[str, str | None], dict[str, str | None]]
)
assert_type(Post.pairs.contains({"a": "b"}), Condition)

assert_type(Post.address.field(lambda address: address.street), Expression[str, str | None])
assert_type(Post.other.field(lambda address: address.street) == "x", Condition)
assert_type(Post.address.field("street"), Expression[Any, Any])
assert_type(Post.address == Address("x"), Condition)
assert_type(Post.cash.in_([Cash(Decimal(1))]), Condition)
assert_type(select(func.max(Post.cash)), Select[Cash | None])
