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
from asyncorm.flush.orphans import Unloaded
from asyncorm.flush.plan import FlushPlan
from asyncorm.flush.planner import plan_flush
from asyncorm.flush.search import Restart
from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.collector import MANY_ROWS, without_collections
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.unit_of_work import UnitOfWork

Connect = Callable[[FlushPlan], Awaitable[FlushConnection]]
#: loads a relationship of several objects
Load = Callable[[list[Any], Relationship[Any, Any]], Awaitable[None]]


def preview(unit: UnitOfWork) -> FlushPlan:
    """The plan a flush would carry out now; nothing is changed or sent.

    Children of orphans that are not loaded are missing from it: a flush loads them first.
    """
    return plan_flush(collect_changes(unit))


async def flush(
    unit: UnitOfWork, connect: Connect, statements: StatementCache, load: Load, restart: Restart
) -> None:
    """Write every change the unit of work holds; without changes no connection is needed."""
    many = len(unit.new) + len(unit.dirty) >= MANY_ROWS
    # what differs from the database
    changes = without_collections(collect_changes, unit) if many else collect_changes(unit)
    if changes.unloaded:
        changes = await _complete(unit, changes, load)
    hooks = FlushHooks.of(unit) if HEARD else None  # who listens to it
    # in which order it must be written, in how few statements
    plan = without_collections(plan_flush, changes) if many else plan_flush(changes)
    if hooks is not None and hooks.precede(changes, plan):
        if plan.batches:
            await connect(plan)
        await hooks.before()
        changes = await _complete(unit, collect_changes(unit), load)
        plan = plan_flush(changes)
    if plan.batches:
        await execute_plan(plan, await connect(plan), statements, restart)
    if hooks is not None:
        await hooks.after()
    # instances take their new states
    if many:
        without_collections(finish_flush, unit, changes, plan)
    else:
        finish_flush(unit, changes, plan)
    if hooks is not None:
        await hooks.finished()


async def _complete(unit: UnitOfWork, changes: ChangeSet, load: Load) -> ChangeSet:
    """All changes; orphans take their children along, which are loaded for that."""
    while changes.unloaded:
        await _load_children(changes.unloaded, load)
        changes = collect_changes(unit)
    return changes


async def _load_children(unloaded: list[Unloaded], load: Load) -> None:
    """Load what orphans take along, a relationship of all of them at once."""
    owners: dict[Relationship[Any, Any], list[Any]] = {}
    for owner, relationship in unloaded:
        owners.setdefault(relationship, []).append(owner)
    for relationship, together in owners.items():
        await load(together, relationship)
