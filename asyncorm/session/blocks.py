"""``begin()`` and ``begin_nested()``: awaitable, or a block that commits or rolls back at its end."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from asyncorm.errors import InvalidRequestError

S = TypeVar("S", bound="TransactionOwner")


class TransactionOwner(Protocol):
    """What a block needs of its session."""

    async def commit(self) -> None:
        """Commit everything."""

    async def rollback(self) -> None:
        """Roll back everything."""

    def _begin(self) -> None: ...

    async def _begin_savepoint(self) -> str: ...

    async def _end_savepoint(self, name: str, keep: bool) -> None: ...

    def _savepoint_is_open(self, name: str) -> bool: ...

    def _enter_block(self, block: object) -> None: ...

    def _leave_block(self, block: object) -> bool: ...

    def _abandon_if_cancelled(self, error: BaseException | None) -> bool: ...


class TransactionBlock(Generic[S]):
    """``async with session.begin()``: commits at the end, rolls back on an exception."""

    def __init__(self, session: S) -> None:
        self._session = session

    def __await__(self) -> Generator[Any, Any, S]:
        return self._start().__await__()

    async def _start(self) -> S:
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
        still_open = self._session._leave_block(self)
        if self._session._abandon_if_cancelled(error) or not still_open:
            return
        if error is None:
            try:
                await self._session.commit()
            except BaseException:
                await _rollback_quietly(self._session)
                raise
        else:
            await _rollback_quietly(self._session)


async def _rollback_quietly(session: TransactionOwner) -> None:
    """Roll back; an error of that must not hide the one that led here."""
    try:
        await session.rollback()
    except Exception as error:  # noqa: BLE001 - the first error is raised by the caller
        session._abandon_if_cancelled(GeneratorExit(str(error)))


class Savepoint:
    """A savepoint of a session; its own commit and rollback are per level."""

    def __init__(self, session: TransactionOwner, name: str) -> None:
        self._session = session
        self._name = name

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


class SavepointBlock:
    """``async with session.begin_nested() as savepoint``, or ``await session.begin_nested()``."""

    def __init__(self, session: TransactionOwner) -> None:
        self._session = session
        self._savepoint: Savepoint | None = None

    def __await__(self) -> Generator[Any, Any, Savepoint]:
        return self._start().__await__()

    async def _start(self) -> Savepoint:
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
        if self._session._abandon_if_cancelled(error) or savepoint is None:
            return
        if not savepoint.is_active:
            return
        if error is None:
            try:
                await savepoint.commit()
            except Exception:
                await _undo_quietly(savepoint)
                raise
        else:
            await _undo_quietly(savepoint)


async def _undo_quietly(savepoint: Savepoint) -> None:
    """Roll back to a savepoint; an error of that must not hide the one that led here."""
    if savepoint.is_active:
        try:
            await savepoint.rollback()
        except Exception as error:  # noqa: BLE001 - the first error is raised by the caller
            savepoint._session._abandon_if_cancelled(GeneratorExit(str(error)))
