"""Rendering of what stands in FROM beside tables and queries: functions, values, samples; CTEs."""

from __future__ import annotations

from asyncorm.compiler.expressions import parentheses, write_unnested
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.functions.sources import FunctionTable
from asyncorm.sql.samples import Sample
from asyncorm.sql.sources import entity_name
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.value_tables import ValueTable


def write_function_table(renderer: Renderer, source: FunctionTable) -> None:
    """A function with the names of its columns, which may be those of arguments beside it."""
    names = [quote_name(name) for name in source.columns]
    typed = [
        f"{name} {type_.ddl}" for name, type_ in zip(names, source.columns.values(), strict=True)
    ]
    is_split = source.with_types and source.ordinality is not None
    renderer.write("ROWS FROM (" if is_split else "")
    renderer.render(source.call)
    renderer.write(" AS (" + ", ".join(typed) + "))" if is_split else "")
    if source.ordinality is not None:
        renderer.write(" WITH ORDINALITY")
        names.append(quote_name(source.ordinality))
    columns = names if is_split or not source.with_types else typed
    renderer.write(" AS ", renderer.source_name(source), " (", ", ".join(columns), ")")


def write_value_table(renderer: Renderer, source: ValueTable) -> None:
    """Rows of values: as arrays, or as VALUES where some are expressions."""
    if source.rows:
        renderer.write("(VALUES ")
        for index, row in enumerate(source.rows):
            renderer.write(", " if index else "")
            parentheses(renderer, row)
        renderer.write(")")
    else:
        renderer.write("(SELECT ")
        names = write_unnested(renderer, '"rows"', source.columns, source.arrays)
        renderer.write(') AS "rows" (', names, "))")
    columns = ", ".join(quote_name(column.name) for column in source.columns)
    renderer.write(" AS ", renderer.source_name(source), " (", columns, ")")


def write_sample(renderer: Renderer, source: Sample) -> None:
    """An alias of a table, and which of its rows there are."""
    table = source.__table__
    if isinstance(table, Subtype):
        raise InvalidRequestError(
            f"{entity_name(source._entity)} is no table by itself, of which rows can be sampled",
            hint="sample the base class, and filter by kind",
        )
    renderer.write(quote_qualified(table.schema, table.name))
    renderer.write(" AS ", renderer.source_name(source), " TABLESAMPLE ")
    renderer.render(source._method)
    if source._seed is not None:
        renderer.write(" REPEATABLE (")
        renderer.render(source._seed)
        renderer.write(")")
