"""Rendering of what INSERT, UPDATE and DELETE share: target, SET, further tables, RETURNING."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.bases import check_linked
from asyncorm.compiler.quoting import quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.compiler.select import write_items, write_source
from asyncorm.compiler.subtypes import own_further
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Assignment
from asyncorm.sql.modification import Filtered, Modification
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import Table


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


def write_assignments(renderer: Renderer, assignments: tuple[Assignment, ...]) -> None:
    """What stands after SET."""
    for index, assignment in enumerate(assignments):
        renderer.write(", " if index else "")
        with renderer.bare():
            renderer.render(assignment.column)
        renderer.write(" = ")
        renderer.render(assignment.value)


def other_sources(renderer: Renderer, statement: Filtered[Any], nodes: list[Any]) -> list[Any]:
    """The sources besides the target that the nodes name."""
    table = statement._table
    found = renderer.sources_in(nodes)
    found.pop(source_key(table), None)
    if found:
        check_linked(renderer, [table, *found.values()], (), statement._where)
    return list(found.values())


def write_sources(renderer: Renderer, word: str, sources: list[Any]) -> None:
    """FROM or USING, if there is anything."""
    for index, source in enumerate(sources):
        renderer.write(", " if index else word)
        write_source(renderer, source)


def write_returning(renderer: Renderer, statement: Modification[Any], *, is_top: bool) -> None:
    """RETURNING, if the statement has it."""
    if statement._returning:
        renderer.write(" RETURNING ")
        write_returned_items(renderer, statement, is_top=is_top)


def write_returned_items(renderer: Renderer, statement: Modification[Any], *, is_top: bool) -> None:
    """What stands after RETURNING, or in the SELECT that takes its place."""
    if statement._returning:
        items = statement._returning
        loads = is_top and renderer.loads
        write_items(
            renderer,
            items,
            is_top=is_top,
            further=(lambda position: own_further(items[position])[0]) if loads else None,
        )
