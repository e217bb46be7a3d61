"""Running statements in a session: reads, writes that keep loaded objects in step, raw SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asyncorm.engine.result import Result
from asyncorm.errors import ArgumentError
from asyncorm.loading.execution import Execution
from asyncorm.loading.existing import Existing
from asyncorm.loading.pipeline import announce, make_rows, run
from asyncorm.loading.raw import load_entities
from asyncorm.session.core import SessionCore
from asyncorm.session.synchronize import Synchronizer
from asyncorm.sql.dml import Delete, Insert, Modification, Update
from asyncorm.sql.nodes import Statement
from asyncorm.sql.text import Text
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notices

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


async def execute(core: SessionCore, statement: Any, parameters: Parameters = None) -> Result[Any]:
    """Run any statement; what is pending is flushed first."""
    check_statement(statement)
    if HEARD:
        core.transaction.check()
        statement = await announce(core.unit, Execution(statement, parameters))
    if parameters is not None:
        if not isinstance(statement, Insert):
            raise ArgumentError(
                f"execute() takes parameters for insert() only, not for "
                f"{type(statement).__name__.lower()}()",
                hint="bind the values in the statement itself",
            )
        statement = statement.values(
            dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        )
    core.transaction.check()
    await core.autoflush()
    if isinstance(statement, Text):
        return await _execute_text(core, statement)
    if isinstance(statement, Modification):
        return await _modify(core, statement)
    return await read(core, statement)


def check_statement(statement: Any) -> None:
    """Refuse what is no statement."""
    if not isinstance(statement, Statement):
        what = "a class" if isinstance(statement, type) else f"a {type(statement).__name__}"
        raise ArgumentError(
            f"{what} is no statement",
            hint='write select(User), or sql("select ...") for text',
        )


async def read(core: SessionCore, statement: Any) -> Result[Any]:
    """Run a SELECT; one that locks rows needs a transaction, and refreshes what is loaded."""
    existing = existing_policy(core, statement)
    if locks(statement):
        await core.write_connection()
    loaded = await run(statement, core.context, existing)
    return Result(loaded.rows, loaded.names, len(loaded.rows))


def locks(statement: Any) -> bool:
    """Whether a statement locks rows."""
    extras = getattr(statement, "_extras", None)
    return extras is not None and extras.lock is not None


def existing_policy(core: SessionCore, statement: Any) -> Existing | None:
    """What rows of a statement do to instances that are loaded already."""
    if statement._execution_options.get("populate_existing"):
        return Existing.OVERWRITE
    return Existing.LOCKED if locks(statement) else None


async def _modify(core: SessionCore, statement: Any) -> Result[Any]:
    connection = await core.write_connection()
    synchronizer = Synchronizer.of(core.unit, statement)
    if synchronizer is not None:
        statement = synchronizer.statement
    compiled = core.engine.statements.get(statement)
    arguments = compiled.arguments(statement)
    if not compiled.returns_rows:
        return Result((), (), await connection.run(compiled.sql, arguments))
    records = await connection.fetch(compiled.sql, arguments)
    if synchronizer is not None:
        synchronizer.apply(records)
        if core.unit.notices:
            await Notices(core.unit)
        return Result((), (), len(records))
    existing = existing_policy(core, statement)
    if isinstance(statement, Update | Delete) and existing is None:
        existing = Existing.REFRESH_CLEAN
    loaded = await make_rows(statement, compiled, records, core.context, existing)
    return Result(loaded.rows, loaded.names, len(records))


async def _execute_text(core: SessionCore, statement: Text[Any]) -> Result[Any]:
    connection = await core.write_connection()
    connection.used_raw_sql = True
    entity: Any = statement._shape
    if hasattr(entity, "__mapper__"):
        compiled = core.engine.statements.get(statement)
        records = await connection.fetch(compiled.sql, compiled.arguments(statement))
        entities = load_entities(entity, records, core.unit)
        if core.unit.notices:
            await Notices(core.unit)
        return Result(entities, (entity.__name__,), len(entities))
    return await connection.execute(statement)
