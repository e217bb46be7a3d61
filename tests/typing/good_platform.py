"""Channels, listeners and locks: what type checkers know of them."""

from __future__ import annotations

from typing import assert_type

from pydantic import BaseModel

from asyncorm import AdvisoryLock, Channel, Connection, Engine, Gap, Listener, Notification, Session


class OrderPlaced(BaseModel):
    id: int


orders = Channel("orders", OrderPlaced)
numbers = Channel("numbers", int)
texts = Channel("texts")

assert_type(orders, Channel[OrderPlaced])
assert_type(numbers, Channel[int])
assert_type(texts, Channel[str])


async def send(session: Session, connection: Connection) -> None:
    await session.notify(orders, OrderPlaced(id=1))
    await session.notify(texts, "hello")
    await connection.notify(numbers, 5)


async def receive(engine: Engine) -> None:
    async with engine.listen(orders) as notifications:
        assert_type(notifications, Listener[OrderPlaced])
        async for notification in notifications:
            assert_type(notification, Notification[OrderPlaced])
            assert_type(notification.payload, OrderPlaced)
            assert_type(notification.channel, str)
    async with engine.listen(orders, numbers) as both:
        async for either in both:
            assert_type(either.payload, OrderPlaced | int)
    async with engine.listen(orders, numbers, texts, buffer=5) as three:
        async for one in three:
            assert_type(one.payload, OrderPlaced | int | str)


async def read_again(gap: Gap) -> None:
    assert_type(gap.lost, int | None)


async def options(engine: Engine) -> None:
    async with engine.listen(orders, on_gap=read_again, heartbeat=5, pooled=True):
        pass
    engine.listen(orders, on_gap=lambda gap: gap.reason == "overflow")


async def locks(engine: Engine, session: Session, connection: Connection) -> None:
    async with engine.advisory_lock("report", shared=True, timeout=0.5) as lock:
        assert_type(lock, AdvisoryLock)
        await lock.verify()
    await session.advisory_lock((1, 2))
    async with session.advisory_lock(5, timeout=0):
        pass
    await connection.advisory_lock("report")
