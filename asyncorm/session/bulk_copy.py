"""BulkSession: the part of a session that copies rows to tables."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, Unpack, overload

from asyncorm.engine.copy.into import Copying, CopyResult, copying
from asyncorm.engine.copy.options import ColumnNames, CopyOptions, NamedRow, Rows
from asyncorm.engine.copy.out import (
    CopyFormat,
    CopyOut,
    CopyOutConnection,
    CopyQuery,
    copy_query,
)
from asyncorm.errors import InvalidRequestError
from asyncorm.mapping.copied_rows import CopiedRows
from asyncorm.mapping.mapper import Mapper
from asyncorm.models.model import Model
from asyncorm.session.core import SessionCore
from asyncorm.session.reading import ReadingSession, mapper_of_entity
from asyncorm.session.synchronize import live_objects
from asyncorm.sql.nodes import Statement
from asyncorm.tracking.state import Status, status_of
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import identity_key, mapper_of

M = TypeVar("M", bound=Model)


class BulkSession(ReadingSession):
    """What a session writes many rows with that do not become its objects."""

    @overload
    async def copy_in(
        self,
        entity: type[M],
        source: Rows[M | NamedRow],
        *,
        columns: ColumnNames | None = None,
        **options: Unpack[CopyOptions],
    ) -> CopyResult: ...
    @overload
    async def copy_in(
        self,
        entity: type[M],
        source: Rows[Sequence[Any]],
        *,
        columns: ColumnNames,
        **options: Unpack[CopyOptions],
    ) -> CopyResult: ...
    async def copy_in(
        self,
        entity: type[Any],
        source: Any,
        *,
        columns: Any = None,
        **options: Any,
    ) -> CopyResult:
        """Copy rows to the table of an entity by COPY, in bounded memory, inside the transaction.

        ``source`` is a list, an iterator or an async iterator of dicts, of objects with the fields
        of the entity (its own ones too), or of tuples with ``columns``. None of them enters the
        session, no events are told, and relationships are not followed: foreign keys are copied
        as they are. Defaults of the model apply, those of the server to what no row gives.

        ``batch_size`` rows are sent at once, after which ``progress`` is told how many rows there
        were. With ``validate=True`` an object of the entity is made of each row first.

        ``on_conflict="update"`` updates the rows that are there, found by ``index_elements`` (or
        the primary key), in the columns ``set_`` (all others that are given), ``where`` that holds;
        ``"nothing"`` leaves them as they are. Objects that are loaded are read again then.

        Raises DataError, InvalidRequestError or the error of the constraint, with the number of the
        row; what the source raises comes out as it is. The transaction has failed afterwards.
        """
        with self._guard("copy_in"):
            self._transaction.check()
            mapper = mapper_of_entity(entity)
            job = copying(mapper, source, _check_instances, columns=columns, **options)
            await self._core.autoflush()
            connection = await self._core.write_connection()
            try:
                result = await job.run(connection)
            except Exception as error:
                self._transaction.note_aborted(error, sent=job.source.has_begun)
                raise
            _expire_updated(self._core, job)
            return result

    def copy_out(
        self,
        statement: Statement[Any] | type[Any],
        *,
        format: CopyFormat = "csv",
        header: bool = False,
    ) -> CopyOut:
        """The rows of a query (or of all of a class) as bytes, made by COPY on the server.

        ``async for piece in session.copy_out(select(...), header=True)``, in bounded memory, inside
        of ``async with session.copy_out(...) as pieces`` if the loop may be left early; or ``await
        session.copy_out(...).to("users.csv")``, which returns how many rows there were. ``format``
        is ``"csv"``, or ``"text"`` as COPY has it; ``header`` begins with a line of names. While
        it runs, the session does nothing else.
        For rows of Python values use ``stream()``.
        """

        @asynccontextmanager
        async def opened() -> AsyncGenerator[tuple[CopyOutConnection, CopyQuery]]:
            with self._guard("copy_out"):
                self._transaction.check()
                query = copy_query(self._core.engine.statements, statement, format, header)
                await self._core.autoflush()
                yield await self._core.write_connection(), query

        return CopyOut(opened)


def _check_instances(rows: CopiedRows, batch: Sequence[Any], first: int) -> None:
    """Refuse objects that a session writes, and links that would be lost."""
    for number, instance in enumerate(batch, first):
        if instance._state is not None and status_of(instance) not in _FREE:
            raise InvalidRequestError(
                f"row {number} is an object that a session holds as {status_of(instance).value}",
                hint="flush() writes it; copy objects that were never added",
            )
    mapper = mapper_of(batch[0])
    for relationship in mapper.many_to_one:
        for number, instance in enumerate(batch, first):
            held = instance.__dict__
            if held.get(relationship.name) is not None and any(
                held.get(name) is None for name in relationship.local_attributes
            ):
                names = " and ".join(f"{mapper.name}.{n}" for n in relationship.local_attributes)
                raise InvalidRequestError(
                    f"row {number} refers to an object by {relationship}, but has no {names}",
                    hint="COPY writes keys, not objects: flush the other object, and give its key",
                )


_FREE = (Status.TRANSIENT, Status.DETACHED)


def _expire_updated(core: SessionCore, job: Copying) -> None:
    """Objects whose rows an upsert may have changed are read again when they are needed."""
    mapper: Mapper = job.mapper
    if job.conflict is None or not job.conflict.updates or not job.source.sent:
        return
    names = job.conflict.assigned_names(mapper, job.source.rows.names)
    version = () if mapper.version is None else (mapper.version.name,)
    for instance in live_objects(core.unit, mapper):
        expire(instance, (*names, *version, *mapper.computed))
        core.unit.levels[-1].note_update(mapper_of(instance), identity_key(instance))
