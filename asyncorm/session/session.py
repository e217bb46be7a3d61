"""Session: the unit of work that people hold; what needs the database is awaited, all else not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, ClassVar, TypeVar
from weakref import ref

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.engine.joined import JoinMode
from asyncorm.engine.repeat_limit import OnRepeat
from asyncorm.errors import InvalidRequestError
from asyncorm.flush.pipeline import preview
from asyncorm.flush.plan import FlushPlan
from asyncorm.models.model import Model
from asyncorm.session.binding import bound, isolation_of
from asyncorm.session.blocks import (
    Savepoint,
    SavepointBlock,
    SessionTransaction,
    TransactionBlock,
)
from asyncorm.session.bulk_copy import BulkSession
from asyncorm.session.copying import CopyingSession
from asyncorm.session.core import SessionCore
from asyncorm.session.debugging import place_of_creation, warn_of_dropped, warn_of_unflushed
from asyncorm.session.deleting import delete
from asyncorm.session.executing import check_statement
from asyncorm.session.explaining import explain
from asyncorm.session.membership import MembershipSession
from asyncorm.session.refreshing import names_given, refresh
from asyncorm.session.repeats import task_guard
from asyncorm.session.signalling import SignallingSession
from asyncorm.sql.nodes import Statement
from asyncorm.tracking.listeners import HEARD, Listeners, inherited_listeners
from asyncorm.tracking.unit_of_work import mapper_of

M = TypeVar("M", bound=Model)
R = TypeVar("R")


class NoAutoflush:
    """``with session.no_autoflush``: statements in the block do not flush first."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(self._core.autoflush_enabled)
        self._core.autoflush_enabled = False

    def __exit__(self, *error: object) -> None:
        self._core.autoflush_enabled = self._before.pop()


