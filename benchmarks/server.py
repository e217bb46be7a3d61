"""The server of a run: that of DATABASE_URL, or an embedded one that listens on TCP.

A run has a database of its own on it, which is dropped at the end.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from asyncorm.engine.embedded import EmbeddedServer
from benchmarks import schema

#: of the database: commits do not wait for the disk, whose speed would hide that of the libraries
DATABASE_SETTINGS = {"synchronous_commit": "off", "jit": "off"}
#: of an embedded server: no checkpoint in the middle of a run, and room for the pools of all
SERVER_SETTINGS = {
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "max_connections": "300",
}
#: settings that go into the results
REPORTED = ("synchronous_commit", "fsync", "jit", "shared_buffers", "max_wal_size", "ssl")


class TcpServer(EmbeddedServer):
    """An embedded server on a free port of the loopback interface."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def start(self) -> str:
        """Start it, and return its URL."""
        listen = {"listen_addresses": "127.0.0.1", "port": str(self.port)}
        self.ensure_running({**SERVER_SETTINGS, **listen})
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of the server of this run; an embedded one stops and leaves nothing."""
    given = os.environ.get("DATABASE_URL", "")
    if given and not given.startswith("embedded:"):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="asyncorm-bench-") as folder:
        server = TcpServer(Path(folder, "server"))
        try:
            yield server.start()
        finally:
            server.leave()


@asynccontextmanager
async def own_database(server_url: str) -> AsyncIterator[str]:
    """The URL of a new database with the tables and their rows; dropped afterwards."""
    name = f"asyncorm_bench_{os.getpid()}"
    try:
        admin: Any = await asyncpg.connect(server_url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SystemExit(
            f"the server of DATABASE_URL can't be used: {error}\n"
            "correct it (postgresql://user:password@host:5432/database), or unset it for an "
            "embedded server"
        ) from None
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        try:
            for setting, value in DATABASE_SETTINGS.items():
                await admin.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
            url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
            await fill(url)
            yield url
        finally:
            await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await admin.close()


async def fill(url: str) -> None:
    """Make the tables and their rows; the runner vacuums, so the server need not do it."""
    connection: Any = await asyncpg.connect(url)
    try:
        for table, columns in schema.TABLES.items():
            await connection.execute(
                f"CREATE TABLE {table} ({columns}) WITH (autovacuum_enabled = false)"
            )
        for statement in schema.FILL:
            await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def require_connections(connection: Any, needed: int) -> None:
    """End the run, with advice, if the server allows fewer."""
    allowed = int(await connection.fetchval("SELECT current_setting('max_connections')"))
    taken = await connection.fetchval("SELECT count(*) FROM pg_stat_activity")
    if allowed - taken < needed:
        sys.exit(
            f"the pools of these libraries need {needed} connections, and the server has room for "
            f"{allowed - taken}: raise max_connections, or name fewer with --libraries"
        )


async def describe_server(connection: Any) -> dict[str, str]:
    """Its version and the settings that matter, as this database has them."""
    found = {"version": await connection.fetchval("SELECT version()")}
    for name in REPORTED:
        found[name] = await connection.fetchval("SELECT current_setting($1)", name)
    return found
