"""Running statements in a session: reads, writes that keep loaded objects in step, raw SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asyncorm.engine.result import Result
from asyncorm.errors import ArgumentError
from asyncorm.loading.execution import Execution
from asyncorm.loading.existing import Existing
from asyncorm.loading.pipeline import announce, let_go, make_rows
from asyncorm.loading.raw import load_text, makes_objects
from asyncorm.session.bulk import check_rows, execute_rows
from asyncorm.session.core import SessionCore
from asyncorm.session.modifying import modify
from asyncorm.session.synchronize import expire_written
from asyncorm.sql.nodes import Statement
from asyncorm.sql.statements.modification import Modification
from asyncorm.sql.statements.raw import Text
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notices
from asyncorm.tracking.write_only import WriteOnlyCollection

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
Options = Mapping[str, Any] | None


async def execute(core: SessionCore, statement: Any, parameters: Parameters = None) -> Result[Any]:
    """Run any statement; what is pending is flushed first."""
    check_statement(statement)
    if HEARD:
        core.transaction.check()
        statement = await announce(core.unit, Execution(statement, parameters))
    if parameters is not None:
        check_rows(statement)
    core.transaction.check()
    await core.autoflush()
    if parameters is not None:
        rows = [parameters] if isinstance(parameters, Mapping) else list(parameters)
        return await execute_rows(core, statement, rows)
    if isinstance(statement, Text):
        return await _execute_text(core, statement)
    if isinstance(statement, Modification):
        return await modify(core, statement)
    return await read(core, statement)


def with_options(statement: Any, options: Options) -> Any:
    """A statement with more execution options."""
    if not options:
        return statement
    check_statement(statement)
    return statement.execution_options(**options)


def check_statement(statement: Any) -> None:
    """Refuse what is no statement."""
    if not isinstance(statement, Statement):
        what = "a class" if isinstance(statement, type) else f"a {type(statement).__name__}"
        raise ArgumentError(
            f"{what} is no statement",
            hint="select its members: await session.all(obj.collection.select())"
            if isinstance(statement, WriteOnlyCollection)
            else 'write select(User), or sql("select ...") for text',
        )


async def read(core: SessionCore, statement: Any) -> Result[Any]:
    """Run a SELECT. One that locks rows needs a transaction, and refreshes what is loaded; so does
    one with a CTE that writes, which else would be committed at once."""
    existing = existing_policy(statement)
    plan = core.context.plan(statement)
    compiled = plan.compiled
    fetch, arguments = core.context.fetch, compiled.arguments(statement)
    if compiled.writes or locks(statement):
        connection = await core.write_connection()
        connection.check_features(compiled)
    if compiled.writes:
        # by the connection, since writing again is no mistake
        connection = await core.write_connection()
        records = await connection.fetch_carefully(compiled.sql, arguments)
    else:
        records = await fetch(compiled.sql, arguments, once=compiled.acts)
    loaded = await make_rows(statement, plan, records, core.context, existing)
    let_go(records)
    expire_written(core.unit, statement, compiled.written)
    return Result(loaded.rows, loaded.names, len(loaded.rows))


def locks(statement: Any) -> bool:
    """Whether a statement locks rows."""
    extras = getattr(statement, "_extras", None)
    return extras is not None and extras.lock is not None


def existing_policy(statement: Any) -> Existing | None:
    """What rows of a statement do to instances that are loaded already."""
    if statement._execution_options.get("populate_existing"):
        return Existing.OVERWRITE
    return Existing.LOCKED if locks(statement) else None


async def _execute_text(core: SessionCore, statement: Text[Any]) -> Result[Any]:
    if core.count_statement is not None:
        _count_text(core.count_statement, core.engine.statements.get(statement).sql)
    connection = await core.write_connection()
    connection.used_raw_sql = True
    if makes_objects(statement):
        compiled = core.context.statements.get(statement)
        records = await connection.fetch_carefully(compiled.sql, compiled.arguments(statement))
        rows, names = load_text(statement, compiled, records, core.unit)
        if core.unit.notices:
            await Notices(core.unit)
        return Result(rows, names, len(rows))
    return await connection.execute(statement)


def _count_text(count: Callable[[str], None], sql: str) -> None:
    """Count what clearly reads; any other text may write, and writing again is no mistake."""
    if sql.lstrip()[:6].upper() == "SELECT":
        count(sql)
