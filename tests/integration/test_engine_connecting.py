"""What goes wrong while connecting is one clear error that says what to do."""

from __future__ import annotations

import asyncio
import atexit
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asyncorm.engine.connection import Connection
from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.engine.url import parse_url
from asyncorm.errors import (
    AsyncORMError,
    ConfigurationError,
    ConnectionLost,
    OperationalError,
    PoolTimeout,
)
from tests.support.wire import WireProxy

SECRET = "wr0ng-s3cret"


async def refusal(url: str, **options: object) -> AsyncORMError:
    async with create_engine(url, **options) as engine:  # type: ignore[arg-type]
        with pytest.raises(AsyncORMError) as caught:
            await engine.acquire()
        assert engine.pool.in_use == 0
    text = str(caught.value)
    assert "\nhint: " in text
    assert SECRET not in text
    return caught.value


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[WireProxy]:
    async with WireProxy(database_url) as proxy:
        yield proxy


async def test_no_server() -> None:
    error = await refusal(f"postgresql://ann:{SECRET}@127.0.0.1:1/app")
    assert isinstance(error, ConnectionLost)
    assert "no PostgreSQL server answers at 127.0.0.1:1" in str(error)
    assert "start the server" in str(error)


async def test_no_socket() -> None:
    error = await refusal("postgresql:///app?host=/tmp/no-such-folder&user=ann")
    assert "no PostgreSQL server answers at /tmp/no-such-folder/.s.PGSQL.5432" in str(error)


async def test_an_unknown_host_name() -> None:
    error = await refusal("postgresql://ann@no-such-host.invalid/app")
    assert isinstance(error, ConnectionLost)
    assert "no-such-host.invalid" in str(error)


async def test_an_unknown_database(proxy: WireProxy) -> None:
    error = await refusal(re.sub(r"/\w+\?", "/no_such_db?", proxy.url))
    assert isinstance(error, OperationalError)
    assert error.sqlstate == "3D000"
    assert 'database "no_such_db" does not exist' in str(error)
    assert "create the database" in str(error)


async def test_an_unknown_server_setting(proxy: WireProxy) -> None:
    error = await refusal(proxy.url, server_settings={"no_such_setting": "1"})
    assert isinstance(error, ConfigurationError)
    assert "no_such_setting" in str(error)


async def test_a_server_without_tls(proxy: WireProxy) -> None:
    error = await refusal(proxy.url.replace("sslmode=disable", "sslmode=require"))
    assert isinstance(error, ConnectionLost)
    assert "TLS" in str(error)
    assert "sslmode" in str(error)


async def test_tls_is_left_out_where_the_server_has_none(proxy: WireProxy) -> None:
    async with create_engine(proxy.url.replace("?sslmode=disable", "")) as engine:
        async with engine.connect() as connection:
            assert await connection.fetch("SELECT 1")


async def test_the_second_host_is_taken_when_the_first_is_down(proxy: WireProxy) -> None:
    async with create_engine(proxy.url.replace("@", "@127.0.0.1:1,")) as engine:
        async with engine.connect() as connection:
            assert await connection.fetch("SELECT 1")


async def test_server_settings_reach_the_server(proxy: WireProxy) -> None:
    options = {"statement_timeout": "1234"}
    url = f"{proxy.url}&application_name=from%20the%20url"
    async with create_engine(url, server_settings=options) as engine:
        async with engine.connect() as connection:
            found = await connection.fetch(
                "SELECT current_setting('application_name'), current_setting('statement_timeout')"
            )
    assert tuple(found[0]) == ("from the url", "1234ms")


@pytest.fixture(scope="module")
async def strict_server() -> AsyncIterator[Engine]:
    """A server of its own, which demands passwords from one role and has few connections."""
    folder = tempfile.mkdtemp(prefix="asyncorm-")
    # exit handlers run last in, first out: the server is stopped before
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = f"embedded:///{folder}/strict?fsync=off&max_connections=5"
    async with create_engine(f"{url}&superuser_reserved_connections=1") as engine:
        async with engine.connect() as connection:
            await connection.command("CREATE ROLE ann LOGIN PASSWORD 'right'")
            demand_password((await connection.fetch("SHOW hba_file"))[0][0], "ann")
            await connection.command("SELECT pg_reload_conf()")
        yield engine


def demand_password(rules: str, role: str) -> None:
    path = Path(rules)
    path.write_text(f"local all {role} scram-sha-256\n{path.read_text()}")


def as_ann(server: Engine, password: str) -> str:
    host = start_embedded(parse_url(server.url)).hosts[0][0]
    return f"postgresql://ann:{password}@/postgres?host={host}"


async def test_a_wrong_password(strict_server: Engine) -> None:
    async with create_engine(as_ann(strict_server, "right")) as engine:
        async with engine.connect() as connection:
            assert await connection.fetch("SELECT 1")
    error = await refusal(as_ann(strict_server, SECRET))
    assert isinstance(error, OperationalError)
    assert error.sqlstate == "28P01"
    assert "password authentication failed" in str(error)
    assert "correct user and password" in str(error)


async def acquire_all(engine: Engine, held: list[Connection]) -> None:
    while True:
        held.append(await engine.acquire())


async def test_a_full_server_is_asked_again_until_there_is_room(strict_server: Engine) -> None:
    url = as_ann(strict_server, "right")
    async with create_engine(url) as hog, create_engine(url) as late:
        held = [await hog.acquire()]
        hog.pool.timeout = 0.4
        with pytest.raises(PoolTimeout, match=r"could be opened within 0\.4 s"):
            await acquire_all(hog, held)
        assert len(held) < 5
        waiting = asyncio.create_task(late.acquire())
        await asyncio.sleep(0.1)
        for connection in held:
            connection.release()
        await hog.dispose()
        late.release(await waiting)
