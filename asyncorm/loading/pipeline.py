"""The read path by name: a statement becomes rows, and what its options ask for is loaded too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.loading.context import LoadContext
from asyncorm.loading.execution import Execution
from asyncorm.loading.existing import Existing
from asyncorm.loading.options import SelectInLoad
from asyncorm.loading.plan import LoadPlan
from asyncorm.loading.selectin import RelatedLoad
from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notice, Notices
from asyncorm.tracking.unit_of_work import UnitOfWork

Path = Sequence[Relationship[Any, Any]]


class Loaded(NamedTuple):
    """The rows of a statement and the names of their items."""

    rows: list[Any]
    names: tuple[str, ...]


_plans: WeakKeyDictionary[CompiledStatement, LoadPlan] = WeakKeyDictionary()


def plan_for(compiled: CompiledStatement) -> LoadPlan:
    """The plan of a compiled statement; it lives as long as the statement stays cached."""
    plan = _plans.get(compiled)
    if plan is None:
        plan = _plans[compiled] = LoadPlan(compiled)
    return plan


async def announce(unit: UnitOfWork, execution: Execution) -> Any:
    """The statement to send once listeners have seen it."""
    await Notice(unit, "do_orm_execute", execution)
    return execution.statement


async def load(
    statement: Any, context: LoadContext, existing: Existing | None = None, **kind: bool
) -> Loaded:
    """Run a statement of the session's own, of which listeners are told as of any other."""
    if HEARD:
        statement = await announce(context.unit, Execution(statement, **kind))
    return await run(statement, context, existing)


async def run(statement: Any, context: LoadContext, existing: Existing | None = None) -> Loaded:
    """Run a statement and return its rows with everything its options ask for."""
    compiled = context.statements.get(statement)
    records = await context.fetch(compiled.sql, compiled.arguments(statement))
    return await make_rows(statement, compiled, records, context, existing)


async def make_rows(
    statement: Any,
    compiled: CompiledStatement,
    records: Sequence[Any],
    context: LoadContext,
    existing: Existing | None = None,
) -> Loaded:
    """Rows of records that are here already; only the options still need SQL."""
    plan = plan_for(compiled)
    columns = plan.columns(records, context.unit, existing)
    if context.unit.notices:
        await Notices(context.unit)
    for option in getattr(statement, "_options", ()):
        if isinstance(option, SelectInLoad):
            for position in plan.entities:
                entities = [e for e in columns[position] if e is not None]
                if entities and isinstance(entities[0], option.path[0].owner):
                    await load_path(entities, option.path, context)
    return Loaded(plan.rows(columns, getattr(statement, "_shape", None)), plan.names)


async def load_path(instances: Iterable[Any], path: Path, context: LoadContext) -> None:
    """Load a path of relationships, one statement a step; what is loaded stays as it is."""
    pending = deque([(list(instances), tuple(path))])
    while pending:
        owners, steps = pending.popleft()
        step = RelatedLoad(steps[0], owners)
        keys = step.keys_statement()
        if keys is not None:
            await load(keys, context)
        statement = step.statement(context.unit)
        if statement is not None:
            found = (await load(statement, context, is_relationship_load=True)).rows
            step.distribute(found)
        if len(steps) > 1:
            pending.append((step.related(), steps[1:]))
