"""Expressions and statements are typed: what hover shows is what rows hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, assert_type

from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column
from asyncorm.models.model import Model
from asyncorm.sql.constructs import any_, case, cast, extract, literal
from asyncorm.sql.statements.insert import Insert, insert
from asyncorm.sql.statements.update import Update, update
from asyncorm.sql.statements.delete import delete
from asyncorm.sql.conditions import and_, not_, or_
from asyncorm.sql.expressions import Condition, Expression, NullExpression
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.functions.func import func
from asyncorm.sql.statements.query import Compound, union
from asyncorm.sql.statements.select import Select, exists, select
from asyncorm.sql.sources import aliased
from asyncorm.sql.table import Column, NullColumn
from asyncorm.sql.statements.raw import ident, sql


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    active: Mapped[bool] = column(default=True)
    created_at: Mapped[datetime]
    tags: Mapped[list[str]]
    settings: Mapped[dict[str, Any]]


class Book(Model, table="book"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int | None] = column(default=None)


class UserOut:
    def __init__(self, id: int, email: str) -> None: ...


# columns and conditions
assert_type(User.id, Column[int])
assert_type(User.age, NullColumn[int])
assert_type(User.email == "x", Condition)
assert_type(User.id == Book.author_id, Condition)
assert_type(User.age == None, Condition)  # noqa: E711
assert_type(User.age >= 35, Condition)
assert_type((User.email == "x") & User.active, Condition)
assert_type(~(User.email == "x") | (User.age < 3), Condition)
assert_type(and_(User.active, or_(User.id == 1, User.age.is_(None))), Expression[bool, bool])
assert_type(not_(User.active), Condition)
assert_type(User.email.like("%@x.org"), Condition)
assert_type(User.email.startswith("a"), Condition)
assert_type(User.email.contains("a"), Condition)
assert_type(User.tags.contains(["a"]), Condition)
assert_type(User.tags.any("a"), Condition)
assert_type(User.settings.contains({"a": 1}), Condition)
assert_type(User.settings["a"]["b"].astext, Expression[str, str | None])
assert_type(User.id.in_([1, 2]), Condition)
assert_type(User.id.in_(select(Book.author_id)), Condition)
assert_type(User.id.in_(select(Book.id)), Condition)
assert_type(User.id.between(1, 5), Condition)
assert_type(User.id == any_(select(Book.id)), Condition)
assert_type(exists(select(Book).where(Book.author_id == User.id)), Condition)

# arithmetic and functions
assert_type(User.id + 1, Expression[int, int])
assert_type(User.age + 1, Expression[int, int | None])
assert_type(User.id / 2, Expression[Decimal, Decimal])
assert_type(User.created_at + timedelta(days=1), Expression[datetime, datetime])
assert_type(User.created_at > func.now() - timedelta(days=1), Condition)
assert_type(func.count(), FunctionCall[int, int])
assert_type(func.max(User.age), NullFunctionCall[int])
assert_type(func.sum(User.age), NullFunctionCall[int])
assert_type(func.lower(User.email), FunctionCall[str, str])
assert_type(func.coalesce(User.age, 0), FunctionCall[int, int])
assert_type(cast(User.id, str), Expression[str, str])
assert_type(cast(User.age, str), Expression[str, str | None])
assert_type(select(extract("year", User.created_at)), Select[int])
assert_type(select(literal(1)), Select[int])
assert_type(select(case((User.active, "yes"), else_="no")), Select[str])

# statements
assert_type(select(User), Select[User])
assert_type(select(User.id), Select[int])
assert_type(select(User.age), Select[int | None])
assert_type(select(User.id, User.email), Select[tuple[int, str]])
assert_type(select(User, Book.title), Select[tuple[User, str]])
assert_type(select(User, Book, func.count()), Select[tuple[User, Book, int]])
assert_type(
    select(User.age, func.count(), func.max(User.id)), Select[tuple[int | None, int, int | None]]
)
assert_type(select(User.id.label("n")), Select[int])
assert_type(select(User.id, User.id, User.id, User.id, User.id, User.id, User.id, User.id, User.id, User.email),
            Select[tuple[int, int, int, int, int, int, int, int, int, str]])
assert_type(select(User).where(User.email == "x", User.active).order_by(User.id.desc()), Select[User])
assert_type(select(User).join(Book, Book.author_id == User.id).limit(3), Select[User])
assert_type(select(User.id, User.email).into(UserOut), Select[UserOut])
assert_type(select(User.id).scalar_subquery(), NullExpression[int])
assert_type(union(select(User.id), select(Book.id)), Compound[int])
assert_type(aliased(User), type[User])
assert_type(select(aliased(User)), Select[User])
assert_type(insert(User).values(email="x").returning(User), Insert[User])
assert_type(insert(User).values([{"email": "x"}]).returning(User.id, User.email), Insert[tuple[int, str]])
assert_type(update(User).values(age=3).where(User.id == 1).returning(User.id), Update[int])
update(User).set(User.email.set("x"), User.age.set(None), User.id.set(User.id + 1)).where(User.id == 1)
delete(User).where(User.id == 1)
sql("select {} from {}", 5, ident("users")).into(UserOut)
