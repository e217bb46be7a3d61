"""FlushHooks: the listeners of single rows and of the flush, called around its statements."""

from __future__ import annotations

from typing import Any

from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.plan import FlushPlan, Kind
from asyncorm.sql.table import Table
from asyncorm.tracking.event_names import FLUSH_EVENTS
from asyncorm.tracking.listeners import hears
from asyncorm.tracking.notices import Notice, Watch
from asyncorm.tracking.stage import Stage
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of


class FlushHooks:
    """Calls the listeners of one flush.

    All that come before a row run before the first statement, so that what they set is planned
    and batched like everything else; all that come after it run after the last one.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._rows: list[tuple[str, Any]] = []
        self._watch = Watch(unit, ())
        self._added: list[Any] = []

    @classmethod
    def of(cls, unit: UnitOfWork) -> FlushHooks | None:
        """The hooks of a flush, if anybody listens to it."""
        return cls(unit) if hears(unit, FLUSH_EVENTS, unit.entities()) else None

    async def before(self, changes: ChangeSet, plan: FlushPlan) -> None:
        """Call before_insert, before_update and before_delete in the order of the plan."""
        unit, rows = self._unit, _rows(self._unit, changes, plan)
        self._rows = rows
        stage = unit.stage = Stage("before_flush", dict.fromkeys(i for _, i in rows))
        for kind, instance in rows:
            stage.enter(f"before_{kind}", instance)
            await Notice(unit, f"before_{kind}", instance)
            stage.leave()
        stage.check_all()
        unit.stage = None

    async def after(self) -> None:
        """Call the listeners after the rows, and after_flush, which sees what was to be done."""
        unit = self._unit
        known = set(unit.new)
        stage = unit.stage = Stage("after_flush", dict.fromkeys(i for _, i in self._rows))
        for kind, instance in self._rows:
            stage.event = f"after_{kind}"
            await Notice(unit, f"after_{kind}", instance)
            stage.compare(instance)
        stage.event = "after_flush"
        await Notice(unit, "after_flush")
        stage.check_all()
        unit.stage = None
        self._added = [instance for instance in unit.new if instance not in known]
        self._watch = Watch(unit, unit.everything())  # a row may go along with another one

    async def finished(self) -> None:
        """Tell of the new states; what after_flush has added is left to the next flush."""
        unit = self._unit
        unit.new.update(dict.fromkeys(self._added))
        for name, instance in self._watch.moves():
            await Notice(unit, name, instance)
        await Notice(unit, "after_flush_postexec")


def _rows(unit: UnitOfWork, changes: ChangeSet, plan: FlushPlan) -> list[tuple[str, Any]]:
    """All objects of a flush: also those of which an UPDATE has nothing to write."""
    doomed = {*changes.deletes, *changes.dropped}
    updates = [i for i in dict.fromkeys((*changes.updates, *unit.dirty)) if i not in doomed]
    saves: dict[Table, int] = {}
    deletes: dict[Table, int] = {}
    for batch in plan.of_entities:
        places = deletes if batch.kind is Kind.DELETE else saves
        places.setdefault(batch.part.table, len(places))
    saved = [*(("insert", i) for i in changes.inserts), *(("update", i) for i in updates)]
    saved.sort(key=lambda row: _place(row[1], saves))
    deleted = [("delete", i) for i in changes.deletes]
    deleted.sort(key=lambda row: _place(row[1], deletes))
    return saved + deleted


def _place(instance: Any, places: dict[Table, int]) -> int:
    """When the first row of an object is written."""
    return min(places.get(part.table, len(places)) for part in mapper_of(instance).written_parts)
