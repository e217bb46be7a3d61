"""CopyConflict: what is done with copied rows that violate a unique constraint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from asyncorm._lazy_dataclass import dataclass
from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.expressions import Expression
from asyncorm.sql.sources import column_of
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.statements.raw import Text
from asyncorm.sql.statements.select import select
from asyncorm.sql.table import BaseColumn, Table

#: the temporary table that rows are copied to first
STAGE, STAGE_SCHEMA = "asyncorm_copy", "pg_temp"

OnConflict = Literal["update", "nothing"]


@dataclass(frozen=True)
class CopyConflict:
    """Whether rows that are there already are updated, by which columns they are found, and what
    they get."""

    updates: bool
    index_elements: tuple[Any, ...]
    index_where: Expression[bool, Any] | Text[Any] | None
    constraint: str | None
    set_: Mapping[Any, Any] | tuple[Any, ...] | None
    where: Expression[bool, Any] | None

    def statement(self, mapper: Mapper, names: tuple[str, ...]) -> Insert[Any]:
        """The INSERT of what the temporary table has in the columns ``names``."""
        insert = insert_staged(mapper, names)
        if not self.updates:
            return insert.on_conflict_do_nothing(
                index_elements=self.index_elements,
                index_where=self.index_where,
                constraint=self.constraint,
            )
        return insert.on_conflict_do_update(
            index_elements=self._found_by(mapper),
            index_where=self.index_where,
            constraint=self.constraint,
            set_=self._assigned(mapper, names, insert),
            where=self.where,
        )

    def assigned_names(self, mapper: Mapper, names: tuple[str, ...]) -> tuple[str, ...]:
        """The attributes that rows which are there already get anew, the version aside."""
        if self.set_ is not None:
            return tuple(column_of(mapper.entity, name).attribute for name in self.set_)
        kept = {
            column_of(mapper.entity, name).attribute
            for name in self._found_by(mapper)
            if isinstance(name, str | BaseColumn)
        }
        kept.update(mapper.primary_key)
        if mapper.version is not None:
            kept.add(mapper.version.name)
        if mapper.discriminator is not None:
            kept.add(mapper.discriminator.attribute)
        return tuple(name for name in names if name not in kept)

    def _found_by(self, mapper: Mapper) -> tuple[Any, ...]:
        if self.index_elements or self.constraint is not None:
            return self.index_elements
        return mapper.primary_key

    def _assigned(
        self, mapper: Mapper, names: tuple[str, ...], insert: Insert[Any]
    ) -> dict[Any, Any]:
        proposed = insert.excluded
        found: dict[Any, Any] = {}
        for name in self.assigned_names(mapper, names):
            if isinstance(self.set_, Mapping):
                break
            if name not in names:
                raise InvalidRequestError(
                    f"set_ names {mapper.name}.{name}, which the rows do not give",
                    hint="give it with every row, or give set_ as a dict with values",
                )
            found[name] = proposed[name]
        if isinstance(self.set_, Mapping):
            found = {column_of(mapper.entity, n).attribute: v for n, v in self.set_.items()}
        if not found:
            raise InvalidRequestError(
                f"the rows for {mapper.name} give nothing to update beside the key",
                hint='use on_conflict="nothing"',
            )
        version = mapper.version
        if version is not None and version.following is not None and version.name not in found:
            counted = version.column._type.python_type is int
            column = mapper.columns[version.name]
            found[version.name] = column + 1 if counted else proposed[version.name]
        return found


def copy_conflict(
    on_conflict: OnConflict | None,
    index_elements: Iterable[Any],
    index_where: Expression[bool, Any] | Text[Any] | None,
    constraint: str | None,
    set_: Mapping[Any, Any] | Iterable[Any] | None,
    where: Expression[bool, Any] | None,
) -> CopyConflict | None:
    """What the arguments of copy_in() say; raises for those that make no sense together."""
    elements = tuple(index_elements)
    if on_conflict not in ("update", "nothing", None):
        raise ArgumentError(
            f"on_conflict can't be {on_conflict!r}", hint='use "update", "nothing" or None'
        )
    given = (index_where, constraint, set_, where)
    if on_conflict is None and (elements or any(option is not None for option in given)):
        raise ArgumentError(
            "index_elements, index_where, constraint, set_ and where say what to do on a "
            "conflict, and on_conflict does not",
            hint='give on_conflict="update" or "nothing"',
        )
    if constraint is not None and (elements or index_where is not None):
        raise ArgumentError(
            "constraint and index_elements are two ways to name the same",
            hint="give one of them; index_where goes with index_elements",
        )
    if index_where is not None and not elements:
        raise ArgumentError(
            "index_where is the condition of an index, whose columns are not named",
            hint="give index_elements too",
        )
    if on_conflict == "nothing" and (set_ is not None or where is not None):
        raise ArgumentError(
            'set_ and where say how to update, and on_conflict is "nothing"',
            hint='use on_conflict="update"',
        )
    if on_conflict is None:
        return None
    assigned = set_ if set_ is None or isinstance(set_, Mapping) else tuple(set_)
    return CopyConflict(on_conflict == "update", elements, index_where, constraint, assigned, where)


def insert_staged(mapper: Mapper, names: tuple[str, ...]) -> Insert[Any]:
    """The INSERT of all that the temporary table has in the columns ``names``."""
    insert: Insert[Any] = Insert(mapper.entity)
    insert = insert.from_select(names, select(*_stage(mapper, names).columns.values()))
    identities = [mapper.columns[name].identity for name in names]
    # COPY writes what is given for GENERATED ALWAYS columns
    is_numbered = any(identity is not None and identity.always for identity in identities)
    return insert.overriding_system_value() if is_numbered else insert


def _stage(mapper: Mapper, names: tuple[str, ...]) -> Table:
    """The temporary table; kept with the mapper, so that statements about it are known again."""
    key = ("copy stage", names)
    found: Table | None = mapper.memo.get(key)
    if found is None:
        columns = [mapper.columns[name] for name in names]
        copies: list[BaseColumn[Any, Any]] = [
            BaseColumn(column.name, column._type, attribute=column.attribute, nullable=True)
            for column in columns
        ]
        found = mapper.memo[key] = Table(STAGE, copies, schema=STAGE_SCHEMA)
    return found
