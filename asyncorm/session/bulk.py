"""INSERT and UPDATE of many rows that are given as dicts, in one statement for each shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from asyncorm.engine.result import Result
from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.flush.arguments import arguments_for
from asyncorm.flush.plan import Batch, Kind
from asyncorm.flush.statements import statement_for
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.session.core import SessionCore
from asyncorm.session.modifying import modify
from asyncorm.session.synchronize import change, synchronizes
from asyncorm.sql.expressions import Expression
from asyncorm.sql.nodes import Query
from asyncorm.sql.sources import column_of, entity_name
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.statements.inserted_rows import groups_of
from asyncorm.sql.statements.update import Update
from asyncorm.sql.values import fitting_type
from asyncorm.types.base import converted

Rows = Sequence[Mapping[Any, Any]]


def check_rows(statement: Any) -> None:
    """Refuse statements that can't take their rows from outside."""
    if not isinstance(statement, Insert | Update):
        raise ArgumentError(
            f"execute() takes parameters for insert() and update() only, not for "
            f"{type(statement).__name__.lower()}()",
            hint="bind the values in the statement itself",
        )
    if isinstance(statement, Update) and (
        statement._assignments or statement._where or statement._returning
    ):
        raise InvalidRequestError(
            f"update({entity_name(statement._target)}) with a list of rows takes no values(), "
            "where() or returning() besides",
            hint="each row gives the primary key and the new values",
        )
    mapped = isinstance(getattr(statement._target, "__mapper__", None), Mapper)
    if isinstance(statement, Update) and not mapped:
        raise InvalidRequestError(
            f"the rows of {entity_name(statement._target)} can't be found by primary key",
            hint="give a mapped class: update(User)",
        )


async def execute_rows(core: SessionCore, statement: Any, rows: Rows) -> Result[Any]:
    """Insert the rows, or update those that have their primary keys."""
    if isinstance(statement, Update):
        return await _update_rows(core, statement, rows)
    return await _insert_rows(core, statement, rows)


async def _insert_rows(core: SessionCore, statement: Insert[Any], rows: Rows) -> Result[Any]:
    groups = groups_of(statement._target, rows)
    if len(groups) == 1:
        return await modify(core, statement.values(rows))
    results = [await modify(core, statement.values([rows[n] for n in group])) for group in groups]
    returned = [row for result in results for row in result]
    order = [number for group in groups for number in group]
    if len(returned) == len(order):
        # unless a conflict has left some out, each row stands for one that was given
        pairs = sorted(zip(order, returned, strict=True), key=lambda pair: pair[0])
        returned = [row for _, row in pairs]
    return Result(returned, results[0].keys(), sum(result.rowcount for result in results))


async def _update_rows(core: SessionCore, statement: Update[Any], rows: Rows) -> Result[Any]:
    """Update rows by primary key; keys that have no row only show in the row count."""
    mapper: Mapper = statement._target.__mapper__
    follows = synchronizes(statement)
    by_shape: dict[tuple[str, ...], dict[Any, dict[str, Any]]] = {}
    for number, row in enumerate(rows):
        values = _checked(mapper, row, number)
        names = tuple(n for n in mapper.columns if n in values and n not in mapper.key_names)
        if not names:
            continue
        found = by_shape.setdefault(names, {})
        if found.setdefault(mapper.key_of(values), values) is not values:
            raise InvalidRequestError(
                f"row {number} has the primary key of another row for update({mapper.name})",
                hint="give each key once: PostgreSQL would write one of them, no matter which",
            )
    count = 0
    for names, by_key in by_shape.items():
        count += await _update_shape(core, mapper, names, by_key, follows)
    return Result((), (), count)


async def _update_shape(
    core: SessionCore,
    mapper: Mapper,
    names: tuple[str, ...],
    by_key: dict[Any, dict[str, Any]],
    follows: bool,
) -> int:
    """One statement for rows that change the same columns."""
    unit, keys = core.unit, list(by_key)
    loaded = [unit.identity_map.get(mapper, key) if follows else None for key in keys]
    concerned = any(instance is not None for instance in loaded)
    part = _part_of(mapper, names)
    returning = (*names, *(n for n in part.computed if n not in names)) if concerned else ()
    stand_ins: list[Any] = [SimpleNamespace(**values) for values in by_key.values()]
    batch = Batch(Kind.UPDATE, part.without_version(), names, stand_ins, returning)
    statement = statement_for(batch)
    connection = await core.write_connection()
    arguments = arguments_for(statement, batch, keys)
    if not statement.results:
        return await connection.run(statement.sql, arguments)
    records = await connection.fetch_carefully(statement.sql, arguments)
    for record in records:
        instance = loaded[record[0] - 1 if statement.numbered else 0]
        if instance is not None:
            own = zip(statement.results, tuple(record)[statement.numbered :], strict=True)
            values = [(name, converted(value, decode)) for (name, decode), value in own]
            change(unit, instance, values)
    return len(records)


def _part_of(mapper: Mapper, names: tuple[str, ...]) -> WrittenPart:
    """The table to write; raises where a key alone would not tell rows of a class from others."""
    part = mapper.written_parts[-1]
    if mapper.base is None or (mapper.has_own_part and part.columns.keys() >= set(names)):
        return part
    others = ", ".join(f"{mapper.name}.{n}" for n in names if n in mapper.base.columns)
    if mapper.has_own_part:
        hint = f"give them to update({mapper.base.name}); or load the objects and flush()"
    else:
        hint = "load the objects and flush(), or write update(...).where(...)"
    raise InvalidRequestError(
        f"update({mapper.name}) with rows can't change {others or ', '.join(names)}, since the "
        f"keys may be those of other classes in table {mapper.base.table.full_name!r}",
        hint=hint,
    )


#: ``A | B`` in a function would be made anew at each call
_SQL = (Expression, Query)


def _checked(mapper: Mapper, row: Mapping[Any, Any], number: int) -> dict[str, Any]:
    """The values of a row by attribute; raises for what is missing and what does not fit."""
    values: dict[str, Any] = {}
    for key, value in row.items():
        column = column_of(mapper.entity, key)
        if isinstance(value, _SQL):
            raise InvalidRequestError(
                f"row {number} gives {mapper.name}.{column.attribute} as an SQL expression",
                hint="rows hold plain values; use update(...).values(...).where(...) instead",
            )
        if value is not None and type(value) is not column._type.python_type:
            fitting_type(value, column._type, str(column))
        values[column.attribute] = value
    for name in mapper.primary_key:
        if values.get(name) is None:
            raise InvalidRequestError(
                f"row {number} for update({mapper.name}) lacks {mapper.name}.{name}, which is "
                "part of the primary key",
                hint="each row names its primary key besides the new values",
            )
    return values
