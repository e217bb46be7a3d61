"""The compiler: one table of node type to rendering function, and the way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from asyncorm.compiler import (
    delete,
    document_paths,
    documents,
    expressions,
    insert,
    merge,
    operators,
    select,
    subtypes,
    text,
    update,
    windows,
)
from asyncorm.compiler.compiled import CompiledStatement, Kind
from asyncorm.compiler.renderer import Render, Renderer
from asyncorm.compiler.results import result_of
from asyncorm.compiler.scopes import source_key
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.adapted import Adapted
from asyncorm.sql.constructs import Case, Constant, Extract, Quantified, Retyped, RowValue
from asyncorm.sql.criteria import REREADING, Criterion, criteria_of
from asyncorm.sql.document_columns import PartColumn
from asyncorm.sql.document_paths import DocumentPath
from asyncorm.sql.documents import DocumentRows, DocumentValue
from asyncorm.sql.expressions import (
    CastTo,
    Collated,
    Expression,
    Field,
    Label,
    Operation,
    Parameter,
    ScalarQuery,
)
from asyncorm.sql.functions.calls import FunctionCall, Over
from asyncorm.sql.functions.grouping import Grouping
from asyncorm.sql.keys import AmongRows
from asyncorm.sql.nodes import Statement, set_renderer
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import is_entity, source_of
from asyncorm.sql.statements.assignments import Default
from asyncorm.sql.statements.delete import Delete
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.statements.inserted_rows import BulkRows, QueryRows, ValueRows
from asyncorm.sql.statements.merge import Merge
from asyncorm.sql.statements.query import Compound
from asyncorm.sql.statements.raw import EntityColumns, Name, Text
from asyncorm.sql.statements.select import Select
from asyncorm.sql.statements.update import Update
from asyncorm.sql.subtype import OfKind
from asyncorm.sql.table import BaseColumn

FUNCTIONS: Mapping[type[Any], Render] = {
    BaseColumn: expressions.render_column,
    DocumentPath: document_paths.render_document_path,
    PartColumn: document_paths.render_part_column,
    Parameter: expressions.render_parameter,
    Adapted: expressions.render_adapted,
    Criterion: expressions.render_criterion,
    Operation: operators.render_operation,
    CastTo: expressions.render_cast,
    Field: expressions.render_field,
    Label: expressions.render_label,
    ScalarQuery: expressions.render_scalar_query,
    Order: expressions.render_order,
    Case: expressions.render_case,
    Constant: expressions.render_constant,
    Extract: expressions.render_extract,
    Quantified: expressions.render_quantified,
    RowValue: expressions.render_row_value,
    DocumentValue: documents.render_document_value,
    DocumentRows: documents.render_document_rows,
    AmongRows: expressions.render_among_rows,
    Collated: expressions.render_collated,
    Retyped: expressions.render_retyped,
    Grouping: expressions.render_grouping,
    FunctionCall: expressions.render_function,
    Over: windows.render_over,
    Select: select.render_select,
    Compound: select.render_compound,
    Insert: insert.render_insert,
    Update: update.render_update,
    Delete: delete.render_delete,
    Merge: merge.render_merge,
    Default: expressions.render_default,
    ValueRows: insert.render_value_rows,
    BulkRows: insert.render_bulk_rows,
    QueryRows: insert.render_query_rows,
    OfKind: subtypes.render_of_kind,
    Text: text.render_text,
    Name: text.render_name,
    EntityColumns: text.render_entity_columns,
}

#: statements as they are written at the top, where columns for the driver get their casts
_STATEMENTS: Mapping[type[Any], tuple[Kind, Callable[..., None]]] = {
    Select: ("select", select.write_select),
    Compound: ("select", select.write_compound),
    Insert: ("insert", insert.write_insert),
    Update: ("update", update.write_update),
    Delete: ("delete", delete.write_delete),
    Merge: ("merge", merge.write_merge),
}


def compile_statement(
    statement: Statement[Any],
    bound: Statement[Any] | None = None,
    constants: tuple[Parameter[Any], ...] = (),
    *,
    loads: bool = False,
) -> CompiledStatement:
    """The SQL of a statement, good for every statement with the same key.

    With ``bound``, whose parameters this statement uses, it is good for those with its key. Other
    values than those of ``bound`` are allowed only if they are among the ``constants``. With
    ``loads`` it reads also what subclasses of its entities have.
    """
    bound = bound or statement
    renderer = Renderer(FUNCTIONS, loads=loads)
    options = getattr(bound, "_options", ())
    if options:
        renderer.criteria = criteria_of(options)
        if REREADING in options:
            entities = filter(is_entity, cast("Any", bound)._output_items())
            renderer.exempt = {source_key(source_of(entity)) for entity in entities}
    if isinstance(statement, Text):
        text.render_text(renderer, statement)
        sql, order = renderer.finish(bound._parameters)
        return CompiledStatement(sql, "text", order, bound)
    if type(statement) not in _STATEMENTS:
        raise InvalidRequestError(
            f"{type(statement).__name__} is no statement that can be executed",
            hint="use select(), insert(), update(), delete(), merge() or sql()",
        )
    kind, write = _STATEMENTS[type(statement)]
    write(renderer, statement, is_top=True)
    columns, items = result_of(statement, loads=loads)
    sql, order = renderer.finish((*bound._parameters, *constants))
    return CompiledStatement(
        sql,
        kind,
        order,
        bound,
        columns,
        items,
        writes=renderer.writes,
        constants=constants,
        needs=renderer.needs,
        written=tuple(renderer.written),
        acts=renderer.acts,
    )


def sources_of(expression: Expression[Any, Any]) -> list[Any]:
    """What the columns of an expression belong to; nested queries are not looked into."""
    return list(Renderer(FUNCTIONS).sources_in([expression]).values())


def constant_sql(
    expression: Expression[Any, Any], write_constant: Callable[[Parameter[Any]], str]
) -> str:
    """An expression for DDL: columns without their table, values written by the function given.

    DDL takes no bound parameters; how a value becomes a constant is the caller's to say.
    """
    renderer = Renderer(FUNCTIONS)
    renderer.constant = write_constant
    with renderer.bare():
        renderer.render(expression)
        return renderer.plain_text()


def _text_of(node: Any) -> str:
    if isinstance(node, Statement):
        return compile_statement(node).sql
    renderer = Renderer(FUNCTIONS)
    renderer.render(node)
    return renderer.plain_text()


set_renderer(_text_of)
