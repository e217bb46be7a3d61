"""Rendering of INSERT."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.expressions import write_unnested
from asyncorm.compiler.modification import (
    scope_of,
    write_assignments,
    write_ctes,
    write_returning,
    write_target,
)
from asyncorm.compiler.quoting import quote_name
from asyncorm.compiler.renderer import Renderer
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.sources import entity_name
from asyncorm.sql.statements.clauses import Conflict
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.statements.inserted_rows import BulkRows, QueryRows, ValueRows
from asyncorm.sql.statements.raw import Text
from asyncorm.sql.table import BaseColumn


def render_insert(renderer: Renderer, insert: Insert[Any]) -> None:
    """A nested INSERT."""
    updates = insert._conflict is not None and bool(insert._conflict.assignments)
    renderer.note_write(insert._target if updates else None)
    write_insert(renderer, insert, is_top=False)


def write_insert(renderer: Renderer, insert: Insert[Any], *, is_top: bool) -> None:
    """INSERT INTO ..."""
    rows = insert._rows_written()
    check_values(renderer, insert, rows)
    write_ctes(renderer, insert)
    renderer.write("INSERT INTO ")
    write_target(renderer, insert._source)
    write_inserted(renderer, rows, insert._overriding)
    with renderer.within([scope_of(insert, ())]):
        if insert._conflict is not None:
            _write_conflict(renderer, insert._conflict)
        write_returning(renderer, insert, (), is_top=is_top)


def write_inserted(
    renderer: Renderer, rows: BulkRows | ValueRows | QueryRows | None, overriding: str | None
) -> None:
    """The columns and their rows; none of them is one row of defaults."""
    if rows is None:
        renderer.write(" DEFAULT VALUES")
        return
    renderer.write(" (", ", ".join(quote_name(c.name) for c in rows.columns), ") ")
    if overriding is not None:
        renderer.write(f"OVERRIDING {overriding} VALUE ")
    # the table itself can't be seen by what is inserted
    with renderer.within(renderer.scopes):
        renderer.render(rows)


def check_values(renderer: Renderer, insert: Insert[Any], rows: Any) -> None:
    """Refuse columns in VALUES, where there is no row."""
    if not isinstance(rows, ValueRows):
        return
    items = (item for row in rows.rows for item in row if item is not None)
    for source in renderer.sources_in(items).values():
        raise InvalidRequestError(
            f"values() of insert({entity_name(insert._target)}) names columns of "
            f"{entity_name(source)}, of which there is no row",
            hint="write from_select([...], select(...)), or a scalar subquery",
        )


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
    """The rows of a query; with further values, it is a subquery."""
    with renderer.within([]):
        if not rows.defaults:
            renderer.render(rows.query)
            return
        renderer.write('SELECT "rows".*, ')
        renderer.render_list(rows.defaults)
        renderer.write(" FROM (")
        renderer.render(rows.query)
        renderer.write(') AS "rows"')


def _write_conflict(renderer: Renderer, conflict: Conflict) -> None:
    renderer.write(" ON CONFLICT")
    if conflict.constraint is not None:
        renderer.write(" ON CONSTRAINT ", quote_name(conflict.constraint))
    elif conflict.elements:
        renderer.write(" (")
        with renderer.bare():
            for index, element in enumerate(conflict.elements):
                renderer.write(", " if index else "")
                is_bare = isinstance(element, BaseColumn | FunctionCall | Text)
                renderer.write("" if is_bare else "(")
                renderer.render(element)
                renderer.write("" if is_bare else ")")
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
