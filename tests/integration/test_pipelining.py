"""BEGIN and COMMIT that go along with statements: what it rests on in the driver, and faults."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import struct
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import uvloop

from asyncorm import Session
from asyncorm.engine import pipelining
from asyncorm.engine.driver_connection import DriverConnection
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.engine.pipelining import COMMIT, Pipeline, PipeliningLoop, message_of
from asyncorm.engine.url import parse_url
from asyncorm.errors import (
    CommitUnknown,
    ConnectionLost,
    DatabaseError,
    DataError,
    IntegrityError,
    StaleDataError,
    StatementTimeout,
    TransactionRolledBack,
)
from tests.conftest import CreateTables
from tests.support.library import Author, Order
from tests.support.sent import Sent
from tests.support.wire import SSL_REQUEST, WireProxy

pytestmark = pytest.mark.skipif(not pipelining.enabled, reason="BEGIN and COMMIT are sent alone")

BEGIN = message_of("BEGIN")
ONE = "INSERT INTO along VALUES ($1::bigint) RETURNING n"
LATE = "INSERT INTO late VALUES ($1::bigint) RETURNING n"


# ------------------------------------------------------------------- the contract of the driver


async def connect(url: str, **options: Any) -> Any:
    loop = PipeliningLoop(asyncio.get_running_loop())
    plain = url.partition("?sslmode")[0] if "ssl" in options else url
    return await asyncpg.connect(
        plain, loop=cast("Any", loop), connection_class=DriverConnection, **options
    )


async def contract(driver: Any) -> None:
    """What ``pipelining`` relies on, with the driver itself."""
    pipeline = driver.pipeline
    assert isinstance(pipeline, Pipeline)
    await driver.execute("CREATE TEMP TABLE along (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    # a statement that must be prepared first: BEGIN goes along, COMMIT does not
    pipeline.send_before(BEGIN)
    pipeline.send_after(COMMIT)
    assert (await driver.fetch(ONE, 1))[0]["n"] == 1
    assert (pipeline.sent_before(), pipeline.sent_after()) == (True, False)
    assert driver.is_in_transaction()
    # nothing is run while a statement is prepared
    assert not pipeline.preparing
    with pytest.raises(asyncpg.DataError):
        await driver.fetch("SELECT $1::bigint + 1", "one")
    assert pipeline.preparing
    await driver.execute("SELECT 1")
    assert not pipeline.preparing
    # COMMIT goes along with one that is prepared, and the rows come back
    pipeline.send_after(COMMIT)
    assert [tuple(row) for row in await driver.fetch(ONE, 2)] == [(2,)]
    assert pipeline.sent_after()
    assert not driver.is_in_transaction()
    # both at once, and a result of many rows
    pipeline.send_before(BEGIN)
    pipeline.send_after(COMMIT)
    many = "SELECT n, repeat('x', 1000) FROM generate_series(1, $1::bigint) AS n"
    assert len(await driver.fetch(many, 3)) == 3
    pipeline.sent_before()
    await driver.execute("ROLLBACK")
    pipeline.send_before(BEGIN)
    pipeline.send_after(COMMIT)
    assert [row[0] for row in await driver.fetch(many, 1000)] == list(range(1, 1001))
    assert (pipeline.sent_before(), pipeline.sent_after()) == (True, True)
    assert not driver.is_in_transaction()
    # a statement that fails takes COMMIT with it
    await driver.fetch("SELECT 1 / $1::int", 1)
    pipeline.send_before(BEGIN)
    pipeline.send_after(COMMIT)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await driver.fetch("SELECT 1 / $1::int", 0)
    assert (pipeline.sent_before(), pipeline.sent_after()) == (True, True)
    assert driver.is_in_transaction()
    await driver.execute("ROLLBACK")
    # a COMMIT that fails is the statement's error
    pipeline.send_before(BEGIN)
    pipeline.send_after(COMMIT)
    with pytest.raises(asyncpg.UniqueViolationError):
        await driver.fetch(ONE, 2)
    assert not driver.is_in_transaction()
    pipeline.sent_before()
    # arguments that do not fit are found before anything is written
    pipeline.send_before(BEGIN)
    pipeline.send_after(COMMIT)
    with pytest.raises(asyncpg.DataError):
        await driver.fetch(ONE, "two")
    assert (pipeline.sent_before(), pipeline.sent_after()) == (False, False)
    assert not driver.is_in_transaction()
    # a cancelled statement is answered to its end
    await driver.fetch("SELECT pg_sleep($1::float8)", 0.0)
    pipeline.send_before(BEGIN)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await driver.fetch("SELECT pg_sleep($1::float8)", 5.0)
    assert pipeline.sent_before()
    await driver.execute("ROLLBACK")
    assert [row[0] for row in await driver.fetch("SELECT n FROM along ORDER BY n")] == [1, 2]
    # nothing waits any more: the transport's own method is called
    assert pipeline.write == pipeline.transport.write


def run_on_uvloop(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)


@pytest.mark.parametrize("run", [asyncio.run, run_on_uvloop])
@pytest.mark.parametrize("how", ["socket", "TCP", "TLS"])
@pytest.mark.parametrize("cache", [100, 0])
def test_the_driver_keeps_the_contract(
    database_url: str,
    tmp_path: Path,
    run: Callable[[Coroutine[Any, Any, None]], None],
    how: str,
    cache: int,
) -> None:
    async def main() -> None:
        if how == "TLS":
            async with tls_in_front(database_url, tmp_path) as (url, context):
                await end(await connect(url, ssl=context, statement_cache_size=cache))
        elif how == "TCP":
            async with WireProxy(database_url) as proxy:
                await end(await connect(proxy.url, statement_cache_size=cache))
        else:
            await end(await connect(database_url, statement_cache_size=cache))

    async def end(driver: Any) -> None:
        await (contract(driver) if cache else contract_without_names(driver))
        await driver.close()

    run(main())


async def contract_without_names(driver: Any) -> None:
    """Statements that are prepared for every use: BEGIN goes along, COMMIT does not."""
    for number in range(2):
        driver.pipeline.send_before(BEGIN)
        driver.pipeline.send_after(COMMIT)
        assert (await driver.fetch("SELECT $1::bigint AS n", number))[0]["n"] == number
        assert (driver.pipeline.sent_before(), driver.pipeline.sent_after()) == (True, False)
        assert driver.is_in_transaction()
        await driver.execute("COMMIT")


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Those of a server and of a client that trusts it."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs openssl to make a certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    offered = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    offered.load_cert_chain(certificate, key)
    accepted = ssl.create_default_context(cafile=str(certificate))
    accepted.check_hostname = False
    return offered, accepted


@asynccontextmanager
async def tls_in_front(
    database_url: str, folder: Path
) -> AsyncGenerator[tuple[str, ssl.SSLContext]]:
    """A server that takes TLS off and passes everything on."""
    offered, accepted = contexts(folder)
    async with WireProxy(database_url) as proxy:
        port = parse_url(proxy.url).hosts[0][1]
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opening = await reader.readexactly(8)
            assert struct.unpack("!II", opening) == (8, SSL_REQUEST)
            writer.write(b"S")
            await writer.start_tls(offered)
            onward = await asyncio.open_connection("127.0.0.1", port)
            pumps = [pump(reader, onward[1]), pump(onward[0], writer)]
            tasks.update(asyncio.ensure_future(one) for one in pumps)

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65536):
                writer.write(data)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        settings = parse_url(proxy.url)
        listening = server.sockets[0].getsockname()[1]
        try:
            yield (
                f"postgresql://{settings.user}@127.0.0.1:{listening}/{settings.database}",
                accepted,
            )
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def test_the_installed_driver_is_one_that_was_tried() -> None:
    assert ".".join(asyncpg.__version__.split(".")[:2]) in pipelining.PROVEN


async def test_with_another_driver_everything_is_sent_alone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelining, "enabled", False)
    await sent_alone(database_url)


async def test_an_engine_can_do_without(database_url: str) -> None:
    await sent_alone(database_url, pipelining=False)


async def sent_alone(database_url: str, **options: Any) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url, **options) as engine:
        async with engine.begin() as connection:
            proxy.reset()
            await connection.fetch("SELECT $1::bigint", [1])
            assert proxy.statements == ["SELECT $1::bigint"]
        assert [m.kind for m in proxy.messages if m.sql == "COMMIT"] == ["Q"]


# -------------------------------------------------------------------------------- connections


@pytest.fixture
async def proxy(database_url: str, engine: Engine) -> AsyncIterator[WireProxy]:
    async with engine.begin() as connection:
        await connection.command("CREATE TABLE along (n bigint PRIMARY KEY)")
        await connection.command(
            "CREATE TABLE late (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        )
    async with WireProxy(database_url) as found:
        yield found
    async with engine.begin() as connection:
        await connection.command("DROP TABLE along, late")


@pytest.fixture
async def pool(proxy: WireProxy) -> AsyncIterator[Engine]:
    """One connection, with the statements prepared."""
    async with create_engine(proxy.url, pool_size=1, cancel_grace=10) as pool:
        async with pool.begin() as connection:
            await connection.fetch(ONE, [0])
            await connection.fetch(LATE, [0])
            await connection.rollback()
        proxy.reset()
        yield pool


async def stored(engine: Engine, table: str = "along") -> list[int]:
    async with engine.connect() as connection:
        return [row[0] for row in await connection.fetch(f"SELECT n FROM {table} ORDER BY n")]


async def test_nothing_is_sent_for_a_transaction_without_statements(
    pool: Engine, proxy: WireProxy
) -> None:
    async with pool.begin() as connection:
        assert connection.in_transaction
    async with pool.connect() as connection:
        await connection.begin()
        await connection.rollback()
        assert not connection.in_transaction
        transaction = await connection.begin()
        assert transaction.is_active
        await transaction.commit()
        assert connection.outcome == "committed"
    assert proxy.messages == []


async def test_a_unit_of_one_statement_is_one_message(pool: Engine, proxy: WireProxy) -> None:
    async with pool.connect() as connection:
        await connection.begin("serializable")
        assert (await connection.commit_fetch(ONE, [1], along=True))[0]["n"] == 1
        assert connection.outcome == "committed"
        assert not connection.in_transaction
    assert (proxy.round_trips, proxy.ready) == (1, 1)
    assert proxy.statements == ["BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT"]
    assert await stored(pool) == [1]


async def test_modes_hold(pool: Engine) -> None:
    settings = (
        "SELECT current_setting('transaction_isolation'), "
        "current_setting('transaction_read_only'), current_setting('transaction_deferrable')"
    )
    for _ in range(2):  # prepared, and known
        async with pool.begin("serializable", readonly=True, deferrable=True) as connection:
            found = await connection.fetch(settings)
            assert tuple(found[0]) == ("serializable", "on", "on")
            with pytest.raises(DatabaseError, match="read-only"):
                await connection.fetch(ONE, [1])
            await connection.rollback()


async def test_a_first_statement_that_fails_fails_the_transaction(pool: Engine) -> None:
    async with pool.connect() as connection:
        for sql, argument in [("SELECT 1 / $1::int", 0), ("SELEC $1", 0)]:
            await connection.begin()
            with pytest.raises(DatabaseError):
                await connection.fetch(sql, [argument])
            assert connection.in_transaction
            with pytest.raises(DatabaseError, match="aborted"):
                await connection.fetch(ONE, [1])
            with pytest.raises(TransactionRolledBack):
                await connection.commit()
    assert await stored(pool) == []


@pytest.mark.parametrize("sql", [ONE, "SELECT $1::bigint AS never_seen_before"])
async def test_arguments_that_do_not_fit_leave_the_transaction_as_it_was(
    pool: Engine, engine: Engine, sql: str
) -> None:
    async with pool.begin() as connection:
        with pytest.raises(DataError):
            await connection.fetch(sql, ["one"])
        assert connection.in_transaction
        assert not open_transactions(await activity(engine, connection.server_pid()))
        await connection.fetch(ONE, [1])
        assert await stored(engine) == []
    assert await stored(pool) == [1]


async def test_a_connection_whose_begin_was_only_prepared_is_given_back_clean(
    pool: Engine, engine: Engine
) -> None:
    async with pool.connect() as connection:
        await connection.begin()
        with pytest.raises(DataError):
            await connection.fetch("SELECT $1::bigint AS never_seen", ["one"])
        pid = connection.server_pid()
    async with pool.connect() as connection:
        assert connection.server_pid() == pid
        assert not connection.in_transaction
        assert not open_transactions(await activity(engine, pid))


async def activity(engine: Engine, pid: int) -> str:
    async with engine.connect() as connection:
        found = await connection.fetch("SELECT state FROM pg_stat_activity WHERE pid = $1", [pid])
        return str(found[0][0])


def open_transactions(state: str) -> bool:
    return state.startswith("idle in transaction")


async def test_a_type_that_is_not_known_yet(pool: Engine, engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.command("CREATE TYPE mood AS ENUM ('glad', 'sad')")
    try:
        async with pool.connect() as connection:
            await connection.begin()
            await connection.fetch(ONE, [1])
            found = await connection.commit_fetch(
                "SELECT $1::mood, ARRAY[$1::mood]", ["glad"], along=True
            )
            assert tuple(found[0]) == ("glad", ["glad"])
            # the driver had to ask for the type in between
            assert connection.outcome is None
            assert connection.in_transaction
            assert await stored(engine) == []
            await connection.commit()
        assert await stored(engine) == [1]
    finally:
        async with engine.begin() as connection:
            await connection.command("DROP TYPE mood")


async def test_a_last_statement_that_fails_is_not_committed(pool: Engine) -> None:
    async with pool.connect() as connection:
        await connection.begin()
        await connection.fetch(ONE, [1])
        with pytest.raises(IntegrityError):
            await connection.commit_fetch(ONE, [1], along=True)
        assert connection.outcome == "rolled_back"
        assert connection.in_transaction
        await connection.rollback()
        assert not connection.in_transaction
    assert await stored(pool) == []


async def test_a_commit_that_is_refused_ends_the_transaction(
    pool: Engine, proxy: WireProxy
) -> None:
    async with pool.connect() as connection:
        for first in (True, False):  # with BEGIN in the same message, and without
            await connection.begin()
            if not first:
                await connection.fetch(ONE, [1])
                await connection.fetch(LATE, [2])
            await connection.fetch(LATE, [2]) if first else None
            with pytest.raises(IntegrityError):
                await connection.commit_fetch(LATE, [2], along=True)
            assert connection.outcome == "rolled_back"
            assert not connection.in_transaction
            proxy.reset()
            await connection.rollback()
            assert proxy.messages == []
    assert await stored(pool, "late") == await stored(pool) == []


async def test_copy_cursors_and_commands_begin_before_they_start(pool: Engine) -> None:
    async with pool.begin() as connection:
        await connection.copy_records("along", ["n"], [(1,), (2,)])
        await connection.rollback()
        await connection.begin()
        assert [row[0] async for rows in connection.cursor("SELECT 3") for row in rows] == [3]
        await connection.rollback()
        await connection.begin()
        await connection.savepoint("one")
        await connection.fetch(ONE, [4])
        await connection.rollback_to_savepoint("one")
    assert await stored(pool) == []


async def test_a_cancelled_first_statement_leaves_nothing(pool: Engine, engine: Engine) -> None:
    await warm(pool, "SELECT pg_sleep($1::float8)", 0.0)
    pid = 0
    with pytest.raises(TimeoutError):
        async with pool.begin() as connection:
            pid = connection.server_pid()
            async with asyncio.timeout(0.05):
                await connection.fetch("SELECT pg_sleep($1::float8)", [5.0])
    async with pool.begin() as connection:
        assert connection.server_pid() == pid
        await connection.fetch(ONE, [1])
    assert await stored(engine) == [1]


async def warm(pool: Engine, sql: str, *arguments: object) -> None:
    async with pool.connect() as connection:
        await connection.fetch(sql, arguments)


async def test_a_statement_timeout_takes_the_commit_along(pool: Engine) -> None:
    text = "WITH slept AS (SELECT pg_sleep($1::float8)) INSERT INTO along SELECT 1 FROM slept"
    async with pool.connect() as connection:
        await connection.begin()
        await connection.fetch(text, [0.0])
        await connection.rollback()
        await connection.command("SET statement_timeout = '200ms'")
        await connection.begin()
        with pytest.raises(StatementTimeout):
            await connection.commit_fetch(text, [5.0], along=True)
        await connection.rollback()
        await connection.command("RESET statement_timeout")
    assert await stored(pool) == []


@pytest.mark.parametrize("answered", [False, True])
async def test_a_connection_that_is_lost_with_commit_under_way_leaves_it_unknown(
    pool: Engine, proxy: WireProxy, engine: Engine, answered: bool
) -> None:
    async with pool.connect() as connection:
        await connection.begin()
        await connection.fetch(ONE, [1])
        proxy.cut("COMMIT", answer=answered)
        with pytest.raises(CommitUnknown):
            await connection.commit_fetch(ONE, [2], along=True)
        assert connection.outcome == "unknown"
    assert await stored(engine) == ([1, 2] if answered else [])


async def test_a_connection_that_is_lost_with_begin_under_way(
    pool: Engine, proxy: WireProxy, engine: Engine
) -> None:
    proxy.cut("BEGIN", answer=True)
    with pytest.raises(ConnectionLost):
        async with pool.begin() as connection:
            await connection.fetch(ONE, [1])
    async with pool.begin() as connection:
        await connection.fetch(ONE, [2])
    assert await stored(engine) == [2]


async def test_a_cancelled_commit_is_carried_through(pool: Engine, engine: Engine) -> None:
    text = "WITH slept AS (SELECT pg_sleep($1::float8)) INSERT INTO along SELECT 1 FROM slept"
    async with pool.connect() as connection:
        await connection.begin()
        await connection.fetch(text, [0.0])
        await connection.rollback()
        await connection.begin()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.commit_fetch(text, [0.2], along=True)
                assert connection.cancelled is not None  # what it returned can be noted first
                raise connection.cancelled
        assert connection.outcome == "committed"
        assert not connection.in_transaction
    assert await stored(engine) == [1]


# ----------------------------------------------------------------------------------- sessions


@pytest.fixture
async def session(pool: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Author, Order)
    async with Session(pool) as session:
        yield session


async def test_begin_and_commit_are_in_the_log(session: Session, sent: Sent) -> None:
    for number in range(2):
        session.add_all([Author(name=str(number)), Order()])
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "COMMIT"]


async def test_a_row_that_is_gone_takes_the_whole_unit_back(
    session: Session, engine: Engine
) -> None:
    for _ in range(2):
        author, order = Author(name="a"), Order(name="o")
        session.add_all([author, order])
        await session.commit()
        async with engine.begin() as connection:
            await connection.command('UPDATE "order" SET id = id + 1000')
        author.name, order.name = "b", "p"
        with pytest.raises(StaleDataError) as caught:
            await session.commit()
        assert caught.value.objects == (order,)
        (conflict,) = caught.value.conflicts
        assert conflict.theirs is None
        await session.rollback()
        async with engine.begin() as connection:
            assert [tuple(r) for r in await connection.fetch("SELECT name FROM author")] == [("a",)]
            await connection.command('TRUNCATE author, "order" CASCADE')
        session.clear()


async def test_a_refused_commit_leaves_the_session_usable(session: Session, engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.command(
            'ALTER TABLE "order" '
            "ADD CONSTRAINT name_once UNIQUE (name) DEFERRABLE INITIALLY DEFERRED"
        )
    session.add_all([Author(name="a"), Order(name="o")])
    await session.commit()
    session.add_all([Author(name="b"), Order(name="o")])
    with pytest.raises(IntegrityError):
        await session.commit()
    session.add_all([Author(name="c"), Order(name="p")])
    await session.commit()
    async with engine.begin() as connection:
        found = await connection.fetch("SELECT name FROM author ORDER BY name")
        assert [row[0] for row in found] == ["a", "c"]
