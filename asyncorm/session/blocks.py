"""``begin()`` and ``begin_nested()``: awaitable, or a block that commits or rolls back."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from asyncorm.errors import InvalidRequestError

S = TypeVar("S", bound="TransactionOwner")


class TransactionOwner(Protocol):
    """What a block needs of its session."""

    async def commit(self) -> None:
        """Commit everything."""

    async def rollback(self) -> None:
        """Roll back everything."""

    @property
    def is_active(self) -> bool:
        """Whether the session can work."""
        ...

    def _transaction_is_open(self, number: int) -> bool: ...

    def _level_around(self, name: str) -> Savepoint | SessionTransaction | None: ...

    def _begin(self) -> None: ...

    async def _begin_savepoint(self) -> str: ...

    async def _end_savepoint(self, name: str, keep: bool) -> None: ...

    def _savepoint_is_open(self, name: str) -> bool: ...

    def _enter_block(self, block: object) -> None: ...

    def _leave_block(self, block: object) -> bool: ...

    def _may_wait_after(self, error: BaseException) -> bool: ...

    def _give_up(self) -> None:
        """Roll back without waiting."""

    def _lose_savepoint(self, name: str, error: BaseException) -> None:
        """Close a savepoint without waiting; the transaction around it is lost with it."""


class TransactionBlock(Generic[S]):
    """``async with session.begin()``: commits at the end, rolls back on an exception."""

    def __init__(self, session: S) -> None:
        self._session = session
        self._started = False

    def __del__(self) -> None:
        if not self._started:
            _warn_of_unstarted("begin")

    def __await__(self) -> Generator[Any, Any, S]:
        return self._start().__await__()

    async def _start(self) -> S:
        if self._started:
            raise _started_twice("begin")
        self._started = True
        self._session._begin()
        return self._session

    async def __aenter__(self) -> S:
        session = await self._start()
        session._enter_block(self)
        return session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._session._leave_block(self):
            return
        if error is not None:
            await self._undo(error)
            return
        try:
            await self._session.commit()
        except BaseException as failed:
            await self._undo(failed)
            raise

    async def _undo(self, error: BaseException) -> None:
        """Roll back because of an error, which another one must not hide."""
        if not self._session._may_wait_after(error):
            self._session._give_up()  # a cancelled task may not wait
            return
        try:
            await self._session.rollback()
        except Exception as another:
            error.add_note(f"the rollback failed too: {another}")
            self._session._give_up()


@dataclass(frozen=True, repr=False)
class SessionTransaction:
    """The transaction of a session, for code that is handed it: ``session.get_transaction()``."""

    nested: ClassVar = False
    parent: ClassVar = None

    _session: TransactionOwner
    _number: int

    @property
    def is_active(self) -> bool:
        """Whether it is neither committed nor rolled back, and has not failed."""
        return self._session._transaction_is_open(self._number) and self._session.is_active

    async def commit(self) -> None:
        """Commit it with all its savepoints, like ``session.commit()``."""
        self._check()
        await self._session.commit()

    async def rollback(self) -> None:
        """Roll it back with all its savepoints, like ``session.rollback()``."""
        self._check()
        await self._session.rollback()

    def _check(self) -> None:
        if not self._session._transaction_is_open(self._number):
            raise InvalidRequestError(
                "the transaction is closed already", hint="begin a new one: session.begin()"
            )


@dataclass(frozen=True, repr=False)
class Savepoint:
    """A savepoint of a session; its own commit and rollback are per level."""

    nested: ClassVar = True

    _session: TransactionOwner
    _name: str

    @property
    def parent(self) -> Savepoint | SessionTransaction | None:
        """The savepoint or transaction around it; None once it is closed."""
        return self._session._level_around(self._name)

    @property
    def is_active(self) -> bool:
        """Whether it is neither committed nor rolled back."""
        return self._session._savepoint_is_open(self._name)

    async def commit(self) -> None:
        """Keep what was done since; the enclosing transaction decides in the end."""
        self._check()
        await self._session._end_savepoint(self._name, keep=True)

    async def rollback(self) -> None:
        """Undo what was done since, in the database and in the states of the objects."""
        self._check()
        await self._session._end_savepoint(self._name, keep=False)

    def _check(self) -> None:
        if not self.is_active:
            raise InvalidRequestError(
                "the savepoint is closed already", hint="begin a new one: session.begin_nested()"
            )

    async def _undo(self, error: BaseException) -> None:
        """Roll back because of an error, which another one must not hide."""
        if not self.is_active:
            return
        if not self._session._may_wait_after(error):
            self._session._lose_savepoint(self._name, error)  # a cancelled task may not wait
            return
        try:
            await self.rollback()
        except Exception as another:
            error.add_note(f"the rollback failed too: {another}")
            if self.is_active:
                self._session._lose_savepoint(self._name, another)


class SavepointBlock:
    """``async with session.begin_nested() as savepoint``, or ``await session.begin_nested()``."""

    def __init__(self, session: TransactionOwner) -> None:
        self._session = session
        self._savepoint: Savepoint | None = None
        self._started = False

    def __del__(self) -> None:
        if not self._started:
            _warn_of_unstarted("begin_nested")

    def __await__(self) -> Generator[Any, Any, Savepoint]:
        return self._start().__await__()

    async def _start(self) -> Savepoint:
        if self._started:
            raise _started_twice("begin_nested")
        self._started = True
        self._savepoint = Savepoint(self._session, await self._session._begin_savepoint())
        return self._savepoint

    async def __aenter__(self) -> Savepoint:
        savepoint = await self._start()
        self._session._enter_block(self)
        return savepoint

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session._leave_block(self)
        savepoint = self._savepoint
        if savepoint is None or not savepoint.is_active:
            return
        if error is not None:
            await savepoint._undo(error)
            return
        try:
            await savepoint.commit()
        except BaseException as failed:
            await savepoint._undo(failed)
            raise


def _started_twice(method: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"what session.{method}() returned was awaited or entered already",
        hint=f"call session.{method}() once for every transaction or savepoint",
    )


def _warn_of_unstarted(method: str) -> None:
    warnings.warn(
        f"session.{method}() was neither awaited nor entered, so nothing was begun. "
        f"Use `async with session.{method}():` or `await session.{method}()`",
        RuntimeWarning,
        stacklevel=3,
    )
