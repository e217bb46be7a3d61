"""Opening one connection of the driver, with our settings and codecs."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeAlias
from urllib.parse import urlencode

import asyncpg

from asyncorm._lazy_dataclass import dataclass
from asyncorm.engine import pipelining
from asyncorm.engine.codecs import set_codecs
from asyncorm.engine.driver_connection import DriverConnection
from asyncorm.engine.url import ConnectionSettings

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

#: what puts a session of the server back to how it began; one message, one round trip
RESET = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *; "
    "SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)


@dataclass(frozen=True)
class DriverOptions:
    """What ``create_engine`` says about every connection, beyond the URL."""

    statement_cache_size: int = 500
    ssl: tls.SSLContext | str | bool | None = None
    server_settings: Mapping[str, str] = field(default_factory=dict)
    #: whether BEGIN and COMMIT go along with statements, where the driver allows it
    pipelining: bool = True


async def open_driver(
    settings: ConnectionSettings, options: DriverOptions, timeout: float
) -> Driver:
    """Connect within ``timeout`` seconds; errors are the driver's."""
    # the driver takes a few options in a URL only: hand it one that has nothing else
    dsn = f"postgresql://?{urlencode(settings.driver_options)}" if settings.driver_options else None
    arguments: dict[str, Any] = {
        "host": [host for host, _ in settings.hosts] or None,
        "port": [port for _, port in settings.hosts] or None,
        "user": settings.user,
        "password": settings.password,
        "database": settings.database,
        "ssl": options.ssl if options.ssl is not None else settings.ssl,
        "server_settings": {**settings.server_settings, **options.server_settings} or None,
        "connection_class": DriverConnection,
        "statement_cache_size": options.statement_cache_size,
        # the cache is bounded by its size; forgetting statements by age costs round trips
        "max_cached_statement_lifetime": 0,
        "max_cacheable_statement_size": 0,
    }
    if options.pipelining and pipelining.enabled:
        arguments["loop"] = pipelining.PipeliningLoop(asyncio.get_running_loop())
    driver: Driver = await asyncpg.connect(dsn, timeout=timeout, **arguments)
    try:
        await set_codecs(driver)
    except BaseException:
        driver.terminate()
        raise
    return driver
