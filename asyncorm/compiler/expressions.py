"""Rendering of expressions: columns, values, functions; operators have a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.sql.adapted import Adapted
from asyncorm.sql.constructs import Case, Constant, Extract, Quantified, Retyped, RowValue
from asyncorm.sql.correlated import Correlated
from asyncorm.sql.criteria import Criterion
from asyncorm.sql.expressions import (
    CastTo,
    Collated,
    Field,
    Label,
    Operation,
    Parameter,
    ScalarQuery,
)
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.functions.func import Functions
from asyncorm.sql.functions.grouping import Grouping
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.keys import AmongRows
from asyncorm.sql.operators.order import Order
from asyncorm.sql.statements.assignments import Default
from asyncorm.sql.table import BaseColumn

#: functions that are written without parentheses
_BARE_FUNCTIONS = frozenset(
    ("current_date", "current_time", "current_timestamp", "current_user", "localtime",
     "localtimestamp", "session_user")
)  # fmt: skip


def render_column(renderer: Renderer, column: BaseColumn[Any, Any]) -> None:
    """A column, qualified by its source."""
    source = column.table
    if source is not None and (renderer.places or renderer.bases):
        source = renderer.placed(source)
    if renderer.collecting is not None and source is not None:
        renderer.collect(source)
        return
    if renderer.spread is not None and source_key(source) == renderer.spread[0]:
        renderer.write(renderer.spread[1](column))
        return
    if source is not None and not renderer.bare_columns:
        if isinstance(source, ImpliedAlias):
            renderer.imply(source)
        renderer.write(renderer.source_name(source), ".")
    renderer.write(quote_name(column.name))


def render_adapted(renderer: Renderer, node: Adapted) -> None:
    """A condition in which sources stand for others."""
    places = {source_key(was): now for was, now in node.places}
    is_loose = isinstance(node.inner, Operation) and node.inner.operator == "OR"
    renderer.write("(" if is_loose else "")
    with renderer.placing({**renderer.places, **places}):
        renderer.render(node.inner)
    renderer.write(")" if is_loose else "")


def render_criterion(renderer: Renderer, node: Criterion) -> None:
    """A condition that is added to others."""
    is_loose = isinstance(node.inner, Operation) and node.inner.operator == "OR"
    renderer.write("(" if is_loose else "")
    with renderer.without_criteria():
        renderer.render(node.inner)
    renderer.write(")" if is_loose else "")


def render_parameter(renderer: Renderer, parameter: Parameter[Any]) -> None:
    """A bound value."""
    renderer.parameter(parameter)


def render_cast(renderer: Renderer, cast: CastTo[Any, Any]) -> None:
    """CAST, with size and precision."""
    renderer.write("CAST(")
    renderer.render(cast.inner)
    renderer.write(" AS ", cast._type.ddl, ")")


def render_field(renderer: Renderer, field: Field[Any, Any]) -> None:
    """A field of a composite; without parentheses its column would be read as a table."""
    renderer.write("(")
    renderer.render(field.inner)
    renderer.write(").", quote_name(field.name))


def render_label(renderer: Renderer, label: Label[Any, Any]) -> None:
    """A labelled expression where it is used; only the select list writes ``AS``."""
    renderer.render(label.inner)


def render_scalar_query(renderer: Renderer, node: ScalarQuery[Any, Any]) -> None:
    """A query in parentheses, which sees the sources around it."""
    if renderer.collecting is not None:
        if isinstance(node, Correlated):
            renderer.collect(renderer.placed(node.source))
        return
    renderer.write("(")
    with renderer.within(renderer.scopes):
        renderer.render(node.query)
    renderer.write(")")


def render_order(renderer: Renderer, order: Order) -> None:
    """One term of ORDER BY; a label of the select list by its name."""
    expression = order.expression
    if isinstance(expression, Label) and expression._key in renderer.labels:
        renderer.write(quote_name(expression.name))
    else:
        renderer.render(expression)
    if order.direction == "DESC":
        renderer.write(" DESC")
    if order.nulls is not None:
        renderer.write(" NULLS FIRST" if order.nulls == "FIRST" else " NULLS LAST")


def render_case(renderer: Renderer, case: Case[Any, Any]) -> None:
    """CASE ... END."""
    renderer.write("CASE")
    if case.value is not None:
        renderer.write(" ")
        renderer.render(case.value)
    for when, then in case.whens:
        renderer.write(" WHEN ")
        renderer.render(when)
        renderer.write(" THEN ")
        renderer.render(then)
    if case.otherwise is not None:
        renderer.write(" ELSE ")
        renderer.render(case.otherwise)
    renderer.write(" END")


def render_constant(renderer: Renderer, constant: Constant[Any, Any]) -> None:
    """NULL, TRUE, FALSE."""
    renderer.write(constant.text)


def render_collated(renderer: Renderer, node: Collated[Any, Any]) -> None:
    """An expression with the name of a collation."""
    is_loose = isinstance(node.inner, Operation)
    renderer.write("(" if is_loose else "")
    renderer.render(node.inner)
    renderer.write(")" if is_loose else "", " COLLATE ", quote_name(node.collation))


def render_retyped(renderer: Renderer, node: Retyped[Any, Any]) -> None:
    """An expression that is only read as another type."""
    renderer.render(node.inner)


def render_extract(renderer: Renderer, extract: Extract[Any]) -> None:
    """EXTRACT(field FROM time); the field is one of a closed list."""
    renderer.write("EXTRACT(", extract.part, " FROM ")
    renderer.render(extract.inner)
    renderer.write(")")


def render_quantified(renderer: Renderer, node: Quantified[Any]) -> None:
    """ANY (...) and ALL (...)."""
    renderer.write(node.quantifier, " ")
    is_query = isinstance(node.inner, ScalarQuery)
    renderer.write("" if is_query else "(")
    renderer.render(node.inner)
    renderer.write("" if is_query else ")")


def render_default(renderer: Renderer, node: Default) -> None:
    """DEFAULT, which stands for the default of the column that gets it."""
    renderer.write("DEFAULT")


def render_row_value(renderer: Renderer, row: RowValue[Any]) -> None:
    """ROW (...), also of one value."""
    renderer.write("ROW")
    parentheses(renderer, row.fields)


def render_function(renderer: Renderer, call: FunctionCall[Any, Any]) -> None:
    """A call; its name is an identifier, or two with a dot between them, which are quoted."""
    if call.name in _BARE_FUNCTIONS and not call.arguments:
        renderer.write(call.name.upper())
        return
    if not hasattr(Functions, call.name):
        renderer.acts = True
    schema, dot, name = call.name.rpartition(".")
    renderer.write(quote_qualified(schema, name) if dot else name, "(")
    if call.is_distinct:
        renderer.write("DISTINCT ")
    if call.name == "count" and not call.arguments:
        renderer.write("*")
    renderer.render_list(call.arguments)
    if call.ordering:
        renderer.write(" ORDER BY ")
        renderer.render_list(call.ordering)
    renderer.write(")")
    if call.within:
        renderer.write(" WITHIN GROUP (ORDER BY ")
        renderer.render_list(call.within)
        renderer.write(")")
    if call.condition is not None:
        renderer.write(" FILTER (WHERE ")
        renderer.render(call.condition)
        renderer.write(")")


def render_grouping(renderer: Renderer, grouping: Grouping) -> None:
    """GROUPING SETS, ROLLUP and CUBE, and the sets within."""
    renderer.write(f"{grouping.keyword} " if grouping.keyword else "")
    parentheses(renderer, grouping.members)


def render_among_rows(renderer: Renderer, node: AmongRows) -> None:
    """IN with the rows of arrays."""
    parentheses(renderer, node.columns)
    if renderer.collecting is not None:
        return
    renderer.write(" IN (SELECT ")
    names = write_unnested(renderer, '"keys"', node.columns, node.arrays)
    renderer.write(') AS "keys" (', names, "))")


def write_unnested(
    renderer: Renderer, source: str, columns: Sequence[Any], arrays: Sequence[Any]
) -> str:
    """A select list of columns that come as arrays, and FROM with these; returns their names."""
    names = [quote_name(f"c{number}") for number in range(1, len(columns) + 1)]
    for index, (name, column) in enumerate(zip(names, columns, strict=True)):
        type_ = column._type
        renderer.write(", " if index else "", source, ".", name)
        if type_.bulk_type != type_.cast_type:
            renderer.write("::", type_.cast_type)
    renderer.write(" FROM unnest(")
    renderer.render_list(arrays)
    return ", ".join(names)


def parentheses(renderer: Renderer, nodes: Sequence[Any]) -> None:
    """Nodes as a list in parentheses."""
    renderer.write("(")
    renderer.render_list(nodes)
    renderer.write(")")
