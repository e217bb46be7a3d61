"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from decimal import Decimal

from asyncorm import (
    Mapped,
    Model,
    column,
    delete,

    insert,
    merge,
    old,
    select,
    update,
)


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    balance: Mapped[Decimal]


class Login(Model, table="login"):
    id: Mapped[int] = column(primary_key=True, init=False)
    user_id: Mapped[int]


update(User).set(User.age.set("x"))  # E another type
update(User).set(User.email.set(None))  # E NOT NULL
update(User).set(User.email.set(User.age))  # E another type
update(User).set(User.age > 1)  # E a condition is no assignment
update(User).where(User.age)  # E an int is no condition
delete(User).where("age = 1")  # E text is no condition
update(User).retruning(User.id)  # E no such method
delete(User).values(age=1)  # E a delete has no values
delete(User).from_(Login)  # E that is using()
update(User).using(Login)  # E that is from_()
update(User).only(True)  # E takes nothing
insert(User).where(User.id == 1)  # E an insert has no conditions
insert(User).from_select(["email"], "select 1")  # E text is no query
insert(User).on_conflict_do_update(index_elements=["email"])  # E lacks set_
insert(User).on_conflict_do_update(set_=[User.age], index_elements=["email"])  # E no assignment
statement = insert(User)
User.balance.set(statement.excluded[User.email])  # E another type
statement.excluded[User.balance] > "x"  # E another type
old(User.balance) > "x"  # E another type
old(5)  # E no column
old(User.balance * Decimal(2))  # E no column
select(User.id).add_cte(delete(User))  # E that is a statement
select(User.id).add_cte(select(User.id).scalar_subquery())  # E that is a value
merge(User).using(Login, "user_id = id")  # E text is no condition
merge(User).when_matched(User.age)  # E an int is no condition
merge(User).when_matched().insert(email="x")  # E a matched row is there already
merge(User).when_not_matched().update(email="x")  # E there is no row
merge(User).when_not_matched().delete()  # E there is no row
merge(User).when_matched().set(User.age.set("x"))  # E another type
merge(User).when_matched().where(User.id == 1)  # E the branch lacks an action
merge(User).update(age=1)  # E an action needs a branch
