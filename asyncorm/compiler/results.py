"""What the rows of a statement hold: its items and columns."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.compiled import ColumnItem, EntityItem, ResultColumn, ResultItem
from asyncorm.compiler.subtypes import below_of, own_further
from asyncorm.sql.document_paths import DocumentPath
from asyncorm.sql.expressions import Expression, Label
from asyncorm.sql.functions.calls import FunctionCall, Over
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.nesting import EntityPart
from asyncorm.sql.operators.arithmetic import common_type
from asyncorm.sql.sources import (
    entity_columns,
    entity_of,
    is_entity,
    source_of,
    table_of,
    whole,
)
from asyncorm.sql.statements.query import Compound, Rows, columns_of
from asyncorm.sql.statements.select import Select
from asyncorm.sql.table import BaseColumn


def result_of(
    statement: Any, *, loads: bool = False
) -> tuple[tuple[ResultColumn, ...], tuple[ResultItem, ...]]:
    """The columns and items of a statement's rows."""
    columns: list[ResultColumn] = []
    items: list[ResultItem] = []
    for item in statement._output_items():
        if is_entity(item):
            further = _further(statement, item) if loads else ()
            items.append(_entity_item(statement, item, len(columns), further))
            read = (*entity_columns(item), *further)
            columns.extend(ResultColumn(c.attribute, c._type, c) for c in read)
        else:
            name, type_ = _name(item, len(columns)), item._type
            if isinstance(statement, Compound):
                of_all = (columns_of(query)[len(columns)] for query in statement.queries)
                type_ = common_type(type_, (one._type for one in of_all))
            items.append(ColumnItem(len(columns), name, type_))
            column = item if isinstance(item, BaseColumn) else None
            columns.append(ResultColumn(name, type_, column))
    return tuple(columns), tuple(items)


def _further(statement: Any, item: Any) -> tuple[BaseColumn[Any, Any], ...]:
    """The columns of subclasses that are read for an entity; RETURNING has those of one table."""
    below = below_of(item)
    if below is None:
        return ()
    return below.origins if isinstance(statement, Rows) else own_further(item)[1]


def _entity_item(
    statement: Any, item: Any, start: int, further: tuple[BaseColumn[Any, Any], ...]
) -> EntityItem:
    # columns of the table itself, also for an alias: the loader knows those
    table = table_of(item)
    columns = tuple(table.by_attribute[column.attribute] for column in entity_columns(item))
    return EntityItem(
        entity_of(item), start, columns, _is_nullable(statement, item), whole(item), further
    )


def _is_nullable(statement: Any, item: Any) -> bool:
    if isinstance(statement, Compound):
        return any(_is_nullable(query, item) for query in statement.queries)
    entity = whole(item)
    if isinstance(entity, ImpliedAlias):
        return True
    if isinstance(entity, EntityPart):
        return entity._nullable
    if not isinstance(statement, Select):
        return False
    source = source_of(item)
    kinds = {join.kind for join in statement._joins if join.source is source}
    # a full join leaves out either side
    return "LEFT JOIN" in kinds or any(join.kind == "FULL JOIN" for join in statement._joins)


def _name(item: Expression[Any, Any], position: int) -> str:
    if isinstance(item, Label):
        return item.name
    if isinstance(item, BaseColumn):
        return item.attribute
    if isinstance(item, DocumentPath):
        return item._name or f"column_{position + 1}"
    if isinstance(item, Over):
        return item.call.name
    return item.name if isinstance(item, FunctionCall) else f"column_{position + 1}"
