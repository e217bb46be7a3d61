"""Rendering of MERGE."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.compiled import BY_SOURCE, MERGE, MERGE_RETURNING
from asyncorm.compiler.insert import write_inserted
from asyncorm.compiler.modification import (
    scope_of,
    write_assignments,
    write_ctes,
    write_returning,
    write_target,
)
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.compiler.select import write_conditions, write_source
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.sources import entity_name
from asyncorm.sql.statements.merge import Merge
from asyncorm.sql.statements.merge_actions import DeleteRow, InsertRow, MergeBranch, UpdateRow
from asyncorm.sql.subtype import Subtype


def render_merge(renderer: Renderer, merge: Merge[Any]) -> None:
    """A nested MERGE."""
    renderer.note_write(merge._target)
    write_merge(renderer, merge, is_top=False)


def write_merge(renderer: Renderer, merge: Merge[Any], *, is_top: bool) -> None:
    """MERGE INTO ... USING ... ON ... WHEN ..."""
    if isinstance(merge._table, Subtype):
        raise InvalidRequestError(
            f"merge() can't tell the rows of {entity_name(merge._target)} from those of other "
            "classes of its hierarchy",
            hint="merge into the table: merge(Base.__table__); or use insert(), update(), delete()",
        )
    _ = merge._structure  # which refuses one that is not complete
    renderer.require(MERGE)
    write_ctes(renderer, merge)
    renderer.write("MERGE INTO ")
    write_target(renderer, merge._source, only=merge._only)
    renderer.write(" USING ")
    with renderer.within([set()]):
        write_source(renderer, merge._using)
    with renderer.within([scope_of(merge, [merge._using])]):
        _check_sources(renderer, merge, [merge._on], (merge._source, merge._using), "using()")
        renderer.write(" ON ")
        renderer.render(merge._on)
        for branch in merge._branches:
            _write_branch(renderer, merge, branch)
        if merge._returning:
            renderer.require(MERGE_RETURNING)
        write_returning(renderer, merge, (merge._using,), is_top=is_top)


def _write_branch(renderer: Renderer, merge: Merge[Any], branch: MergeBranch) -> None:
    visible: tuple[Any, ...] = (merge._source, merge._using)
    if branch.kind == "WHEN NOT MATCHED":
        visible = (merge._using,)
    elif branch.kind != "WHEN MATCHED":
        visible = (merge._source,)
        renderer.require(BY_SOURCE)
    nodes = [*branch.conditions, *_values(branch)]
    method = f"{branch.kind.lower().replace(' ', '_')}()"
    _check_sources(renderer, merge, nodes, visible, method)
    renderer.write(" ", branch.kind)
    if branch.conditions:
        renderer.write(" AND ")
        write_conditions(renderer, branch.conditions)
    renderer.write(" THEN ")
    action = branch.action
    if isinstance(action, UpdateRow):
        renderer.write("UPDATE SET ")
        write_assignments(renderer, action.assignments)
    elif isinstance(action, InsertRow):
        renderer.write("INSERT")
        write_inserted(renderer, action.rows, action.overriding)
    else:
        renderer.write("DELETE" if isinstance(action, DeleteRow) else "DO NOTHING")


def _values(branch: MergeBranch) -> list[Any]:
    action = branch.action
    if isinstance(action, UpdateRow):
        return [assignment.value for assignment in action.assignments]
    if isinstance(action, InsertRow) and action.rows is not None:
        return [item for row in action.rows.rows for item in row if item is not None]
    return []


def _check_sources(
    renderer: Renderer, merge: Merge[Any], nodes: list[Any], visible: tuple[Any, ...], method: str
) -> None:
    """Refuse columns of what is not there for a row."""
    keys = set(map(source_key, visible))
    for key, source in renderer.sources_in(nodes).items():
        if key not in keys:
            raise InvalidRequestError(
                f"{method} of merge({entity_name(merge._target)}) names {entity_name(source)}, "
                "of which there is no row",
                hint="name " + " and ".join(map(entity_name, visible)) + ", or a subquery",
            )
