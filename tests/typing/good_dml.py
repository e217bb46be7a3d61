"""Statements that change rows are typed: what they take, and the rows that come back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, assert_type

from pydantic import BaseModel

from asyncorm import (
    Delete,
    Insert,
    Mapped,
    Merge,
    Model,
    NullExpression,
    Session,
    Update,
    aliased,
    column,
    default,
    delete,
    func,
    insert,
    merge,
    merge_action,
    new,
    old,
    select,
    update,
)
from asyncorm.sql.table import Column, NullColumn


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    active: Mapped[bool] = column(default=True)
    balance: Mapped[Decimal]


class Login(Model, table="login"):
    id: Mapped[int] = column(primary_key=True, init=False)
    user_id: Mapped[int]


class Read(BaseModel):
    id: int
    email: str


@dataclass
class Summary:
    id: int


class Row(NamedTuple):
    id: int


# the rows that come back

ten = (User.id, User.email, User.age, User.active, User.balance)
assert_type(insert(User).returning(User), Insert[User])
assert_type(
    insert(User).returning(
        User.id, User.email, User.age, User.active, User.balance,
        User.id, User.email, User.age, User.active, User,
    ),
    Insert[
        tuple[int, str, int | None, bool, Decimal, int, str, int | None, bool, User]
    ],
)
assert_type(
    update(User).values(age=1).returning(
        User.id, User.email, User.age, User.active, User.balance,
        User.id, User.email, User.age, User.active, User,
    ),
    Update[
        tuple[int, str, int | None, bool, Decimal, int, str, int | None, bool, User]
    ],
)
assert_type(
    delete(User).returning(User.id, User.email, User.age, User.active, User.balance, Login),
    Delete[tuple[int, str, int | None, bool, Decimal, Login]],
)
assert_type(
    delete(User).returning(
        User.id, User.email, User.age, User.active, User.balance, User.id, User.email
    ),
    Delete[tuple[int, str, int | None, bool, Decimal, int, str]],
)
assert_type(insert(User).returning(User.id, sort_by_parameter_order=True), Insert[int])
assert_type(update(User).returning(User.id).where(User.id == 1), Update[int])
assert_type(update(User).returning((User.balance * Decimal(2)).label("twice")), Update[Decimal])
assert_type(delete(User).returning(func.upper(User.email), User.age), Delete[tuple[str, int | None]])

# into other classes

assert_type(insert(User).returning(User.id, User.email).into(Read), Insert[Read])
assert_type(update(User).returning(User).into(Read), Update[Read])
assert_type(delete(User).returning(User.id).into(Row), Delete[Row])

# before and after

assert_type(old(User.balance), NullExpression[Decimal])
assert_type(new(User.age), NullExpression[int])
assert_type(
    update(User).returning(User.id, old(User.balance), new(User.age)),
    Update[tuple[int, Decimal | None, int | None]],
)
assert_type(old(User).email, NullColumn[Any])
update(User).returning(*old(User), *new(User))

# values

update(User).set(User.age.set(None), User.balance.set(User.balance * Decimal(2)), User.email.set(default()))
update(User).values({(User.age, User.email): select(Login.id, User.email)})
update(User).from_(Login).join(User, User.id == Login.user_id).where(Login.id == 1).only()
delete(User).using(Login).outerjoin(User, User.id == Login.user_id).options()
other = aliased(User)
assert_type(update(other).set(other.age.set(User.age)).returning(other.age), Update[int | None])

# conflicts

statement = insert(User).values(email="x", balance=Decimal(1))
assert_type(statement.excluded[User.balance], Column[Decimal])
assert_type(statement.excluded[User.age], NullColumn[int])
assert_type(statement.excluded["age"], NullColumn[Any])
assert_type(statement.excluded.age, NullColumn[Any])
statement.on_conflict_do_update(
    index_elements=[User.email, func.lower(User.email), "email"],
    set_=[User.balance.set(User.balance + statement.excluded[User.balance])],
    where=statement.excluded[User.balance] > User.balance,
)
statement.overriding_system_value().on_conflict_do_nothing(constraint="uq_users_email")
insert(User).from_select([User.email, "age"], select(User.email, User.age))

# merge

merged = (
    merge(User)
    .using(Login, Login.user_id == User.id, Login.id > 0)
    .when_matched(User.active)
    .update({User.age: 5}, email="x")
    .when_matched()
    .set(User.balance.set(User.balance + Decimal(1)))
    .when_matched()
    .delete()
    .when_not_matched(Login.id == 1)
    .insert(email="x", balance=Login.id)
    .when_not_matched()
    .do_nothing()
    .when_not_matched_by_source()
    .delete()
)
assert_type(merged.returning(User), Merge[User])
assert_type(
    merged.returning(merge_action(), User.id, old(User.age)), Merge[tuple[str, int, int | None]]
)
assert_type(merged.returning(User.id).into(Summary), Merge[Summary])

# common table expressions

gone = delete(User).returning(User.id).cte("gone")
assert_type(gone.c.id, NullColumn[Any])
select(Login.id).add_cte(gone, merged.cte())
insert(User).add_cte(gone)


async def rows(session: Session) -> None:
    assert_type(await session.all(update(User).returning(User.id)), list[int])
    assert_type(await session.all(merged.returning(merge_action(), User.id)), list[tuple[str, int]])
    assert_type(await session.all(update(User).returning(User).into(Read)), list[Read])
    found = await session.execute(delete(User).returning(old(User.email), User.age))
    assert_type(found.all(), list[tuple[str | None, int | None]])
