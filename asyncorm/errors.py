"""Every exception of asyncorm: one hierarchy with one root.

A message says what is wrong and names the thing; the hint says what to do. Neither holds
parameter values or passwords: values of a failing row are only in ``DatabaseError.detail``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class AsyncORMError(Exception):
    """Root of all errors raised by asyncorm; ``str()`` is the message followed by the hint."""

    default_hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint if hint is not None else self.default_hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class ConfigurationError(AsyncORMError):
    """A model, an engine URL or an option is declared wrongly."""


class InvalidRequestError(AsyncORMError):
    """The session, statement or object can't do what was asked in its present state."""


class ArgumentError(InvalidRequestError, TypeError):
    """An argument is of the wrong kind; also a ``TypeError``."""


class UnknownAttributeError(InvalidRequestError, AttributeError):
    """A mapped class has no column or relationship of this name; also an ``AttributeError``."""


class UnflushedChangesError(InvalidRequestError):
    """``clear()`` would have thrown away work that was not flushed."""

    default_hint = "await session.flush() or session.rollback() first, or call clear(discard=True)"


class UnflushedChangesWarning(UserWarning):
    """A session was closed over work that was not flushed; only with ``debug``."""


class NPlusOneError(InvalidRequestError):
    """One transaction was about to send a statement more often than ``n_plus_one_limit``."""


class NPlusOneWarning(UserWarning):
    """One transaction has sent a statement more often than ``n_plus_one_limit``."""


class PendingRollbackError(InvalidRequestError):
    """The transaction has failed; nothing more can be done in it."""

    default_hint = "await session.rollback() (or the savepoint's rollback()) and start again"


class ConcurrentSessionUseError(InvalidRequestError):
    """Two tasks used one session at the same time."""

    default_hint = "give every task its own session: async with Session() as session: ..."


