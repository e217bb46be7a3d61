"""Engine: the database as the application sees it; owns the pool and the compiled statements."""

from __future__ import annotations

import logging
import os
import ssl as tls
import sys
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar, Unpack, overload
from weakref import WeakSet

import anyio.to_thread

from asyncorm.compiler.cache import StatementCache
from asyncorm.engine.advisory_lock import AdvisoryLock, Held
from asyncorm.engine.blocks import ConnectionContext, TransactionContext
from asyncorm.engine.connection import Connection
from asyncorm.engine.driver import Driver, DriverOptions, open_driver
from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.pool import Pool
from asyncorm.engine.repeat_limit import OnRepeat, RepeatLimit
from asyncorm.engine.signals.advisory_key import LockKey
from asyncorm.engine.signals.channel import Channel
from asyncorm.engine.signals.listener import Listener, ListenOptions
from asyncorm.engine.sql_log import echo_to_console, logger
from asyncorm.engine.url import SSL_MODES, ConnectionSettings, parse_url
from asyncorm.errors import ConfigurationError, DatabaseError
from asyncorm.schema.create import create_statements, drop_statements
from asyncorm.schema.ddl import DDL
from asyncorm.sql.table import MetaData, Table

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

#: one process at a time creates or drops tables: IF NOT EXISTS alone does not stand a race
_SCHEMA_LOCK = "SELECT pg_advisory_xact_lock(4711820)"


def create_engine(
    url: str | None = None,
    *,
    pool_size: int = 10,
    pool_timeout: float = 30.0,
    connect_timeout: float | None = None,
    max_lifetime: float = 3600.0,
    echo: bool = False,
    debug: bool | None = None,
    n_plus_one: OnRepeat | None = None,
    n_plus_one_limit: int = 10,
    statement_cache_size: int = 500,
    cancel_grace: float = 0.1,
    commit_grace: float = 5.0,
    server_settings: Mapping[str, str] | None = None,
    ssl: tls.SSLContext | str | bool | None = None,
    pipelining: bool = True,
) -> Engine:
    """An engine for a database URL, or for the one in ``DATABASE_URL``; does no I/O.

    ``pool_timeout`` is the longest wait for a connection, ``connect_timeout`` (10 s) that of one
    attempt to connect. ``cancel_grace`` is how long a cancelled statement may take to end before
    its connection is given up, ``commit_grace`` the same for a COMMIT under way.
    ``statement_cache_size`` is the number of prepared statements of a connection.
    ``server_settings`` are settings of PostgreSQL for every connection. Without ``pipelining``
    BEGIN and COMMIT are sent alone, not along with the first and the last statement. ``debug`` (by
    default on in Python's development mode) lets sessions warn of work and connections that were
    forgotten.
    ``n_plus_one`` ("warn" or "raise") is what sessions do when one transaction reads by the same
    statement more than ``n_plus_one_limit`` times.
    """
    found = url if url is not None else os.environ.get("DATABASE_URL")
    if not found:
        raise ConfigurationError(
            "there is no database URL",
            hint="create_engine('postgresql://user:password@host/database'), or set the "
            "environment variable DATABASE_URL; create_engine('embedded://') needs no server",
        )
    settings = parse_url(found)
    connecting = connect_timeout if connect_timeout is not None else settings.connect_timeout
    positive = {
        "pool_size": pool_size,
        "pool_timeout": pool_timeout,
        "connect_timeout": 10.0 if connecting is None else connecting,
        "max_lifetime": max_lifetime,
        "cancel_grace": cancel_grace,
        "commit_grace": commit_grace,
    }
    _check_options(positive, statement_cache_size, ssl)
    options = DriverOptions(statement_cache_size, ssl, dict(server_settings or {}), pipelining)
    return Engine(
        settings,
        options,
        positive,
        echo=echo,
        debug=sys.flags.dev_mode if debug is None else debug,
        repeat_limit=RepeatLimit().changed(n_plus_one, n_plus_one_limit),
    )


def _check_options(
    positive: Mapping[str, Any],
    statement_cache_size: int,
    ssl: tls.SSLContext | str | bool | None,
) -> None:
    for name, value in positive.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise ConfigurationError(
                f"{name} is not above 0", hint=f"give {name} a positive number"
            )
    if statement_cache_size < 0:
        raise ConfigurationError(
            "statement_cache_size is below 0", hint="give 0 to switch prepared statements off"
        )
    if isinstance(ssl, str) and ssl not in SSL_MODES:
        raise ConfigurationError(
            f"ssl={ssl!r} is unknown",
            hint=f"give an ssl.SSLContext, True, False, or one of {', '.join(SSL_MODES)}",
        )


