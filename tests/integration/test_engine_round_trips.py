"""Round trips as seen on the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import ip_address
from uuid import UUID

import pytest

from asyncorm.engine import pipelining
from asyncorm.engine.engine import create_engine
from asyncorm.errors import DatabaseError
from asyncorm.sql.statements.raw import sql
from tests.support.wire import WireProxy


async def test_a_prepared_statement_costs_one_round_trip(database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            proxy.reset()
            await connection.fetch("SELECT $1::bigint", [1])
            assert (proxy.round_trips, proxy.ready) == (2, 1)
            assert proxy.statements == ["SELECT $1::bigint"]
            proxy.reset()
            await connection.fetch("SELECT $1::bigint", [2])
            assert (proxy.round_trips, proxy.ready) == (1, 1)
            assert [message.kind for message in proxy.messages] == ["B", "E", "S"]


@pytest.mark.parametrize(("along", "trips"), [(True, 2), (False, 3)])
async def test_a_transaction_costs_one_more_or_two(
    database_url: str, monkeypatch: pytest.MonkeyPatch, along: bool, trips: int
) -> None:
    monkeypatch.setattr(pipelining, "enabled", along)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            await connection.fetch("SELECT $1::bigint", [1])
        proxy.reset()
        async with engine.begin() as connection:
            await connection.fetch("SELECT $1::bigint", [1])
        assert (proxy.round_trips, proxy.ready) == (trips, trips)
        assert proxy.statements == ["BEGIN", "COMMIT"]


async def test_connecting_looks_up_no_types(database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect():
            assert proxy.connections == 1
        assert (proxy.round_trips, proxy.ready, proxy.statements) == (0, 0, [])


@pytest.mark.parametrize(
    ("sql", "argument"),
    [
        ("SELECT $1::numeric", Decimal("1.50")),
        ("SELECT $1::numeric[]", [Decimal("1.50"), None]),
        ("SELECT $1::bigint[]", [1, 2]),
        ("SELECT $1::text[]", ["a", None, 'b"c']),
        ("SELECT $1::boolean[]", [True]),
        ("SELECT $1::double precision[]", [1.5]),
        ("SELECT $1::timestamptz[]", [datetime(2026, 1, 2, tzinfo=UTC)]),
        ("SELECT $1::date[]", [date(2026, 1, 2)]),
        ("SELECT $1::time[]", [time(1, 2)]),
        ("SELECT $1::interval[]", [timedelta(days=1)]),
        ("SELECT $1::uuid[]", [UUID(int=1)]),
        ("SELECT $1::bytea[]", [b"x"]),
        ("SELECT $1::inet[]", [ip_address("1.2.3.4")]),
        ("SELECT $1::jsonb", {"a": [1, None]}),
        ("SELECT $1::jsonb[]", [{"a": 1}]),
    ],
)
async def test_a_value_of_a_built_in_type_costs_no_look_up_of_types(
    database_url: str, sql: str, argument: object
) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            proxy.reset()
            records = await connection.fetch(sql, [argument])
    assert [tuple(record) for record in records] == [(argument,)]
    assert proxy.round_trips == 2
    assert proxy.statements == [sql]


async def test_ranges_cost_no_look_up_either(database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            proxy.reset()
            records = await connection.fetch("SELECT int4range(1, 3), ARRAY[int8range(5, 7)]")
    assert (records[0][0].lower, records[0][0].upper) == (1, 3)
    assert records[0][1][0].lower == 5
    assert proxy.round_trips == 2


async def test_a_type_of_the_user_is_looked_up_once_for_all_raw_sql(database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with engine.connect() as connection:
            await connection.command("CREATE TYPE pg_temp.spot AS (x int, seen timestamptz)")
            trips = []
            for text in (
                "SELECT (1, '2026-01-02Z')::pg_temp.spot",
                "SELECT array[(2, 'infinity')]::pg_temp.spot[]",
                "SELECT (3, '0044-03-15 BC')::pg_temp.spot, array[(4, null)]::pg_temp.spot[]",
            ):
                proxy.reset()
                row = (await connection.execute(sql(text))).one()
                trips.append(proxy.round_trips)
                await connection.read(f"{text} AS fast WHERE false")
            assert trips[2] == 2, trips
            assert [str(row[0]["seen"]), row[1][0]["x"]] == ["0044-03-15 00:00:00+00 BC", 4]


async def test_a_type_that_has_changed_is_looked_up_again(database_url: str) -> None:
    async with create_engine(database_url) as engine, engine.connect() as connection:
        await connection.command("CREATE TYPE pg_temp.spot AS (x int)")
        await connection.execute(sql("SELECT null::pg_temp.spot, array[row(1)]::pg_temp.spot[]"))
        await connection.command("ALTER TYPE pg_temp.spot ADD ATTRIBUTE y text")
        with pytest.raises(DatabaseError):
            await connection.execute(sql("SELECT '(1,a)'::pg_temp.spot"))
        row = (await connection.execute(sql("SELECT '(1,a)'::pg_temp.spot, 1"))).one()
        assert row[0]["y"] == "a"
