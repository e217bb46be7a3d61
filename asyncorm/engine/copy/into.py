"""Copying rows into a table by COPY, or through a temporary table that is then inserted from."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.compiled import OLD_AND_NEW
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.engine.copy.conflict import (
    STAGE,
    STAGE_SCHEMA,
    CopyConflict,
    OnConflict,
    copy_conflict,
    insert_staged,
)
from asyncorm.engine.copy.source import Check, CopySource, Progress, check_source
from asyncorm.errors import DatabaseError
from asyncorm.mapping.copied_rows import check_copied
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.expressions import Expression
from asyncorm.sql.statements.raw import Text

_LINE = r"\bline (\d+)\b"
#: transactions that clash, resources, operators and the system: the server was at some row then
_NO_FAULT_OF_A_ROW = frozenset(("40", "53", "55", "57", "58"))


class CopyResult(NamedTuple):
    """What came of rows that were copied: how many there were, and what was done with them.

    Rows that neither were inserted nor have updated another met a conflict that ``"nothing"`` or
    ``where`` left alone.
    """

    rows: int
    inserted: int
    updated: int


class CopyConnection(Protocol):
    """What copying needs of a connection."""

    @property
    def statements(self) -> StatementCache:
        """Compiled statements by structure."""
        ...

    @property
    def server_version(self) -> int:
        """The major version of the server."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether it was lost."""
        ...

    async def takes_copy(self, table: str, schema: str | None) -> bool:
        """Whether COPY can write to a table or view."""
        ...

    async def copy_text(
        self,
        table: str,
        columns: Sequence[str],
        source: AsyncIterator[bytes],
        *,
        schema: str | None = None,
    ) -> int:
        """COPY from text to a table; how many rows."""
        ...

    async def command(self, text: str) -> str:
        """Run text without parameters."""
        ...

    async def fetch(self, sql: str, arguments: Sequence[object] = ()) -> list[Any]:
        """Run a statement and return its records."""
        ...

    def run(self, sql: str, arguments: Sequence[object] = ()) -> Coroutine[Any, Any, int]:
        """Run a statement and return how many rows it affected."""
        ...


async def copy_rows(
    connection: CopyConnection, mapper: Mapper, source: CopySource, conflict: CopyConflict | None
) -> CopyResult:
    """Copy all rows of a source inside a transaction.

    What the source raises comes out as it is. Where anything was sent before, the server has given
    the transaction up, as after any other error.
    """
    try:
        if not await source.open():
            return CopyResult(0, 0, 0)
        table = source.rows.table
        if conflict is not None or not await connection.takes_copy(table.name, table.schema):
            return await _copy_staged(connection, mapper, source, conflict)
        count = await _send(connection, source, table.name, table.schema)
        return CopyResult(source.sent, count, 0)
    except Exception:
        await source.aclose()
        raise


async def _send(
    connection: CopyConnection, source: CopySource, table: str, schema: str | None
) -> int:
    names, count = [column.name for column in source.rows.columns], 0
    while source.begin(lambda: connection.is_closed):
        before = source.sent
        try:
            count += await connection.copy_text(table, names, source, schema=schema)
        except DatabaseError as error:
            if source.failure is not None:
                raise source.failure from None
            _locate(error, before, source)
            raise
    return count


def _locate(error: DatabaseError, before: int, source: CopySource) -> None:
    """Say which row the server has refused; it counts the lines of one command."""
    found = re.search(_LINE, getattr(error.__cause__, "context", None) or "")
    if found is None or (error.sqlstate or "")[:2] in _NO_FAULT_OF_A_ROW:
        return
    number = before + int(found[1])
    error.message = f"row {number}: {error.message}"
    error.args = (error.message,)
    if error.hint == error.default_hint:
        error.hint = "correct the row or leave it out, roll back, and copy again"
    rows = source.source
    if source.rows.are_instances and isinstance(rows, Sequence) and number <= len(rows):
        error.objects = (rows[number - 1],)


async def _copy_staged(
    connection: CopyConnection, mapper: Mapper, source: CopySource, conflict: CopyConflict | None
) -> CopyResult:
    """Copy to a temporary table, and insert from it: what meets no conflict, or what COPY itself
    can't write to."""
    table, columns, names = source.rows.table, source.rows.columns, source.rows.names
    statement = conflict.statement(mapper, names) if conflict else insert_staged(mapper, names)
    compiled = connection.statements.get(statement)
    stage = quote_qualified(STAGE_SCHEMA, STAGE)
    selected = ", ".join(quote_name(column.name) for column in columns)
    await connection.command(
        f"CREATE TEMPORARY TABLE {stage} ON COMMIT DROP AS SELECT {selected} "
        f"FROM {quote_qualified(table.schema, table.name)} WITH NO DATA"
    )
    await _send(connection, source, STAGE, STAGE_SCHEMA)
    arguments = compiled.arguments(statement)
    if conflict is None or not conflict.updates:
        counts = (await connection.run(compiled.sql, arguments), 0)
    else:
        counts = await _upsert(connection, mapper, compiled.sql, arguments)
    await connection.command(f"DROP TABLE {stage}")
    return CopyResult(source.sent, *counts)


async def _upsert(
    connection: CopyConnection, mapper: Mapper, sql: str, arguments: Sequence[object]
) -> tuple[int, int]:
    """Run the INSERT; how many rows it has inserted, and how many updated."""
    if connection.server_version >= OLD_AND_NEW.version:
        key = quote_name(mapper.columns[mapper.primary_key[0]].name)
        returning = f"RETURNING WITH (OLD AS {STAGE}_old) {STAGE}_old.{key} IS NULL"
    else:
        # a row that was updated has been locked for it, which its xmax tells
        returning = "RETURNING xmax = 0"
    try:
        [counts] = await connection.fetch(
            f"WITH written (inserted) AS ({sql} {returning}) SELECT "
            "count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written",
            arguments,
        )
    except DatabaseError as error:
        if error.sqlstate == "21000":
            error.hint = "two of the rows have the same values of the unique columns: leave one out"
        if error.sqlstate == "0A000" and "system column" in error.message:
            error.hint = (
                "the table is partitioned, and what was updated can be told on PostgreSQL 18 only: "
                "use insert(...).on_conflict_do_update(...)"
            )
        raise
    return counts[0], counts[1]


class Copying(NamedTuple):
    """A copy that can begin: what its arguments say."""

    mapper: Mapper
    source: CopySource
    conflict: CopyConflict | None

    async def run(self, connection: CopyConnection) -> CopyResult:
        """Copy, inside a transaction."""
        return await copy_rows(connection, self.mapper, self.source, self.conflict)


def copying(
    mapper: Mapper,
    source: Any,
    check: Check,
    *,
    columns: Iterable[Any] | None = None,
    batch_size: int = 1000,
    progress: Progress | None = None,
    validate: bool = False,
    on_conflict: OnConflict | None = None,
    index_elements: Iterable[Any] = (),
    index_where: Expression[bool, Any] | Text[Any] | None = None,
    constraint: str | None = None,
    set_: Mapping[Any, Any] | Iterable[Any] | None = None,
    where: Expression[bool, Any] | None = None,
) -> Copying:
    """A copy of rows to an entity's table; raises for arguments that make no sense."""
    mapper.entity.metadata.configure()
    check_copied(mapper)
    check_source(mapper, source, batch_size)
    conflict = copy_conflict(on_conflict, index_elements, index_where, constraint, set_, where)
    rows = CopySource(
        mapper,
        source,
        columns=columns,
        batch_size=batch_size,
        progress=progress,
        validate=validate,
        check=check,
    )
    return Copying(mapper, rows, conflict)
