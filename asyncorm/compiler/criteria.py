"""Which criteria of a statement apply to a source of one of its SELECTs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from asyncorm.compiler.scopes import SourceKey, source_key
from asyncorm.sql.adapted import adapted
from asyncorm.sql.criteria import Criteria
from asyncorm.sql.expressions import Expression
from asyncorm.sql.sources import Alias, entity_of, is_entity, source_of
from asyncorm.sql.statements.select import Select
from asyncorm.sql.subtype import meanings
from asyncorm.sql.table import Table


class Filters:
    """The criteria of a statement, for the sources of one SELECT."""

    def __init__(
        self,
        criteria: tuple[Criteria, ...],
        select: Select[Any],
        exempt: Collection[SourceKey] = (),
    ) -> None:
        self._criteria = criteria
        self._exempt = exempt
        #: what a condition is for whose criteria are there already
        self._written = set(map(id, select._where))
        self._entities: dict[SourceKey, Any] = {}
        for target in (*select._items, *(join.target for join in select._joins)):
            if is_entity(target):
                self._entities.setdefault(source_key(source_of(target)), _entity_of(target))
            elif isinstance(target, Table):
                # a link table, joined as such
                self._entities.setdefault(source_key(target), None)

    def of(self, source: Any) -> tuple[Expression[bool, Any], ...]:
        """The conditions for the rows of a source, besides those that are written anyway."""
        if not self._criteria or not isinstance(source, Table | Alias):
            return ()
        key = source_key(source)
        if key in self._exempt:
            return ()
        entity = self._entities[key] if key in self._entities else _entity_of(source)
        found: list[Expression[bool, Any]] = []
        for option in self._criteria:
            if isinstance(source, Alias) and source.is_given and not option.include_aliases:
                continue
            condition = None if entity is None else option.condition_for(entity)
            if condition is not None and id(condition) not in self._written:
                table = source if isinstance(source, Table) else source.__table__
                # written for a base, it holds for rows of a class that derives from it
                places = ((was, source) for was in meanings(table))
                found.append(adapted(condition, *places))
        return tuple(found)


def _entity_of(target: Any) -> Any:
    """The class whose rows a source gives, or the table; None for an alias of a link table."""
    entity = entity_of(target)
    return entity if isinstance(entity, type) or not isinstance(target, Alias) else None
