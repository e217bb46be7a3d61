"""Entities from raw SQL: records of any statement that has an entity's columns by name."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.compiler.subtypes import own_further
from asyncorm.engine.rows import convert_records, row_class, row_names
from asyncorm.engine.shapes import checked_values, shape_rows
from asyncorm.errors import InvalidRequestError
from asyncorm.loading.arrivals import take_in
from asyncorm.loading.hydrator import hydrator
from asyncorm.loading.subtypes import is_partial
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.sources import entity_columns, entity_of
from asyncorm.sql.statements.raw import PART_NAME, EntityColumns, RowOf, Text, part_name
from asyncorm.sql.table import BaseColumn
from asyncorm.tracking.collector import MANY_ROWS, without_collections
from asyncorm.tracking.unit_of_work import UnitOfWork
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.custom import CustomType
from asyncorm.types.domains import Domain
from asyncorm.types.json import JSONDocument


def load_text(
    statement: Text[Any], compiled: CompiledStatement, records: Sequence[Any], unit: UnitOfWork
) -> tuple[list[Any], tuple[str, ...]]:
    """The rows of a text as its ``into()`` says, and the names of what is in them."""
    if len(records) < MANY_ROWS or not makes_objects(statement):
        return _load(statement, compiled, records, unit)
    return without_collections(_load, statement, compiled, records, unit)


def _load(
    statement: Text[Any], compiled: CompiledStatement, records: Sequence[Any], unit: UnitOfWork
) -> tuple[list[Any], tuple[str, ...]]:
    shape: Any = statement._shape
    if isinstance(shape, RowOf):
        names = tuple(getattr(kind, "__name__", "alias") for kind in shape.shapes)
        return _load_several(statement, shape, records, unit), names
    entity = entity_of(shape)
    if hasattr(entity, "__mapper__"):
        return load_entities(entity, records, unit), (entity.__name__,)
    rows, names = convert_records(compiled, list(records)), row_names(compiled, records)
    return (rows if shape is None else shape_rows(shape, names, rows)), names


def makes_objects(statement: Text[Any]) -> bool:
    """Whether rows become objects of the session."""
    shape: Any = statement._shape
    return isinstance(shape, RowOf) or hasattr(entity_of(shape), "__mapper__")


def _load_several(
    statement: Text[Any], shape: RowOf, records: Sequence[Any], unit: UnitOfWork
) -> list[Any]:
    """Tuples of entities, whose columns have names of their own, and of the other columns."""
    listed = [part.entity for part in statement.arguments if isinstance(part, EntityColumns)]
    entities = [kind for kind in shape.shapes if hasattr(entity_of(kind), "__mapper__")]
    if len(listed) != len(entities) or any(entity not in listed for entity in entities):
        raise InvalidRequestError(
            f"into({shape!r}) needs each of its entities once among the values of the text",
            hint='write sql("select {}, {} from ...", User, Book).into(User, Book)',
        )
    if not records:
        return []
    names = list(records[0].keys())
    own = {name for name in names if PART_NAME.fullmatch(name)}
    others = [position for position, name in enumerate(names) if name not in own]
    if len(others) != len(shape.shapes) - len(entities):
        raise InvalidRequestError(
            f"the statement returns {len(others)} columns besides those of its entities, and "
            f"into({shape!r}) takes {len(shape.shapes) - len(entities)}",
            hint="name the class of each further column: into(User, int)",
        )
    parts: list[list[Any]] = []
    for kind in shape.shapes:
        if kind in entities:
            parts.append(_load_part(kind, listed.index(kind), names, records, unit))
        else:
            position = others.pop(0)
            values = [record[position] for record in records]
            parts.append(checked_values(kind, names[position], values))
    make = row_class(tuple(entity_of(kind).__name__ for kind in shape.shapes))
    return [make(*row) for row in zip(*parts, strict=True)]


def _load_part(
    entity: Any, number: int, names: list[str], records: Sequence[Any], unit: UnitOfWork
) -> list[Any]:
    mapper: Mapper = entity_of(entity).__mapper__
    first = part_name(number, 0)
    if first not in names:
        raise InvalidRequestError(
            f"the columns of {mapper.name} are not in the rows of the statement",
            hint="write {} with the entity into the select list, or into RETURNING",
        )
    attributes = tuple(column.attribute for column in entity_columns(entity))
    further = own_further(entity)[1]
    hydrate = hydrator(mapper, attributes, names.index(first), True, further)
    partial = is_partial(mapper, attributes, further)
    return take_in(mapper, hydrate, records, unit, partial=partial)


def load_entities(entity: type[Any], records: Sequence[Any], unit: UnitOfWork) -> list[Any]:
    """Instances of an entity from records; columns that are missing stay unloaded."""
    if not records:
        return []
    mapper: Mapper = entity.__mapper__
    names = list(records[0].keys())
    known = {column.name: attribute for attribute, column in mapper.columns.items()}
    missing = [column.name for column in mapper.primary_key_columns if column.name not in names]
    if missing:
        raise InvalidRequestError(
            f"the statement returns no column {missing[0]!r}, which is the primary key of "
            f"{mapper.name}",
            hint="select it too, or use into() with a class that is not mapped",
        )
    used = [name for name in names if name in known]
    for name in used:
        if names.count(name) > 1:
            raise InvalidRequestError(
                f"the statement returns several columns {name!r}, and one of them is that of "
                f"{mapper.name}",
                hint="select the columns of one entity, or write {} for each of several and "
                "into(User, Book)",
            )
    attributes = tuple(known[name] for name in used)
    further = _further(mapper, names)
    positions = [names.index(name) for name in (*used, *(column.name for column in further))]
    columns = [*(mapper.columns[name] for name in attributes), *further]
    rows = _arranged(records, positions, [_from_raw(column._type) for column in columns])
    partial = is_partial(mapper, attributes, further)
    hydrate = hydrator(mapper, attributes, 0, False, further, width=len(positions))
    return take_in(mapper, hydrate, rows, unit, partial=partial)


def _arranged(
    records: Sequence[Any], positions: Sequence[int], converters: Sequence[Converter | None]
) -> Sequence[Any]:
    """Records with the columns at these positions only, as a SELECT of the entity has them."""
    if not any(converters):
        if positions == list(range(len(records[0]))):
            return records
        if len(positions) > 1:
            return list(map(itemgetter(*positions), records))
    values = [[record[position] for record in records] for position in positions]
    for place, convert in enumerate(converters):
        if convert is not None:
            values[place] = list(map(convert, values[place]))
    return list(zip(*values, strict=True))


def _from_raw(type_: SQLType[Any]) -> Converter | None:
    """What makes of a document the text that mapped columns are selected as."""
    stored = _stored(type_)
    return stored.from_raw if isinstance(stored, JSONDocument) else None


def _stored(type_: SQLType[Any]) -> SQLType[Any]:
    """What values of a custom type or domain are stored as."""
    while isinstance(type_, (CustomType, Domain)):
        (type_,) = type_.parts
    return type_


def _further(mapper: Mapper, names: list[str]) -> tuple[BaseColumn[Any, Any], ...]:
    """The columns of subclasses that are there: each name once, and none of the class itself."""
    below = mapper.source.below
    own = {column.name for column in mapper.columns.values()}
    found: dict[str, BaseColumn[Any, Any]] = {}
    for column in below.origins if below is not None else ():
        if column.name in names and column.name not in own:
            found.setdefault(column.name, column)
    return tuple(found.values())
