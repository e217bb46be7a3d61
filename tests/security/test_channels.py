"""Names and payloads of messages (#17), read from the wire."""

from __future__ import annotations

import asyncio

import pytest

from asyncorm import AsyncORMError, Channel, Engine, create_engine
from tests.support.canary import EVERY, MARK, misplaced
from tests.support.wire import WireProxy

#: those that can be a name at all
NAMES = [text for text in EVERY if "\0" not in text and "\ud800" not in text]


async def test_17_names_are_quoted_and_payloads_bound(engine: Engine, database_url: str) -> None:
    channels = [Channel(name) for name in NAMES]
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as through:
        async with asyncio.timeout(20), through.listen(*channels) as listener:
            listened = [message.sql for message in proxy.messages if MARK in message.sql]
            proxy.reset()
            for channel in channels:
                async with through.begin() as connection:
                    await connection.notify(channel, channel.name)
            for name in NAMES:
                found = await anext(listener)
                assert (found.channel, found.payload) == (name, name)
        # a name as a whole is all that a text holds of it, and sending holds nothing
        assert len(listened) >= len(NAMES)
        for text in listened:
            assert misplaced(text) is None, text
        assert not any(MARK in message.sql for message in proxy.messages)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 64, "é" * 32, 5, None], ids=ascii)
def test_17_a_name_that_would_be_cut_is_none(name: object) -> None:
    with pytest.raises(AsyncORMError, match="name"):
        Channel(name)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", ["a\0b", "\ud800", "x" * 8000, 5, None, {"a": 1}], ids=ascii)
async def test_17_a_payload_that_can_not_travel_is_refused(engine: Engine, payload: object) -> None:
    async with engine.begin() as connection:
        with pytest.raises(AsyncORMError):
            await connection.notify(Channel("texts"), payload)  # type: ignore[arg-type]
        assert await connection.fetch("select 1")
