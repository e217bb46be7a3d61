"""Messages and locks that don't fit: every line marked with an E is refused by type checkers."""

from __future__ import annotations

from asyncorm import Channel, Connection, Engine, Session
from tests.typing.good_platform import OrderPlaced, numbers, orders, texts

Channel(5)  # E the name is text
Channel(orders)  # E


async def send(session: Session, connection: Connection) -> None:
    await session.notify(orders, "an order")  # E another type
    await session.notify("orders", OrderPlaced(id=1))  # E no channel
    await session.notify(numbers)  # E the payload is missing
    await connection.notify(texts, 5)  # E another type


async def receive(engine: Engine) -> None:
    engine.listen("orders")  # E no channel
    engine.listen(orders, buffer="many")  # E a number
    engine.listen(orders, on_gap="ignore")  # E no function
    engine.listen(orders, silent=True)  # E !ty no such option
    async with engine.listen(orders) as notifications:
        async for notification in notifications:
            notification.payload.name  # E no such field
            text: str = notification.payload  # E another type
            print(text)


async def locks(engine: Engine, session: Session) -> None:
    engine.advisory_lock(1.5)  # E no key
    engine.advisory_lock((1, 2, 3))  # E two numbers
    engine.advisory_lock("report", timeout="1s")  # E seconds
    await session.advisory_lock("report", wait=False)  # E no such option
