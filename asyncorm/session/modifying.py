"""Running one INSERT, UPDATE or DELETE: loaded objects follow it, returned ones are made."""

from __future__ import annotations

from typing import Any

from asyncorm.engine.result import Result
from asyncorm.loading.existing import Existing
from asyncorm.loading.pipeline import make_rows
from asyncorm.session.core import SessionCore
from asyncorm.session.synchronize import expire_written, synchronizer_of
from asyncorm.sql.statements.delete import Delete
from asyncorm.tracking.notices import Notices


async def modify(core: SessionCore, statement: Any) -> Result[Any]:
    """Run a statement that changes rows, inside the transaction."""
    synchronizer = synchronizer_of(core.unit, statement)
    connection = await core.write_connection()
    sent = statement if synchronizer is None else synchronizer.statement
    compiled = core.context.statements.get(sent)
    connection.check_features(compiled)
    arguments = compiled.arguments(sent)
    records: list[Any] = []
    if compiled.returns_rows:
        records = await connection.fetch_carefully(compiled.sql, arguments)
        count = len(records)
    else:
        count = await connection.run(compiled.sql, arguments)
    if synchronizer is not None and not isinstance(statement, Delete):
        synchronizer.apply(records)
    expire_written(core.unit, statement, compiled.written)
    result = Result[Any]((), (), count)
    if statement._returning:
        result = await _returned(core, statement, records)
    if synchronizer is not None and isinstance(statement, Delete):
        # the objects that are returned are made first, and deleted like the others
        synchronizer.apply(records)
    if core.unit.notices:
        await Notices(core.unit)
    return result


async def _returned(core: SessionCore, statement: Any, records: list[Any]) -> Result[Any]:
    """The rows a statement returns; what follows in the records is not its own.

    What was written refreshes loaded objects, except for their unflushed changes.
    """
    overwrite = statement._execution_options.get("populate_existing")
    existing = Existing.OVERWRITE if overwrite else Existing.REFRESH_CLEAN
    plan = core.context.plan(statement)
    loaded = await make_rows(statement, plan, records, core.context, existing)
    return Result(loaded.rows, loaded.names, len(records))