class Engine:
    """A database and the connections to it; made by ``create_engine``.

    Nothing is opened before it is needed. ``async with engine`` or ``await engine.dispose()``
    closes what was opened; an engine can be used again after that. It belongs to one event loop.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        options: DriverOptions,
        limits: Mapping[str, float],
        *,
        echo: bool,
        debug: bool = False,
        repeat_limit: RepeatLimit = RepeatLimit(),  # noqa: B008 - immutable
    ) -> None:
        self._settings = settings
        self._options = options
        self.echo = echo
        #: whether sessions look out for what was forgotten
        self.debug = debug
        #: what sessions do about one statement sent again and again
        self.repeat_limit = repeat_limit
        #: compiled statements by structure, shared by all connections and sessions
        self.statements = StatementCache()
        self._commit_grace = limits["commit_grace"]
        #: settings of the embedded server once it runs
        self._embedded: ConnectionSettings | None = None
        self._pool = Pool(
            self._connect,
            settings,
            size=int(limits["pool_size"]),
            timeout=limits["pool_timeout"],
            connect_timeout=limits["connect_timeout"],
            max_lifetime=limits["max_lifetime"],
            cancel_grace=limits["cancel_grace"],
        )
        self._listeners: WeakSet[Listener[Any]] = WeakSet()
        #: advisory locks that are held, to find who would wait for himself
        self._locks: Held = set()
        if echo:
            echo_to_console()

    def __repr__(self) -> str:
        return f"<Engine {self.url}>"

    @property
    def url(self) -> str:
        """The URL, with the password masked."""
        return str(self._settings)

    @property
    def pool(self) -> Pool:
        """The pool, for its figures: ``size``, ``in_use``, ``idle``."""
        return self._pool

    async def __aenter__(self) -> Engine:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # also when cancelled: closing has its own deadlines
        with anyio.CancelScope(shield=True):
            await self.dispose()

    async def dispose(self) -> None:
        """Close all connections and listeners; connections in use when they come back."""
        for listener in list(self._listeners):
            listener.close()
        self._embedded = None
        await self._pool.dispose()

    # --------------------------------------------------------------------------- connections

    async def acquire(self) -> Connection:
        """A connection of one's own, to be given back by ``release``; prefer ``connect()``."""
        if self._embedded is None and self._settings.embedded is not None:
            await self._start_embedded()
        # one that is idle without a coroutine: two of those cost 1 µs of a request
        pooled = self._pool.acquire_idle() or await self._pool.acquire()
        return Connection(
            self._pool,
            pooled,
            self.statements,
            log=self.echo or logger.isEnabledFor(logging.INFO),
            repeat_limit=self.repeat_limit,
            commit_grace=self._commit_grace,
        )

    def release(self, connection: Connection) -> None:
        """Give a connection back; never waits. What it has not committed is rolled back."""
        connection.release()

    def connect(self) -> ConnectionContext:
        """``async with engine.connect() as connection``: transactions are begun by hand."""
        return ConnectionContext(self.acquire)

    def begin(
        self,
        isolation: str | None = None,
        *,
        readonly: bool | None = None,
        deferrable: bool | None = None,
    ) -> TransactionContext:
        """``async with engine.begin() as connection``: one transaction, committed at the end."""
        return TransactionContext(self.acquire, isolation, readonly, deferrable)

    # ----------------------------------------------------------------------- other processes

    @overload
    def listen(self, channel: Channel[A], /, **options: Unpack[ListenOptions]) -> Listener[A]: ...

    @overload
    def listen(
        self, first: Channel[A], second: Channel[B], /, **options: Unpack[ListenOptions]
    ) -> Listener[A | B]: ...

    @overload
    def listen(
        self,
        first: Channel[A],
        second: Channel[B],
        third: Channel[C],
        /,
        **options: Unpack[ListenOptions],
    ) -> Listener[A | B | C]: ...

    @overload
    def listen(
        self, *channels: Channel[Any], **options: Unpack[ListenOptions]
    ) -> Listener[Any]: ...

    def listen(self, *channels: Channel[Any], **options: Unpack[ListenOptions]) -> Listener[Any]:
        """``async with engine.listen(orders) as notifications``: on a connection of its own.

        It is not of the pool, every listener has one, and ``dispose`` closes it. ``on_gap`` is
        called with a ``Gap`` where notifications may have been missed (without it that raises
        MissedNotifications); ``buffer`` messages wait at most (1000); after ``heartbeat`` silent
        seconds (30) the server must answer. Raises ConfigurationError behind a pooler, unless
        ``pooled`` says that it keeps sessions apart.
        """
        listener: Listener[Any] = Listener(self._open_apart, self._pool, channels, **options)
        self._listeners.add(listener)
        return listener

    def advisory_lock(
        self,
        key: LockKey,
        *,
        shared: bool = False,
        timeout: float | None = None,
        pooled: bool = False,
    ) -> AdvisoryLock:
        """``async with engine.advisory_lock("nightly-report")``: one process at a time.

        It takes a connection of the pool for the block. ``timeout`` is how many seconds to wait
        (None: as long as it takes; 0: not at all), after which LockTimeout is raised. The end of
        the block raises LockLost if the connection broke meanwhile.
        """
        return AdvisoryLock(
            self.acquire, self._locks, key, shared=shared, timeout=timeout, pooled=pooled
        )

    async def _open_apart(self) -> Driver:
        await self._start()
        return await self._pool.open_apart()

    async def _start(self) -> None:
        if self._embedded is None and self._settings.embedded is not None:
            await self._start_embedded()

    async def _start_embedded(self) -> None:
        # in a thread: it runs programs; a cancelled caller leaves it to finish by itself
        self._embedded = await anyio.to_thread.run_sync(
            start_embedded, self._settings, abandon_on_cancel=True
        )

    async def _connect(self, timeout: float) -> Driver:
        return await open_driver(self._embedded or self._settings, self._options, timeout)

    # -------------------------------------------------------------------------------- tables

    async def create_all(self, *targets: Any) -> None:
        """Create tables, with the schemas, types and indexes they need; existing ones stay.

        Extensions of the server are made too (``CREATE EXTENSION IF NOT EXISTS``), if columns have
        types of theirs.

        Targets are models, base classes (all tables of theirs), ``MetaData`` or ``Table``. A model
        that derives from another one brings that one's table along. The automatic table of a
        many-to-many relationship is created with the last model it links.
        """
        await self._run_all(create_statements(find_tables(targets, all)))

    async def drop_all(self, *targets: Any) -> None:
        """Drop tables and the types of their columns; what is missing is skipped.

        Extensions and schemas stay, since others may use them.
        """
        await self._run_all(drop_statements(find_tables(targets, any)))

    async def _run_all(self, statements: Iterable[DDL]) -> None:
        async with self.begin() as connection:
            await connection.command(_SCHEMA_LOCK)
            for statement in statements:
                try:
                    await connection.command(str(statement))
                except DatabaseError as error:
                    # what the server says of an extension does not say what to do
                    error.hint = statement.hint or error.hint
                    raise