class IdentityConflictError(InvalidRequestError):
    """A new object has the primary key of another object of the session; ``objects`` are both."""

    default_hint = "load and change the existing object, or use await session.merge(obj)"

    def __init__(
        self, message: str, *, objects: Sequence[Any] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.objects = tuple(objects)


class OrphanedReferenceError(InvalidRequestError):
    """An object refers to another one that is not in the session, so the link would be lost."""

    default_hint = "session.add() the referenced object too, or remove the reference"


class NoResultFound(InvalidRequestError):
    """A row was required and none was found."""

    default_hint = "use one_or_none(), first() or get() where a missing row is a normal case"


class MultipleResultsFound(InvalidRequestError):
    """One row was required and several were found."""

    default_hint = "narrow the statement, or use first() or all()"


class UnloadedAttributeError(AsyncORMError):
    """An attribute that is not loaded was read; asyncorm never does I/O on attribute access.

    Deliberately no ``AttributeError``: ``hasattr``, ``getattr(..., default)`` and pydantic's
    ``from_attributes`` would swallow it and give a wrong answer.
    """


class DetachedInstanceError(AsyncORMError):
    """An attribute that is not loaded was read on an object that belongs to no session."""


class ObjectDeletedError(AsyncORMError):
    """The row of an object no longer exists."""

    default_hint = "session.expunge() the object; its row was deleted by someone else"


@dataclass(frozen=True, eq=False)
class Conflict:
    """An object whose row is not as it was loaded: what was wanted, what is there, what was.

    ``mine`` are the values to be written (none for a DELETE), ``theirs`` the whole row as it is
    now (None if it is gone), ``base`` all that was loaded; by attribute.
    """

    object: Any
    mine: Mapping[str, Any]
    theirs: Mapping[str, Any] | None
    base: Mapping[str, Any]


class StaleDataError(AsyncORMError):
    """A row is not as it was loaded: changed or deleted meanwhile, by somebody else.

    ``objects`` are those of such rows, ``conflicts`` what each wanted and what its row holds;
    ``mine``, ``theirs`` and ``base`` are those of the first.
    """

    default_hint = "the rows were changed or deleted meanwhile: roll back, load again, and repeat"

    def __init__(
        self,
        message: str,
        *,
        objects: Sequence[Any] = (),
        conflicts: Sequence[Conflict] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.objects = tuple(objects)
        self.conflicts = tuple(conflicts)

    @property
    def mine(self) -> Mapping[str, Any] | None:
        """What the first object wanted to write."""
        return self.conflicts[0].mine if self.conflicts else None

    @property
    def theirs(self) -> Mapping[str, Any] | None:
        """The row of the first object as it is now; None if it is gone."""
        return self.conflicts[0].theirs if self.conflicts else None

    @property
    def base(self) -> Mapping[str, Any] | None:
        """What the first object was loaded with."""
        return self.conflicts[0].base if self.conflicts else None


class FlushError(AsyncORMError):
    """A flush can't be carried out."""


class CircularDependencyError(FlushError):
    """Rows refer to each other in a circle that no order of statements can satisfy."""

    default_hint = (
        "make one foreign key of the circle nullable, or deferrable where the code gives the keys"
    )


class DatabaseError(AsyncORMError):
    """PostgreSQL or the connection to it reported an error; the driver's is ``__cause__``.

    ``detail`` may hold values of the failing row; the message never does. ``objects`` are the
    instances of the failing row, as far as they are known.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        sqlstate: str | None = None,
        constraint: str | None = None,
        table: str | None = None,
        columns: Sequence[str] = (),
        detail: str | None = None,
        objects: Sequence[Any] = (),
        statement: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.sqlstate = sqlstate
        self.constraint = constraint
        self.table = table
        self.columns = tuple(columns)
        self.detail = detail
        self.objects = tuple(objects)
        self.statement = statement


class IntegrityError(DatabaseError):
    """A constraint of the database was violated (SQLSTATE class 23)."""

    default_hint = "correct the object in error.objects, roll back, and flush again"


class UniqueViolation(IntegrityError):
    """A unique constraint or primary key was violated (23505)."""


class ForeignKeyViolation(IntegrityError):
    """A foreign key points at no row, or a row that is still referenced was deleted (23503)."""


class NotNullViolation(IntegrityError):
    """A column that is NOT NULL received NULL (23502)."""


class CheckViolation(IntegrityError):
    """A check constraint was violated (23514)."""


class ExclusionViolation(IntegrityError):
    """An exclusion constraint was violated (23P01)."""


class DataError(DatabaseError):
    """A value does not fit its column: wrong type, too long, out of range (class 22)."""

    default_hint = "give a value of the column's type and size"


class PayloadError(DataError):
    """The text of a notification does not fit the type of its channel; ``detail`` holds it."""


class ProgrammingError(DatabaseError):
    """The statement is wrong: unknown table or column, syntax, privileges (class 42)."""

    default_hint = (
        "check the models against the database; await engine.create_all(...) makes tables"
    )


class OperationalError(DatabaseError):
    """The server or the connection to it failed, not the statement."""

    default_hint = "the unit of work can be repeated in a new session"


class ConnectionLost(OperationalError):
    """The connection broke, or could not be made."""

    default_hint = "check that the server runs and is reachable, then repeat the unit of work"


class PoolTimeout(OperationalError):
    """No connection became free within ``pool_timeout``."""

    default_hint = "close sessions sooner, or raise pool_size or pool_timeout in create_engine()"


class StatementTimeout(OperationalError):
    """A statement ran longer than the server allows, or was cancelled there (57014)."""

    default_hint = "make the statement cheaper or raise statement_timeout"


class LockTimeout(OperationalError):
    """A lock was not free (55P03)."""

    default_hint = "repeat the unit of work, or raise lock_timeout"


class LockLost(OperationalError):
    """An advisory lock was lost before the end of its block, with the connection that held it."""

    default_hint = "somebody else may have worked at the same time: check, and repeat the work"


class MissedNotifications(OperationalError):
    """Notifications may have been missed; ``gap`` says why. Going on with the loop is possible."""

    default_hint = (
        "read again what the notifications are about, and go on; or let listen(on_gap=...) do so"
    )

    def __init__(self, message: str, *, gap: Any) -> None:
        super().__init__(message)
        self.gap = gap


class SerializationFailure(OperationalError):
    """Concurrent transactions can't be serialised (40001)."""

    default_hint = "repeat the whole unit of work in a new transaction"


class DeadlockDetected(OperationalError):
    """PostgreSQL ended this transaction to resolve a deadlock (40P01)."""

    default_hint = "repeat the whole unit of work in a new transaction"


class ReadOnlyTransaction(OperationalError):
    """A write was tried in a read-only transaction or on a replica (25006)."""

    default_hint = "connect to the primary, or use a transaction that may write"


class CommitUnknown(DatabaseError):
    """The connection broke during COMMIT: nobody can tell from here whether it happened.

    Or it did, and the values that came back with it can't be read.
    """

    default_hint = "check in a new session whether the work is there before repeating it"


class TransactionRolledBack(DatabaseError):
    """COMMIT was answered with ROLLBACK: an earlier statement of the transaction had failed."""

    default_hint = "nothing was stored; repeat the unit of work and don't swallow its errors"
