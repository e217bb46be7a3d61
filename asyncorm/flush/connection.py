"""What a flush writes through: a connection in a transaction, or one that commits by itself."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from asyncorm.engine.connection import Connection, unknown_commit


class FlushConnection(Protocol):
    """What a flush needs of a connection."""

    def fetch(self, sql: str, arguments: list[Any]) -> Coroutine[Any, Any, list[Any]]:
        """Send a statement and return its rows."""
        ...

    def fetch_carefully(self, sql: str, arguments: list[Any]) -> Coroutine[Any, Any, list[Any]]:
        """The same where the rows may hold what Python has no room for."""
        ...

    def run(self, sql: str, arguments: list[Any]) -> Coroutine[Any, Any, int]:
        """Send a statement and return how many rows it touched."""
        ...

    async def takes_copy(self, table: str, schema: str | None) -> bool:
        """Whether COPY can write to a table or view."""
        ...

    async def copy_records(
        self, table: str, columns: list[str], records: list[Any], *, schema: str | None = None
    ) -> int:
        """Load rows with COPY and return how many."""
        ...

    async def copy_text(
        self, table: str, columns: list[str], source: Any, *, schema: str | None = None
    ) -> int:
        """The same for rows in COPY's text format."""
        ...


class TransactionConnection(FlushConnection, Protocol):
    """What the search for a refused row needs besides: points to return to."""

    async def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        ...

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what was done since the savepoint."""
        ...


class CommittingConnection:
    """A connection for the last statement before a COMMIT that goes along with it.

    That is the only one of a transaction that needs no BEGIN and COMMIT, or the end of one with
    several. Statements are guarded on it, so that they fail as a whole if they do not write all
    rows: afterwards it would be too late to roll back.
    """

    def __init__(self, connection: Connection, *, in_transaction: bool) -> None:
        self._connection = connection
        self._in_transaction = in_transaction

    def guards(self, rows: int) -> bool:
        """Whether a statement for some rows must fail if it does not write all of them.

        Alone, one for a single row has nothing to take back.
        """
        return rows > 1 or self._in_transaction

    @property
    def refused(self) -> bool:
        """Whether not the statement failed, but the COMMIT after it."""
        return self._in_transaction and not self._connection.in_transaction

    def check_unread(self, error: Exception) -> None:
        """Raise CommitUnknown if values that can't be read came back with a COMMIT.

        Nothing can be rolled back any more, and the objects lack what was stored.
        """
        if self._connection.outcome == "committed":
            raise unknown_commit(error) from error

    async def give_up(self) -> None:
        """Roll back, so that it can be looked for what a guard has found."""
        if self._in_transaction:
            await self._connection.rollback()

    @property
    def plain(self) -> Connection:
        """The connection itself, to look with: what does not commit anything is not certain."""
        return self._connection

    def fetch(self, sql: str, arguments: list[Any]) -> Coroutine[Any, Any, list[Any]]:
        """Run the statement and return its rows; certain about its end like COMMIT."""
        return self._connection.commit_fetch(sql, arguments, along=self._in_transaction)

    def fetch_carefully(self, sql: str, arguments: list[Any]) -> Coroutine[Any, Any, list[Any]]:
        """The same where the rows may hold what Python has no room for."""
        along = self._in_transaction
        return self._connection.commit_fetch_carefully(sql, arguments, along=along)

    def run(self, sql: str, arguments: list[Any]) -> Coroutine[Any, Any, int]:
        """Run the statement; certain about its end like COMMIT, which must be sent by itself."""
        if self._in_transaction:
            return self._connection.run(sql, arguments)
        return self._connection.commit_run(sql, arguments)

    async def takes_copy(self, table: str, schema: str | None) -> bool:
        """Whether COPY can write to a table or view."""
        return await self._connection.takes_copy(table, schema)

    async def copy_records(
        self, table: str, columns: list[str], records: Sequence[Any], *, schema: str | None = None
    ) -> int:
        """Load rows with COPY; a plan that does so asks for a transaction."""
        return await self._connection.copy_records(table, columns, records, schema=schema)

    async def copy_text(
        self, table: str, columns: list[str], source: Any, *, schema: str | None = None
    ) -> int:
        """The same for rows in COPY's text format."""
        return await self._connection.copy_text(table, columns, source, schema=schema)