def find_tables(
    targets: Iterable[Any], linking: Callable[[Iterable[bool]], bool] = all
) -> list[Table]:
    """The tables that models, base classes, MetaData and Table objects stand for.

    A class of a hierarchy brings those of its bases, and of all classes that derive from these.

    ``linking`` says whether automatic link tables come along when all, or any, of what they
    refer to is there.
    """
    found: dict[Table, None] = {}
    linked: dict[Table, None] = {}
    for target in targets:
        table = getattr(target, "__table__", target)
        metadata = target if isinstance(target, MetaData) else getattr(target, "metadata", None)
        if isinstance(metadata, MetaData):
            metadata.configure()
            linked.update((t, None) for t in metadata.tables.values() if t.automatic)
        if isinstance(table, Table):
            found.update(dict.fromkeys(table.physical))
            # a class is read with the tables of its subclasses
            parts = [part for one in table.physical if one.below for part in one.below.joined]
            found.update((part.table, None) for part in parts)
        elif isinstance(metadata, MetaData):
            found.update(dict.fromkeys(metadata.tables.values()))
        else:
            raise ConfigurationError(
                f"{target!r} stands for no table",
                hint="give mapped classes, a base class, its metadata, or Table objects",
            )
    if not found:
        raise ConfigurationError(
            "no table was given",
            hint="create_all(User, Book), or create_all(Base) for all tables of a base class "
            "(import the modules of its models first)",
        )
    for table in linked:
        if linking([key.target in found for key in table.foreign_keys]):
            found[table] = None
    return list(found)
