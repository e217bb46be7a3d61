"""LISTEN and NOTIFY: typed, with the transaction, and nothing lost without a word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from asyncorm import (
    Channel,
    Gap,
    Listener,
    MissedNotifications,
    Notification,
    Session,
    create_engine,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.errors import (
    ArgumentError,
    ConfigurationError,
    ConnectionLost,
    DataError,
    InvalidRequestError,
    OperationalError,
    PayloadError,
    PoolTimeout,
)
from tests.support.backends import eventually
from tests.support.wire import WireProxy


class OrderPlaced(BaseModel):
    id: int
    item: str


@dataclass
class Point:
    x: int
    y: int


class Color(Enum):
    RED = "red"


class Remark(BaseModel):
    text: str = ""


orders = Channel("orders", OrderPlaced)
texts = Channel("texts")


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[WireProxy]:
    async with WireProxy(database_url) as proxy:
        yield proxy


async def take(listener: Listener[Any], count: int = 1) -> list[Any]:
    async with asyncio.timeout(30):
        return [(await anext(listener)).payload for _ in range(count)]


async def nothing_comes(listener: Listener[Any]) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await anext(listener)
    except TimeoutError:
        return True
    return False


async def say(engine: Engine, *payloads: str) -> None:
    async with engine.connect() as connection:
        for payload in payloads:
            await connection.notify(texts, payload)


async def break_listeners(engine: Engine) -> None:
    async with engine.connect() as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )


async def listening(engine: Engine) -> int:
    """How many listeners the server knows of in this database."""
    async with engine.connect() as connection:
        records = await connection.fetch(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND query LIKE 'LISTEN%'"
        )
    return int(records[0][0])


async def nobody_listens(engine: Engine) -> bool:
    async def nobody() -> bool:
        return not await listening(engine)

    await eventually(nobody)
    return True


# ------------------------------------------------------------------------------------ messages


async def test_a_message_arrives_with_the_commit_once_and_typed(engine: Engine) -> None:
    async with engine.listen(orders) as notifications, Session(engine) as session:
        await session.notify(orders, OrderPlaced(id=1, item="tea"))
        assert await nothing_comes(notifications)
        await session.commit()
        async with asyncio.timeout(30):
            notification = await anext(notifications)
        assert notification.payload == OrderPlaced(id=1, item="tea")
        assert isinstance(notification.payload, OrderPlaced)
        assert notification.channel == "orders"
        assert notification.pid > 0
        assert await nothing_comes(notifications)
    assert await nobody_listens(engine)


async def test_a_message_that_is_rolled_back_is_never_sent(engine: Engine) -> None:
    async with engine.listen(orders) as notifications, Session(engine) as session:
        await session.notify(orders, OrderPlaced(id=1, item="tea"))
        await session.rollback()
        await session.notify(orders, OrderPlaced(id=2, item="tea"))
        async with session.begin_nested() as savepoint:
            await session.notify(orders, OrderPlaced(id=3, item="tea"))
            await savepoint.rollback()
        await session.commit()
        assert [order.id for order in await take(notifications)] == [2]
        assert await nothing_comes(notifications)


async def test_a_connection_sends_at_once_or_with_its_transaction(engine: Engine) -> None:
    async with engine.listen(texts) as notifications:
        await say(engine, "at once")
        assert await take(notifications) == ["at once"]
        async with engine.begin() as connection:
            await connection.notify(texts, "later")
            assert await nothing_comes(notifications)
        assert await take(notifications) == ["later"]


@pytest.mark.parametrize(
    ("payload", "raw"),
    [
        (5, "5"),
        ("a 'quoted' \"text\" \N{SNOWMAN}", "a 'quoted' \"text\" \N{SNOWMAN}"),
        ("", ""),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (date(2026, 1, 2), "2026-01-02"),
        (Color.RED, "red"),
        (Point(1, 2), '{"x":1,"y":2}'),
        ([1, 2], "[1,2]"),
        (None, "null"),
    ],
    ids=repr,
)
async def test_payloads_of_many_types(engine: Engine, payload: Any, raw: str) -> None:
    channel: Channel[Any] = Channel("anything", type(payload))
    async with engine.listen(channel) as notifications, engine.connect() as connection:
        await connection.notify(channel, payload)
        async with asyncio.timeout(30):
            notification = await anext(notifications)
        assert (notification.raw, notification.payload) == (raw, payload)
        assert type(notification.payload) is type(payload)


@pytest.mark.parametrize("name", ["Orders", 'a "quoted"; name', "ä" * 31 + "x", "select", "$1"])
async def test_any_name_of_63_bytes_is_a_channel(engine: Engine, name: str) -> None:
    channel = Channel(name)
    async with engine.listen(channel) as notifications, engine.connect() as connection:
        await connection.notify(channel, "hello")
        async with asyncio.timeout(30):
            notification = await anext(notifications)
        assert (notification.channel, notification.payload) == (name, "hello")


@pytest.mark.parametrize("name", ["", "x" * 64, "ä" * 32, "nul\0"])
def test_a_name_that_the_server_would_cut_or_refuse(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="name"):
        Channel(name)


async def test_the_longest_payload_arrives_and_a_longer_one_is_refused(engine: Engine) -> None:
    async with engine.listen(texts) as notifications, Session(engine) as session:
        with pytest.raises(DataError, match="has 8000 bytes, PostgreSQL takes 7999") as refused:
            await session.notify(texts, "x" * 8000)
        assert "send its key" in str(refused.value)
        await session.notify(texts, "ä" * 3999 + "x")
        await session.commit()
        assert await take(notifications) == ["ä" * 3999 + "x"]


@pytest.mark.parametrize(
    ("payload_type", "payload"),
    [
        (OrderPlaced, Color.RED),
        (OrderPlaced, Remark()),
        (list[OrderPlaced], [Remark()]),
        (int, True),
    ],
)
def test_what_is_none_of_the_type_is_refused_when_it_is_sent(
    payload_type: Any, payload: Any
) -> None:
    """Pydantic writes a Remark where an OrderPlaced is due, as {}."""
    channel: Channel[Any] = Channel("strict", payload_type)
    with pytest.raises(DataError, match="is no "):
        channel.encode(payload)


async def test_a_payload_that_can_not_be_sent_leaves_the_session_as_it_was(engine: Engine) -> None:
    wrong: Any = "not an order"
    async with Session(engine) as session:
        with pytest.raises(DataError, match="a value of type str is no OrderPlaced"):
            await session.notify(orders, wrong)
        with pytest.raises(DataError, match="NUL"):
            await session.notify(texts, "a\0b")
        assert not session.in_transaction()
        with pytest.raises(ArgumentError, match="takes a Channel, not str"):
            await session.notify(wrong, "x")


async def test_a_payload_of_another_type_is_an_error_where_it_is_read(engine: Engine) -> None:
    async with engine.listen(orders) as notifications, engine.connect() as connection:
        await connection.execute(sql("SELECT pg_notify('orders', {})", "no secret order"))
        await connection.notify(orders, OrderPlaced(id=2, item="tea"))
        async with asyncio.timeout(30):
            wrong = await anext(notifications)
        with pytest.raises(PayloadError) as error:
            assert wrong.payload
        assert error.value.detail == wrong.raw == "no secret order"
        assert "secret" not in str(error.value)
        assert (await take(notifications))[0].id == 2


async def test_several_channels_come_in_the_order_of_the_commits(engine: Engine) -> None:
    numbers = Channel("numbers", int)
    async with engine.listen(texts, numbers) as notifications, engine.connect() as connection:
        await connection.notify(texts, "5")
        await connection.notify(numbers, 5)
        await connection.notify(texts, "6")
        assert await take(notifications, 3) == ["5", 5, "6"]


async def test_listeners_of_one_engine_get_everything_each(engine: Engine) -> None:
    async with engine.listen(texts) as one, engine.listen(texts) as two:
        await say(engine, "a", "b")
        assert await take(one, 2) == await take(two, 2) == ["a", "b"]


# --------------------------------------------------------------------------------------- faults


async def test_a_broken_connection_is_made_again_and_the_gap_is_an_error(engine: Engine) -> None:
    async with engine.listen(texts) as notifications:
        await say(engine, "before")
        assert await take(notifications) == ["before"]
        await break_listeners(engine)
        with pytest.raises(MissedNotifications, match="sent meanwhile are missing") as missed:
            await take(notifications)
        assert missed.value.gap == Gap("disconnected")
        await say(engine, "after")
        assert await take(notifications) == ["after"]
    assert await nobody_listens(engine)


async def test_on_gap_is_called_before_what_follows(engine: Engine) -> None:
    told: list[object] = []

    async def read_again(gap: Gap) -> None:
        told.append(gap)
        await say(engine, "sent while the gap is dealt with")

    async with engine.listen(texts, on_gap=read_again) as notifications:
        await say(engine, "waiting in the buffer")
        await eventually(lambda: "1 waiting" in repr(notifications))
        await break_listeners(engine)
        await eventually(lambda: not notifications.connected)
        assert await take(notifications) == ["waiting in the buffer"]
        assert told == []
        assert await take(notifications) == ["sent while the gap is dealt with"]
        assert told == [Gap("disconnected")]


async def test_a_gap_that_nobody_has_dealt_with_is_told_again(engine: Engine) -> None:
    told: list[Gap] = []

    def fail_once(gap: Gap) -> None:
        told.append(gap)
        if len(told) == 1:
            raise RuntimeError("not now")

    async with engine.listen(texts, on_gap=fail_once) as notifications:
        await break_listeners(engine)
        with pytest.raises(RuntimeError, match="not now"):
            await take(notifications)
        await say(engine, "after")
        assert await take(notifications) == ["after"]
        assert len(told) == 2


async def test_a_consumer_too_slow_for_the_buffer_is_told_how_much_is_lost(engine: Engine) -> None:
    async with engine.listen(texts, buffer=3) as notifications:
        await say(engine, *"abcdefg")
        await eventually(lambda: Gap("overflow", 4) in notifications._waiting)
        assert await take(notifications, 3) == ["a", "b", "c"]
        with pytest.raises(MissedNotifications, match="4 notifications came while") as missed:
            await take(notifications)
        assert missed.value.gap == Gap("overflow", 4)
        await say(engine, "h")
        assert await take(notifications) == ["h"]


async def test_a_server_that_is_away_is_asked_again_until_it_is_back(
    proxy: WireProxy, engine: Engine
) -> None:
    listening_engine = create_engine(proxy.url)
    async with listening_engine, listening_engine.listen(texts) as notifications:
        waiting = asyncio.create_task(take(notifications))
        await asyncio.sleep(0)
        listening_engine.pool.timeout = 0.05
        proxy.blackhole()
        proxy.cut()
        await eventually(lambda: notifications._failures > 2)
        assert not notifications.connected
        listening_engine.pool.timeout = 30
        proxy.heal()
        with pytest.raises(MissedNotifications):
            await waiting
        await say(engine, "after")
        assert await take(notifications) == ["after"]


async def test_a_refusal_is_no_reason_to_try_again(proxy: WireProxy, engine: Engine) -> None:
    url = re.sub("//[^@/]*@", "//refused_listener@", proxy.url)
    async with engine.connect() as connection:
        await connection.command("CREATE ROLE refused_listener LOGIN")
    try:
        async with create_engine(url) as refused, refused.listen(texts) as notifications:
            async with engine.connect() as connection:
                await connection.command("ALTER ROLE refused_listener NOLOGIN")
            await break_listeners(engine)
            async with asyncio.timeout(30):
                with pytest.raises(OperationalError, match="not permitted to log in"):
                    await anext(notifications)
            async with engine.connect() as connection:
                await connection.command("ALTER ROLE refused_listener LOGIN")
            with pytest.raises(MissedNotifications):
                await take(notifications)
    finally:
        async with engine.connect() as connection:
            await connection.command("DROP ROLE refused_listener")


async def test_a_dead_peer_is_found_by_the_heartbeat(proxy: WireProxy, engine: Engine) -> None:
    listening_engine = create_engine(proxy.url)
    async with listening_engine, listening_engine.listen(texts, heartbeat=1) as notifications:
        connections = proxy.connections
        waiting = asyncio.create_task(take(notifications))
        answered = proxy.ready
        await eventually(lambda: proxy.ready > answered)
        assert proxy.statements[-1] == "SELECT 1"
        assert proxy.connections == connections, "a quiet server is no dead one"
        notifications._heartbeat = listening_engine.pool.timeout = 0.05
        proxy.blackhole()
        await eventually(lambda: not notifications.connected)
        notifications._heartbeat = listening_engine.pool.timeout = 30
        proxy.heal()
        with pytest.raises(MissedNotifications):
            await waiting
        await say(engine, "after")
        assert await take(notifications) == ["after"]


async def test_a_server_that_can_not_be_reached_is_an_error_at_the_beginning(
    proxy: WireProxy,
) -> None:
    proxy.blackhole()
    async with create_engine(proxy.url, pool_timeout=0.1) as engine:
        with pytest.raises(PoolTimeout):
            async with engine.listen(texts):
                raise AssertionError
    async with create_engine("postgresql://nobody@127.0.0.1:1/nothing") as engine:
        with pytest.raises(ConnectionLost, match="no PostgreSQL server answers"):
            async with engine.listen(texts):
                raise AssertionError


async def test_a_pooler_is_found_and_refused(proxy: WireProxy, engine: Engine) -> None:
    proxy.pretended_pid = 4711
    async with create_engine(proxy.url) as pooled:
        with pytest.raises(ConfigurationError, match="a pooler such as PgBouncer"):
            async with pooled.listen(texts):
                raise AssertionError
        async with pooled.listen(texts, pooled=True) as notifications:
            await say(engine, "through a pooler of sessions")
            assert await take(notifications) == ["through a pooler of sessions"]
    assert await nobody_listens(engine)


# -------------------------------------------------------------------------------------- the end


async def test_a_cancelled_consumer_leaves_nothing(engine: Engine) -> None:
    tasks = asyncio.all_tasks()

    async def consume() -> None:
        async with engine.listen(texts) as notifications:
            async for notification in notifications:
                raise AssertionError(notification)

    consumer = asyncio.create_task(consume())

    async def somebody_listens() -> bool:
        return await listening(engine) == 1

    await eventually(somebody_listens)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert await nobody_listens(engine)
    assert asyncio.all_tasks() <= tasks  # those of other tests may end


async def test_disposing_of_the_engine_ends_the_loops(database_url: str, engine: Engine) -> None:
    other = create_engine(database_url)

    async def consume() -> list[Notification[str]]:
        async with other.listen(texts) as notifications:
            return [notification async for notification in notifications]

    consumer = asyncio.create_task(consume())
    async with asyncio.timeout(30):
        for _ in range(100):
            await asyncio.sleep(0.01 * (not await listening(engine)))
        await other.dispose()
        assert await consumer == []
    assert await nobody_listens(engine)


async def test_wrong_uses_of_a_listener(engine: Engine) -> None:
    with pytest.raises(ArgumentError, match="one or more channels"):
        engine.listen()
    with pytest.raises(ArgumentError, match="one or more channels"):
        engine.listen(texts, Channel("texts", int))
    with pytest.raises(ArgumentError, match="takes channels, not str"):
        engine.listen("texts")  # type: ignore[call-overload]
    with pytest.raises(ArgumentError, match="above 0"):
        engine.listen(texts, buffer=0)
    with pytest.raises(InvalidRequestError, match="not connected yet"):
        await anext(engine.listen(texts))
    async with engine.listen(texts) as notifications:
        first = asyncio.create_task(take(notifications))
        await asyncio.sleep(0)
        with pytest.raises(InvalidRequestError, match="two tasks wait"):
            await anext(notifications)
        await say(engine, "for the first")
        assert await first == ["for the first"]
    with pytest.raises(InvalidRequestError, match="entered once"):
        await notifications.__aenter__()


async def test_a_listener_takes_no_connection_of_the_pool(database_url: str) -> None:
    async with create_engine(database_url, pool_size=1) as engine:
        async with engine.listen(texts) as one, engine.listen(texts):
            await say(engine, "hello")
            assert await take(one) == ["hello"]
            assert (engine.pool.in_use, engine.pool.idle) == (0, 1)
