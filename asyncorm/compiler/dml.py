"""Rendering of INSERT, UPDATE and DELETE."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from asyncorm.compiler.bases import bases_of, check_linked
from asyncorm.compiler.expressions import write_unnested
from asyncorm.compiler.joined_dml import (
    parts_to_delete,
    write_joined_delete,
    write_joined_update,
)
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.compiler.select import write_items, write_source, write_where
from asyncorm.compiler.subtypes import kinds_of, own_further
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.clauses import Conflict
from asyncorm.sql.dml import Delete, Insert, Modification, Update
from asyncorm.sql.expressions import Assignment
from asyncorm.sql.inserted_rows import BulkRows, QueryRows, ValueRows
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import Table


def render_insert(renderer: Renderer, insert: Insert[Any]) -> None:
    """A nested INSERT."""
    renderer.writes = True
    write_insert(renderer, insert, is_top=False)


def render_update(renderer: Renderer, update: Update[Any]) -> None:
    """A nested UPDATE."""
    renderer.writes = True
    write_update(renderer, update, is_top=False)


def render_delete(renderer: Renderer, delete: Delete[Any]) -> None:
    """A nested DELETE."""
    renderer.writes = True
    write_delete(renderer, delete, is_top=False)


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
        _write_returning(renderer, insert, is_top=is_top)


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
    _write_assignments(renderer, conflict.assignments)
    if conflict.where is not None:
        renderer.write(" WHERE ")
        renderer.render(conflict.where)


def _write_assignments(renderer: Renderer, assignments: tuple[Assignment, ...]) -> None:
    for index, assignment in enumerate(assignments):
        renderer.write(", " if index else "")
        with renderer.bare():
            renderer.render(assignment.column)
        renderer.write(" = ")
        renderer.render(assignment.value)


def write_update(renderer: Renderer, update: Update[Any], *, is_top: bool) -> None:
    """UPDATE ... SET ... FROM ... WHERE."""
    table = update._table
    values = [assignment.value for assignment in update._assignments]
    with renderer.deriving(bases_of(table)):
        others = _other_sources(renderer, update, [*values, *update._where])
        with renderer.within([{source_key(table), *map(source_key, others)}]):
            _write_update(renderer, update, others, is_top=is_top)


def _write_update(
    renderer: Renderer, update: Update[Any], others: list[Any], *, is_top: bool
) -> None:
    table = update._table
    if len(table.physical) > 1:
        returning = partial(_write_returning, renderer, update, is_top=is_top)
        write_joined_update(renderer, update, others, returning)
        return
    renderer.write("UPDATE ")
    write_target(renderer, table)
    renderer.write(" SET ")
    _write_assignments(renderer, update._assignments)
    _write_sources(renderer, " FROM ", others)
    write_where(renderer, (*update._where, *kinds_of(table, *others)))
    _write_returning(renderer, update, is_top=is_top)


def write_delete(renderer: Renderer, delete: Delete[Any], *, is_top: bool) -> None:
    """DELETE FROM ... USING ... WHERE."""
    table = delete._table
    with renderer.deriving(bases_of(table)):
        others = _other_sources(renderer, delete, list(delete._where))
        with renderer.within([{source_key(table), *map(source_key, others)}]):
            _write_delete(renderer, delete, others, is_top=is_top)


def _write_delete(
    renderer: Renderer, delete: Delete[Any], others: list[Any], *, is_top: bool
) -> None:
    table = delete._table
    if len(table.physical) > 1 or len(parts_to_delete(table)) > 1:
        alone = len(parts_to_delete(table)) == 1
        write = _write_returning if alone else _write_returned_items
        returning = partial(write, renderer, delete, is_top=is_top)
        write_joined_delete(renderer, delete, others, returning)
        return
    renderer.write("DELETE FROM ")
    write_target(renderer, table)
    _write_sources(renderer, " USING ", others)
    write_where(renderer, (*delete._where, *kinds_of(table, *others)))
    _write_returning(renderer, delete, is_top=is_top)


def _other_sources(renderer: Renderer, statement: Modification[Any], nodes: list[Any]) -> list[Any]:
    table = statement._table
    found = renderer.sources_in(nodes)
    found.pop(source_key(table), None)
    if found:
        conditions = cast("Update[Any] | Delete[Any]", statement)._where
        check_linked(renderer, [table, *found.values()], (), conditions)
    return list(found.values())


def write_target(renderer: Renderer, table: Table) -> None:
    """The table whose rows a statement changes."""
    if not isinstance(table, Subtype):
        renderer.write(quote_qualified(table.schema, table.name))
        return
    if len(table.parts) > 1:
        raise InvalidRequestError(
            f"insert() can't write a row of {table.full_name!r}, which begins in "
            f"{table.parts[0].table.full_name!r}",
            hint="session.add_all() the objects: a flush writes each table with one statement",
        )
    renderer.write(quote_qualified(table.schema, table.name), " AS ")
    renderer.write(renderer.source_name(table))


def _write_sources(renderer: Renderer, word: str, sources: list[Any]) -> None:
    for index, source in enumerate(sources):
        renderer.write(", " if index else word)
        write_source(renderer, source)


def _write_returning(renderer: Renderer, statement: Modification[Any], *, is_top: bool) -> None:
    if statement._returning:
        renderer.write(" RETURNING ")
        _write_returned_items(renderer, statement, is_top=is_top)


def _write_returned_items(
    renderer: Renderer, statement: Modification[Any], *, is_top: bool
) -> None:
    if statement._returning:
        items = statement._returning
        loads = is_top and renderer.loads
        write_items(
            renderer,
            items,
            is_top=is_top,
            further=(lambda position: own_further(items[position])[0]) if loads else None,
        )
