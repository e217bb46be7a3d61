"""The write path by name: what a flush does, from changes to clean instances."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asyncorm.compiler.cache import StatementCache
from asyncorm.flush.changes import ChangeSet, collect_changes
from asyncorm.flush.connection import FlushConnection
from asyncorm.flush.executor import execute_plan
from asyncorm.flush.finish import finish_flush
from asyncorm.flush.hooks import FlushHooks
from asyncorm.flush.plan import FlushPlan
from asyncorm.flush.planner import plan_flush
from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.unit_of_work import UnitOfWork

Connect = Callable[[FlushPlan], Awaitable[FlushConnection]]
#: loads a relationship of an object
Load = Callable[[Any, Relationship[Any, Any]], Awaitable[None]]


def preview(unit: UnitOfWork) -> FlushPlan:
    """The plan a flush would carry out now; nothing is changed or sent.

    Children of orphans that are not loaded are missing from it: a flush loads them first.
    """
    return plan_flush(collect_changes(unit))


async def flush(unit: UnitOfWork, connect: Connect, statements: StatementCache, load: Load) -> None:
    """Write every change the unit of work holds; without changes no connection is needed."""
    hooks = FlushHooks.of(unit)  # who listens to it
    changes = await _complete(unit, load)  # what differs from the database
    plan = plan_flush(changes)  # in which order it must be written, in how few statements
    if hooks is not None:
        if plan.batches:
            await connect(plan)
        await hooks.before(changes, plan)
        changes = await _complete(unit, load)
        plan = plan_flush(changes)
    if plan.batches:
        await execute_plan(plan, await connect(plan), statements)
    if hooks is not None:
        await hooks.after()
    finish_flush(unit, changes, plan)  # instances take their new states
    if hooks is not None:
        await hooks.finished()


async def _complete(unit: UnitOfWork, load: Load) -> ChangeSet:
    """All changes; orphans take their children along, which are loaded for that."""
    changes = collect_changes(unit)
    while changes.unloaded:
        for instance, relationship in changes.unloaded:
            await load(instance, relationship)
        changes = collect_changes(unit)
    return changes
