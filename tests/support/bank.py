"""A bank: the models over which two sessions quarrel, and a look at who waits for a lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, relationship
from asyncorm.engine.engine import Engine
from asyncorm.session.session import Session
from tests.support.backends import eventually
from tests.support.rows import rows

R = TypeVar("R")


class Bank(Model):
    metadata = MetaData()


class Customer(Bank, table="customer"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(unique=True)
    accounts: Related[list[Account]] = relationship(back_populates="customer", order_by="id")
    interests: Related[set[Interest]] = relationship(
        secondary="customer_interest", back_populates="customers"
    )


class Account(Bank, table="account"):
    """Has no version: who writes last has written."""

    id: Mapped[int] = column(primary_key=True)
    balance: Mapped[int] = column(default=0)
    note: Mapped[str] = column(default="")
    customer_id: Mapped[int | None] = foreign_key(Customer.id)
    customer: Related[Customer | None] = relationship(back_populates="accounts")


class Counted(Bank, table="counted_account"):
    id: Mapped[int] = column(primary_key=True)
    balance: Mapped[int] = column(default=0)
    note: Mapped[str] = column(default="")
    version: Mapped[int] = column(version=True, init=False)


class Marked(Bank, table="marked_account"):
    """Its version is the number of the transaction that wrote it."""

    id: Mapped[int] = column(primary_key=True)
    balance: Mapped[int] = column(default=0)
    note: Mapped[str] = column(default="")
    __mapper_args__ = {"version": "xmin"}


class Interest(Bank, table="interest"):
    name: Mapped[str] = column(primary_key=True)
    customers: Related[list[Customer]] = relationship(
        secondary="customer_interest", back_populates="interests"
    )


Bank.metadata.configure()


async def store(engine: Engine, *instances: Any) -> None:
    """Commit objects in a session that nobody else has."""
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()


async def waiting(engine: Engine, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
    """Start work in a task of its own, and come back when the server lets it wait for a lock."""
    task = asyncio.create_task(work)

    async def is_waiting() -> bool:
        if task.done():
            task.result()
            raise AssertionError("the work has not waited for a lock")
        found = await rows(
            engine,
            "select 1 from pg_stat_activity "
            "where wait_event_type = 'Lock' and datname = current_database()",
        )
        return bool(found)

    try:
        await eventually(is_waiting)
    except BaseException:
        task.cancel()
        raise
    return task


async def both(first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any]) -> list[Any]:
    """What two works that run at the same time return or raise."""
    return await asyncio.gather(first, second, return_exceptions=True)


async def repeated(work: Callable[[], Coroutine[Any, Any, R]], *errors: type[Exception]) -> R:
    """Repeat a whole unit of work as long as it fails in one of these ways, ten times at most."""
    for _ in range(9):
        try:
            return await work()
        except errors:
            continue
    return await work()
