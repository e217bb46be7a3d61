"""Rendering of INSERT."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.expressions import write_unnested
from asyncorm.compiler.modification import write_assignments, write_returning, write_target
from asyncorm.compiler.quoting import quote_name
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.sql.clauses import Conflict
from asyncorm.sql.insert import Insert
from asyncorm.sql.inserted_rows import BulkRows, QueryRows, ValueRows


def render_insert(renderer: Renderer, insert: Insert[Any]) -> None:
    """A nested INSERT."""
    renderer.writes = True
    write_insert(renderer, insert, is_top=False)


def write_insert(renderer: Renderer, insert: Insert[Any], *, is_top: bool) -> None:
    """INSERT INTO ..."""
    table, rows = insert._table, insert._rows_written()
    with renderer.within([{source_key(table)}]):
        renderer.write("INSERT INTO ")
        write_target(renderer, table)
        if rows is None:
            renderer.write(" DEFAULT VALUES")
        else:
            renderer.write(" (", ", ".join(quote_name(c.name) for c in rows.columns), ") ")
            renderer.render(rows)
        if insert._conflict is not None:
            _write_conflict(renderer, insert._conflict)
        write_returning(renderer, insert, is_top=is_top)


def render_value_rows(renderer: Renderer, rows: ValueRows) -> None:
    """VALUES (...), (...)."""
    renderer.write("VALUES ")
    for index, row in enumerate(rows.rows):
        renderer.write(", (" if index else "(")
        for position, item in enumerate(row):
            renderer.write(", " if position else "")
            if item is None:
                renderer.write("DEFAULT")
            else:
                renderer.render(item)
        renderer.write(")")


def render_bulk_rows(renderer: Renderer, rows: BulkRows) -> None:
    """SELECT from arrays, in the order given: one parameter for each column."""
    renderer.write("SELECT ")
    names = write_unnested(renderer, '"rows"', rows.columns, rows._parameters)
    renderer.write(') WITH ORDINALITY AS "rows" (', names, ', "position")')
    renderer.write(' ORDER BY "rows"."position"')


def render_query_rows(renderer: Renderer, rows: QueryRows) -> None:
    """The rows of a query."""
    with renderer.within([]):
        renderer.render(rows.query)


def _write_conflict(renderer: Renderer, conflict: Conflict) -> None:
    renderer.write(" ON CONFLICT")
    if conflict.constraint is not None:
        renderer.write(" ON CONSTRAINT ", quote_name(conflict.constraint))
    elif conflict.elements:
        renderer.write(" (")
        with renderer.bare():
            renderer.render_list(conflict.elements)
            renderer.write(")")
            if conflict.index_where is not None:
                renderer.write(" WHERE ")
                renderer.render(conflict.index_where)
    if not conflict.assignments:
        renderer.write(" DO NOTHING")
        return
    renderer.write(" DO UPDATE SET ")
    write_assignments(renderer, conflict.assignments)
    if conflict.where is not None:
        renderer.write(" WHERE ")
        renderer.render(conflict.where)
