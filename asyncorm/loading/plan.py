"""LoadPlan: how the records of one compiled statement become rows; made once per statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asyncorm.compiler.compiled import ColumnItem, CompiledStatement, EntityItem
from asyncorm.engine.rows import row_class
from asyncorm.engine.shapes import shape_rows
from asyncorm.loading.arrivals import note_loaded
from asyncorm.loading.existing import Existing
from asyncorm.loading.hydrator import hydrator
from asyncorm.loading.subtypes import is_partial
from asyncorm.mapping.mapper import Mapper
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.state import InstanceState, Status
from asyncorm.tracking.unit_of_work import UnitOfWork

Column = Callable[[Sequence[Any], UnitOfWork, Existing | None], list[Any]]


class LoadPlan:
    """Makes rows of records: entities through the identity map, other values decoded."""

    def __init__(self, compiled: CompiledStatement) -> None:
        self.names = tuple(item.name for item in compiled.items)
        self.entities = [
            position for position, item in enumerate(compiled.items) if isinstance(item, EntityItem)
        ]
        self._make = [_maker(item) for item in compiled.items]
        self._row: Any = None if len(self.names) == 1 else row_class(self.names)

    def columns(
        self, records: Sequence[Any], unit: UnitOfWork, existing: Existing | None
    ) -> list[list[Any]]:
        """The values of each item of the statement, over all records."""
        return [make(records, unit, existing) for make in self._make]

    def rows(self, columns: list[list[Any]], shape: Any = None) -> list[Any]:
        """Rows of the values: bare for one item, named tuples for several, or of a shape."""
        make = None if self._row is None else self._row._make
        rows = columns[0] if make is None else list(map(make, zip(*columns, strict=True)))
        return rows if shape is None else shape_rows(shape, self.names, rows)


def _maker(item: EntityItem | ColumnItem) -> Column:
    if isinstance(item, EntityItem):
        return _entity_maker(item)
    return _value_maker(item)


def _entity_maker(item: EntityItem) -> Column:
    mapper: Mapper = item.entity.__mapper__
    attributes = tuple(column.attribute for column in item.columns)
    hydrate = hydrator(mapper, attributes, item.start, item.nullable, item.further)
    partial = is_partial(mapper, attributes, item.further)

    def make(records: Sequence[Any], unit: UnitOfWork, existing: Existing | None) -> list[Any]:
        references = unit.identity_map.references(mapper)
        # one state for all clean instances of this result
        state = InstanceState(unit.scope, Status.PERSISTENT, partial=partial)
        found = hydrate(records, state, references, existing)
        references.sweep()
        if HEARD:
            note_loaded(unit, found, state)
        return found

    return make


def _value_maker(item: ColumnItem) -> Column:
    position, decode = item.index, item.type.decode

    def make(records: Sequence[Any], unit: UnitOfWork, existing: Existing | None) -> list[Any]:
        if decode is None:
            return [record[position] for record in records]
        return [
            None if (value := record[position]) is None else decode(value) for record in records
        ]

    return make
