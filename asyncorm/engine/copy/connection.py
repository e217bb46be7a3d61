"""BulkConnection: the part of a connection that copies rows, outside of any session."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, Unpack, overload

from asyncorm.engine.copy.into import CopyConnection, CopyResult, copying
from asyncorm.engine.copy.options import ColumnNames, CopyOptions, NamedRow, Rows
from asyncorm.engine.copy.out import (
    CopyFormat,
    CopyOut,
    CopyOutConnection,
    CopyQuery,
    copy_query,
)
from asyncorm.errors import ArgumentError
from asyncorm.mapping.copied_rows import CopiedRows
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.nodes import Statement


class OwnTransactions(CopyConnection, Protocol):
    """What copying without a session needs of a connection besides."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    async def begin_now(self) -> None:
        """Begin a transaction."""
        ...

    async def commit(self) -> None:
        """Commit it."""
        ...

    async def rollback(self) -> None:
        """Roll it back."""
        ...


class BulkConnection:
    """Copies rows to the tables of entities."""

    __slots__ = ()

    @overload
    async def copy_in(
        self: OwnTransactions,
        entity: type[Any],
        source: Rows[NamedRow],
        *,
        columns: ColumnNames | None = None,
        **options: Unpack[CopyOptions],
    ) -> CopyResult: ...
    @overload
    async def copy_in(
        self: OwnTransactions,
        entity: type[Any],
        source: Rows[Sequence[Any]],
        *,
        columns: ColumnNames,
        **options: Unpack[CopyOptions],
    ) -> CopyResult: ...
    async def copy_in(
        self: OwnTransactions,
        entity: type[Any],
        source: Any,
        *,
        columns: Any = None,
        **options: Any,
    ) -> CopyResult:
        """Copy rows to the table of an entity, like ``session.copy_in()``.

        All of it is written or nothing, in a transaction of its own if none is open.
        """
        mapper = getattr(entity, "__mapper__", None)
        if not isinstance(mapper, Mapper):
            raise ArgumentError("copy_in() needs a mapped class", hint="copy_in(User, rows)")
        job = copying(mapper, source, _refuse_instances, columns=columns, **options)
        if self.in_transaction:
            return await job.run(self)
        await self.begin_now()
        try:
            result = await job.run(self)
        except Exception:
            await self.rollback()
            raise
        await self.commit()
        return result

    def copy_out(
        self: CopyOutConnection,
        statement: Statement[Any] | type[Any],
        *,
        format: CopyFormat = "csv",
        header: bool = False,
    ) -> CopyOut:
        """The rows of a query as bytes, like ``session.copy_out()``."""

        @asynccontextmanager
        async def opened() -> AsyncGenerator[tuple[CopyOutConnection, CopyQuery]]:
            yield self, copy_query(self.statements, statement, format, header)

        return CopyOut(opened)


def _refuse_instances(rows: CopiedRows, batch: Sequence[Any], first: int) -> None:
    raise ArgumentError(
        "a connection copies no objects of entities",
        hint="use session.copy_in(), which knows whether a session holds them",
    )