class Session(MembershipSession, CopyingSession, BulkSession, SignallingSession):
    """A unit of work on one connection: identity map, changes, transaction.

    It belongs to one task at a time; overlapping use by two raises ConcurrentSessionUseError.
    Leaving its ``async with`` block rolls back what was not committed and closes it, for good
    unless ``close_resets_only``. With ``autobegin=False`` everything needs a ``begin()`` first.
    On a connection it works inside the transaction of that, which it never commits; if there is
    none it begins one, whose end is left to the owner of the connection. ``n_plus_one`` is what
    to do when one transaction reads by one statement more than ``n_plus_one_limit`` times: by
    default what the engine says.
    """

    #: who listens to all sessions of this class
    __listeners__: ClassVar[Listeners] = Listeners()
    _class_listeners: ClassVar[tuple[Listeners, ...]] = (__listeners__,)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__listeners__ = Listeners()
        cls._class_listeners = inherited_listeners(cls)

    def __init__(
        self,
        bind: Engine | Connection,
        *,
        autoflush: bool = True,
        autobegin: bool = True,
        expire_on_commit: bool = False,
        close_resets_only: bool = False,
        isolation_level: str | None = None,
        join_transaction_mode: JoinMode = "create_savepoint",
        n_plus_one: OnRepeat | None = None,
        n_plus_one_limit: int | None = None,
        info: Mapping[Any, Any] | None = None,
    ) -> None:
        engine = bound(bind, join_transaction_mode)
        repeats = engine.repeat_limit
        if n_plus_one is not None or n_plus_one_limit is not None:
            repeats = repeats.changed(n_plus_one, n_plus_one_limit)
        self._made_at = place_of_creation() if engine.debug else None
        self._closes_for_good = not close_resets_only
        self._core = SessionCore(
            engine,
            autoflush=autoflush,
            autobegin=autobegin,
            expire_on_commit=expire_on_commit,
            isolation=isolation_level,
        )
        self._unit = unit = self._core.unit
        unit.session = ref(self)
        unit.listeners = self._class_listeners
        self._listeners: Listeners | None = None
        self._transaction = self._core.transaction
        self._guard = task_guard(self._core, repeats)
        self._blocks: list[tuple[object, int]] = []
        #: anything the application wants to keep with the session
        self.info: dict[Any, Any] = {} if info is None else dict(info)

    def __repr__(self) -> str:
        unit = self._unit
        return (
            f"<Session {len(unit.new)} new, {len(unit.dirty)} dirty, {len(unit.deleted)} deleted, "
            f"{len(self.identity_map)} in the identity map>"
        )

    async def __aenter__(self) -> Session:
        if self._guard.operation is not None or self._guard.closed:
            self._guard.check("__aenter__")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        left = False
        try:
            if error is None or self._transaction.may_wait_after(error):
                await self._close(warn=error is None)
                left = True
        except Exception as another:
            if error is None:
                raise
            error.add_note(f"closing the session failed too: {another}")
        finally:
            if not left:
                # a cancelled task may not wait, and one that is still busy here lost its session
                self._core.abandon(for_good=self._closes_for_good)
                self._guard.closed = self._closes_for_good

    def __del__(self) -> None:
        core = getattr(self, "_core", None)
        if core is not None and not self._guard.closed:
            if core.transaction.connection is not None:
                warn_of_dropped(self._made_at)
            core.abandon()

    @property
    def autoflush(self) -> bool:
        """Whether statements flush first; may be set."""
        return self._core.autoflush_enabled

    @autoflush.setter
    def autoflush(self, flushes: bool) -> None:
        self._core.autoflush_enabled = flushes

    @property
    def no_autoflush(self) -> NoAutoflush:
        """A ``with`` block in which statements do not flush first."""
        return NoAutoflush(self._core)

    # -- transaction -------------------------------------------------------------------------

    def in_transaction(self) -> bool:
        """Whether a transaction has begun, on the server or only logically."""
        return self._transaction.active

    def in_nested_transaction(self) -> bool:
        """Whether a savepoint is open."""
        return bool(self._transaction.savepoints)

    @property
    def is_active(self) -> bool:
        """Whether the session can work; False after a failure until it is rolled back."""
        return self._transaction.usable

    def get_transaction(self) -> SessionTransaction | None:
        """The transaction, if one has begun; its savepoints end with it."""
        transaction = self._transaction
        return SessionTransaction(self, transaction.number) if transaction.active else None

    def get_nested_transaction(self) -> Savepoint | None:
        """The innermost savepoint that is open."""
        savepoints = self._transaction.savepoints
        return Savepoint(self, savepoints[-1]) if savepoints else None

    def begin(self) -> TransactionBlock[Session]:
        """Begin a transaction: ``async with session.begin(): ...``, or await it."""
        return TransactionBlock(self)

    def begin_nested(self) -> SavepointBlock:
        """Begin a savepoint: ``async with session.begin_nested() as savepoint: ...``."""
        return SavepointBlock(self)

    async def flush(self) -> None:
        """Write everything that is new, changed or deleted, inside the transaction."""
        with self._guard("flush"):
            self._transaction.check()
            await self._core.flush()

    async def commit(self) -> None:
        """Flush, and commit the transaction with all its savepoints."""
        with self._guard("commit"):
            await self._core.commit()
            if self._blocks:
                self._interrupt_block(0)

    async def rollback(self) -> None:
        """Undo the transaction with all its savepoints, and restore the objects' states."""
        with self._guard("rollback"):
            self._unit.notice()  # a value that was changed inside begins a transaction as well
            was_active = self._transaction.active
            await self._core.announcer.rollback()
            if was_active:
                self._interrupt_block(0)

    async def close(self) -> None:
        """Let everything go, roll back, and give the connection back.

        The session is closed for good, unless it was made with ``close_resets_only=True``.
        """
        await self._close(warn=True)

    aclose = close

    async def _close(self, *, warn: bool) -> None:
        if not self._guard.closed:
            with self._guard("close"):
                if warn and self._made_at is not None:
                    warn_of_unflushed(self._unit.unflushed())
                try:
                    await self._core.close(for_good=self._closes_for_good)
                finally:
                    self._guard.closed = self._closes_for_good

    async def reset(self) -> None:
        """Like ``close()``, but the session can be used again."""
        with self._guard("reset"):
            await self._core.close(for_good=False)

    async def invalidate(self) -> None:
        """Like ``close()``, but the connection is thrown away instead of given back."""
        with self._guard("invalidate"):
            connection = self._transaction.connection
            if connection is not None:
                connection.terminate()
            self._core.abandon(for_good=self._closes_for_good)
            self._guard.closed = self._closes_for_good

    async def connection(
        self,
        *,
        isolation_level: str | None = None,
        execution_options: Mapping[str, Any] | None = None,
    ) -> Connection:
        """The connection, with a transaction begun on it, for statements outside the ORM.

        ``isolation_level`` is that of this one transaction; it raises InvalidRequestError when
        the transaction has begun to work already. It may be among ``execution_options`` too.
        """
        isolation_level = isolation_level or isolation_of(execution_options)
        with self._guard("connection"):
            if isolation_level is not None:
                self._transaction.check()
                self._transaction.isolate_once(isolation_level)
            connection = await self._core.write_connection()
            connection.used_raw_sql = True
            return connection

    # -- reading, beside what ReadingSession has --------------------------------------------

    async def refresh(
        self,
        instance: Model,
        attribute_names: Iterable[str] | None = None,
        *,
        with_for_update: bool | Mapping[str, Any] | None = None,
        discard: bool = False,
    ) -> None:
        """Read attributes of an object again, all columns if none are named.

        Unflushed changes of other attributes are flushed first. Changes of the refreshed ones
        raise UnflushedChangesError unless ``discard=True``.
        """
        with self._guard("refresh"):
            self._transaction.check()
            names = names_given(attribute_names)
            await refresh(self._core, instance, names, with_for_update, discard)

    # -- changing ----------------------------------------------------------------------------

    async def delete(self, instance: Model) -> None:
        """Mark an object for deletion at the next flush, with the cascades it implies."""
        await self.delete_all((instance,))

    async def delete_all(self, instances: Iterable[Model]) -> None:
        """Mark several objects for deletion; what goes with them is looked for together."""
        with self._guard("delete"):
            self._transaction.check()
            marked = list(instances)
            for instance in marked:
                mapper_of(instance).entity.metadata.configure()
            await delete(self._core, marked)
            self._transaction.autobegin()

    # -- looking inside ----------------------------------------------------------------------

    async def plan(self) -> FlushPlan:
        """What a flush would do now: ``print(await session.plan())``. Sends nothing."""
        with self._guard("plan"):
            return preview(self._unit)

    async def explain(self, statement: Statement[Any], *, analyze: bool = False) -> str:
        """PostgreSQL's plan for a statement; ``analyze`` runs it."""
        with self._guard("explain"):
            check_statement(statement)
            return await explain(self._core, statement, analyze)

    # -- for blocks, and under the hood --------------------------------------------------------

    def _begin(self) -> None:
        self._guard.check("begin")
        transaction = self._transaction
        transaction.check_usable()
        if transaction.explicit or transaction.worked or transaction.savepoints:
            raise InvalidRequestError(
                "a transaction is already begun on this session",
                hint="use begin_nested() for a savepoint, or commit() or rollback() first",
            )
        transaction.autobegin()
        transaction.explicit = True

    async def _begin_savepoint(self) -> str:
        with self._guard("begin_nested"):
            self._transaction.check()
            await self._core.flush()
            return await self._transaction.begin_savepoint()

    async def _end_savepoint(self, name: str, keep: bool) -> None:
        with self._guard("commit" if keep else "rollback"):
            if keep:
                self._transaction.check()
                if HEARD:
                    await self._core.announcer.before_commit()
                await self._core.flush_until_clean()
                await self._core.announcer.release_savepoint(name)
            else:
                await self._core.announcer.rollback_savepoint(name)
            self._interrupt_block(len(self._transaction.savepoints) + 1)

    def _savepoint_is_open(self, name: str) -> bool:
        return name in self._transaction.savepoints

    def _transaction_is_open(self, number: int) -> bool:
        return self._transaction.active and self._transaction.number == number

    def _level_around(self, name: str) -> Savepoint | SessionTransaction | None:
        savepoints = self._transaction.savepoints
        if name not in savepoints:
            return None
        position = savepoints.index(name)
        return Savepoint(self, savepoints[position - 1]) if position else self.get_transaction()

    def _enter_block(self, block: object) -> None:
        self._blocks.append((block, len(self._transaction.savepoints)))

    def _leave_block(self, block: object) -> bool:
        transaction = self._transaction
        self._blocks = [entry for entry in self._blocks if entry[0] is not block]
        if transaction.interrupted_block is block:
            transaction.interrupted_block = None
            return False
        return True

    def _interrupt_block(self, depth: int) -> None:
        """A transaction ended by hand inside its block: nothing more may be done in there."""
        for block, at in self._blocks:
            if at >= depth:
                self._transaction.interrupted_block = block
                return

    def _may_wait_after(self, error: BaseException) -> bool:
        return self._transaction.may_wait_after(error)

    def _own_listeners(self) -> Listeners:
        """Who listens to this session alone."""
        if self._listeners is None:
            self._listeners = Listeners()
            self._unit.listeners += (self._listeners,)
        return self._listeners

    def _give_up(self) -> None:
        self._core.announcer.abandon(drop=False)

    def _lose_savepoint(self, name: str, error: BaseException) -> None:
        self._transaction.lose(error)
        self._transaction.close_savepoint(name)
