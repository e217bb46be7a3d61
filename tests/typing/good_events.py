"""A listener stays what it is under its decorator, and a scoped session is typed like a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_type

from asyncorm import (
    Execution,
    Mapped,
    MetaData,
    Model,
    Session,
    SessionFactory,
    column,
    event,
    scoped_session,
    select,
)


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]


@event.listens_for(Session, "before_commit")
async def audit(session: Session) -> None:
    session.add(User(name="audit"))


@event.listens_for(User, "before_insert", once=True, insert=True)
def born(session: Session, user: User) -> None:
    user.name = user.name.title()


@event.listens_for(Session, "do_orm_execute")
def look(session: Session, execution: Execution) -> None:
    if execution.is_select:
        execution.statement = execution.statement.limit(10)


later: Callable[[Session], Awaitable[None]] = audit
at_once: Callable[[Session, User], None] = born
event.remove(Session, "before_commit", audit)
assert_type(event.contains(User, "before_insert", born), bool)


async def use(factory: SessionFactory) -> None:
    scoped = scoped_session(factory)
    assert_type(scoped(), Session)
    scoped.add(User(name="a"))
    assert_type(await scoped.get(User, 1), User | None)
    assert_type(await scoped.all(select(User)), list[User])
    assert_type(scoped.registry.has(), bool)
    async with scoped as session:
        assert_type(session, Session)
    await scoped.remove()
