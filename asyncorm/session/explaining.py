"""explain: PostgreSQL's own account of how it runs a statement."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.session.core import SessionCore


async def explain(core: SessionCore, statement: Any, analyze: bool) -> str:
    """The text of EXPLAIN; with ``analyze`` the statement is run, inside the transaction."""
    if not isinstance(analyze, bool):
        raise ArgumentError(
            f"analyze is True or False, not {type(analyze).__name__}",
            hint="explain(statement, analyze=True) runs the statement",
        )
    core.transaction.check()
    await core.autoflush()
    compiled = core.context.plan(statement).compiled
    options = "(ANALYZE, BUFFERS)" if analyze else "(COSTS)"
    connection = await core.write_connection()
    connection.check_features(compiled)
    records = await connection.fetch(
        f"EXPLAIN {options} {compiled.sql}", compiled.arguments(statement)
    )
    return "\n".join(record[0] for record in records)
