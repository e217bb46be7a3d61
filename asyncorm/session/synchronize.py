"""UPDATE and DELETE statements keep loaded objects in step: the rows they matched come back."""

from __future__ import annotations

from typing import Any, Self

from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.dml import Delete, Update
from asyncorm.tracking.state import Status, own_state
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key


class Synchronizer:
    """Asks an UPDATE or DELETE for the keys and new values of its rows, and applies them.

    Only where objects of the entity are loaded at all: without them nothing need come back.
    """

    def __init__(self, unit: UnitOfWork, mapper: Mapper, statement: Any) -> None:
        self._unit = unit
        self._mapper = mapper
        self._deletes = isinstance(statement, Delete)
        names: list[str] = []
        if isinstance(statement, Update):
            columns: list[Any] = [assignment.column for assignment in statement._assignments]
            changed = {column.attribute for column in columns}
            names = [n for n in mapper.columns if n in changed or n in mapper.computed]
        self._names = [n for n in names if n not in mapper.primary_key]
        columns = [*mapper.primary_key_columns, *(mapper.columns[n] for n in self._names)]
        self._columns = columns
        self.statement = statement.returning(*columns)

    @classmethod
    def of(cls, unit: UnitOfWork, statement: Any) -> Self | None:
        """A synchronizer, if the statement needs one."""
        if not isinstance(statement, Update | Delete) or statement._returning:
            return None
        if statement._execution_options.get("synchronize_session", "auto") is False:
            return None
        mapper = getattr(statement._target, "__mapper__", None)
        if not isinstance(mapper, Mapper) or not unit.identity_map.references(mapper).live():
            return None
        return cls(unit, mapper, statement)

    def apply(self, records: list[Any]) -> None:
        """Take the returned rows over into the objects that are loaded."""
        mapper, unit = self._mapper, self._unit
        width = len(mapper.primary_key)
        for record in records:
            parts = tuple(
                _decoded(column, record[position])
                for position, column in enumerate(mapper.primary_key_columns)
            )
            instance = unit.identity_map.get(mapper, parts[0] if width == 1 else parts)
            if instance is None:
                continue
            if self._deletes:
                self._remove(instance, parts[0] if width == 1 else parts)
            else:
                self._update(instance, record, width)

    def _remove(self, instance: Any, key: Any) -> None:
        unit = self._unit
        state = own_state(instance)
        unit.identity_map.discard(self._mapper, key, instance)
        unit.dirty.pop(instance, None)
        unit.deleted.pop(instance, None)
        state.status = Status.DELETED
        unit.levels[-1].note_delete(instance, self._mapper, key)
        unit.note("persistent_to_deleted", instance)

    def _update(self, instance: Any, record: Any, width: int) -> None:
        state = own_state(instance)
        originals, values = state.originals, instance.__dict__
        assert originals is not None
        for position, name in enumerate(self._names, width):
            originals.pop(name, None)
            values[name] = _decoded(self._columns[position], record[position])
        if not originals:
            self._unit.mark_clean(instance)
        self._unit.levels[-1].note_update(self._mapper, identity_key(instance))


def _decoded(column: Any, value: Any) -> Any:
    decode = column._type.decode
    return value if decode is None or value is None else decode(value)
