"""FlushHooks: the listeners of single rows and of the flush, called around its statements."""

from __future__ import annotations

from typing import Any

from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.plan import FlushPlan, Kind
from asyncorm.sql.table import Table
from asyncorm.tracking.event_names import FLUSH_EVENTS, ROW_EVENTS
from asyncorm.tracking.listeners import HEARD, hears
from asyncorm.tracking.notices import Notice, Watch
from asyncorm.tracking.stage import Stage
from asyncorm.tracking.unit_of_work import UnitOfWork


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

    def precede(self, changes: ChangeSet, plan: FlushPlan) -> bool:
        """Note the rows of the plan; whether anybody listens to what comes before them."""
        unit, entities = self._unit, self._unit.entities()
        if hears(unit, (*ROW_EVENTS, "after_flush"), entities):
            self._rows = _rows(unit, changes, plan)
        return self._hears("before")

    def _hears(self, when: str) -> bool:
        """Whether anybody listens to what comes before or after the rows that there are."""
        names = [f"{when}_{kind}" for kind in {kind for kind, _ in self._rows}]
        return hears(self._unit, names, {type(instance) for _, instance in self._rows})

    async def before(self) -> None:
        """Call before_insert, before_update and before_delete in the order of the plan."""
        unit, rows = self._unit, self._rows
        stage = unit.stage = Stage("before_flush", dict.fromkeys(i for _, i in rows))
        for kind, instance in rows:
            name = f"before_{kind}"
            if name in HEARD:
                stage.enter(name, instance)
                await Notice(unit, name, instance)
                stage.leave()
        stage.check_all()
        unit.stage = None

    async def after(self) -> None:
        """Call the listeners after the rows, and after_flush, which sees what was to be done."""
        unit = self._unit
        if self._hears("after") or hears(unit, ("after_flush",)):
            await self._tell_of_rows()
        self._watch = Watch(unit, unit.everything())  # a row may go along with another one

    async def _tell_of_rows(self) -> None:
        unit = self._unit
        known = set(unit.new)
        stage = unit.stage = Stage("after_flush", dict.fromkeys(i for _, i in self._rows))
        for kind, instance in self._rows:
            name = f"after_{kind}"
            if name in HEARD:
                stage.event = name
                await Notice(unit, name, instance)
                stage.compare(instance)
        stage.event = "after_flush"
        await Notice(unit, "after_flush")
        stage.check_all()
        unit.stage = None
        self._added = [instance for instance in unit.new if instance not in known]

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
    deleted = [("delete", i) for i in changes.deletes]
    return _in_order(saved, saves) + _in_order(deleted, deletes)


def _in_order(rows: list[tuple[str, Any]], places: dict[Table, int]) -> list[tuple[str, Any]]:
    """Sorted by when the first row of an object is written."""
    first = {
        kind: min(places.get(part.table, len(places)) for part in kind.__mapper__.written_parts)
        for kind in {type(instance) for _, instance in rows}
    }
    return sorted(rows, key=lambda row: first[type(row[1])])
