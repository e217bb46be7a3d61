"""Announcing: the ends of transactions, told to listeners once everything in memory is settled.

So whatever a listener raises, the states of the objects and the connection are as they should be.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from asyncorm.session.transaction import Transaction
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Call, Notice, Notices, Watch, fire, fire_all, fire_noted
from asyncorm.tracking.unit_of_work import UnitOfWork


class Announcer:
    """Tells listeners of the ends of one session's transactions."""

    def __init__(self, unit: UnitOfWork, transaction: Transaction) -> None:
        self._unit = unit
        self._transaction = transaction
        #: how many savepoints were open when after_rollback was told of a failed flush
        self._told: int | None = None

    def _watch(self, instances: Iterable[Any] | None = None) -> Watch:
        return Watch(self._unit, self._unit.everything() if instances is None else instances)

    def _over(self, moves: Iterable[Call], levels: int) -> None:
        """Tell of new states and of levels that have ended."""
        fire_all(self._unit, moves)
        fire_noted(self._unit)
        for _ in range(levels):
            fire(self._unit, "after_transaction_end")

    async def fail(self, error: BaseException, *, flush: bool) -> None:
        """Fail the transaction, or its innermost savepoint; listeners can't hide the error."""
        unit, transaction = self._unit, self._transaction
        watch = self._watch()
        await transaction.fail_flush(error)
        if not HEARD:
            return
        self._told = len(transaction.savepoints)
        with self._noting(error):
            if isinstance(error, Exception):
                await Notice(unit, "after_rollback")
            self._over(watch.moves(), int(flush))
            if isinstance(error, Exception):
                await Notice(unit, "after_soft_rollback")

    @contextmanager
    def _noting(self, error: BaseException) -> Generator[None, None, None]:
        """Add what listeners raise to an error, which it must not hide."""
        try:
            yield
        except Exception as another:
            error.add_note(f"a listener failed too: {type(another).__name__}: {another}")

    async def rollback(self) -> None:
        """Roll everything back."""
        unit, transaction = self._unit, self._transaction
        if not HEARD or not transaction.active:
            await transaction.rollback()
            return
        transaction.autobegin()
        watch, levels = self._watch(), len(unit.levels)
        told, self._told = self._told, None
        try:
            await transaction.rollback()
        except BaseException as error:
            # also a cancelled rollback has ended in memory; what a listener says can't replace it
            with self._noting(error):
                self._over(watch.moves(), levels)
            raise
        if told != 0:
            await Notice(unit, "after_rollback")
        self._over(watch.moves(), levels)
        await Notice(unit, "after_soft_rollback")

    async def rollback_savepoint(self, name: str) -> None:
        """Undo what was done since a savepoint."""
        unit, transaction = self._unit, self._transaction
        if not HEARD:
            await transaction.rollback_savepoint(name)
            return
        watch, levels = self._watch(), len(unit.levels)
        told, self._told = self._told, None
        position = transaction.savepoints.index(name)
        await transaction.rollback_savepoint(name)
        if told is None or told <= position:
            await Notice(unit, "after_rollback")
        self._over(watch.moves(), levels - len(unit.levels))
        await Notice(unit, "after_soft_rollback")

    async def release_savepoint(self, name: str) -> None:
        """Keep what was done since a savepoint."""
        levels = len(self._unit.levels)
        await self._transaction.release_savepoint(name)
        if HEARD:
            await Notice(self._unit, "after_savepoint_release")
            self._over((), levels - len(self._unit.levels))

    async def before_commit(self) -> None:
        """Listeners may still change everything; an error of theirs fails the transaction."""
        try:
            await Notice(self._unit, "before_commit")
        except BaseException as error:
            await self.fail(error, flush=False)
            raise

    def watch_commit(self) -> tuple[Watch, int]:
        """What a commit will end: the deleted objects, and the levels."""
        levels = self._unit.levels
        return self._watch(i for level in levels for i in level.deleted), len(levels)

    async def committed(self, before: tuple[Watch, int]) -> None:
        """The transaction is committed."""
        watch, levels = before
        await Notice(self._unit, "after_commit")
        fire_all(self._unit, watch.moves())
        await Notices(self._unit)
        self._over((), levels)

    async def close(self, *, for_good: bool) -> None:
        """Let everything go and roll back, of which after_rollback is not told."""
        watch, levels = self._watch(), self._levels()
        self._unit.drop(for_good=for_good)
        try:
            await self._transaction.close()
        finally:
            self._ended(watch, levels)

    def abandon(self, *, drop: bool, for_good: bool = True) -> None:
        """Roll back without waiting for anything, and let everything go if ``drop``."""
        watch, levels = self._watch(), self._levels()
        if drop:
            self._unit.drop(for_good=for_good)
        self._transaction.abandon()
        self._ended(watch, levels)

    def _levels(self) -> int:
        return len(self._unit.levels) or int(self._transaction.active)

    def _ended(self, watch: Watch, levels: int) -> None:
        self._told = None
        if HEARD:
            self._over(watch.moves(), levels)
