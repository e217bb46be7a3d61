"""Whether a pooler such as PgBouncer is between here and the server."""

from __future__ import annotations

from asyncorm.engine.driver import Driver
from asyncorm.errors import ConfigurationError


async def refuse_pooler(driver: Driver) -> None:
    """ConfigurationError if another process answers than the one that was connected to: what
    belongs to a session of the server may go to somebody else then."""
    if await driver.fetchval("SELECT pg_backend_pid()") != driver.get_server_pid():
        raise behind_pooler()


def behind_pooler() -> ConfigurationError:
    """The error for LISTEN, and locks of a session, through a pooler."""
    return ConfigurationError(
        "a pooler such as PgBouncer is between here and PostgreSQL: notifications, and locks of a "
        "session, get lost there",
        hint="make an engine with the server's own address for this; if the pooler gives each "
        "client a connection for itself (pool_mode = session), say pooled=True",
    )
