"""Rendering of DELETE."""

from __future__ import annotations

from functools import partial
from typing import Any

from asyncorm.compiler.bases import bases_of
from asyncorm.compiler.joined_dml import parts_to_delete, write_joined_delete
from asyncorm.compiler.joins import JoinTree
from asyncorm.compiler.modification import (
    other_trees,
    scope_of,
    sources_of_trees,
    write_ctes,
    write_returned_items,
    write_returning,
    write_target,
    write_trees,
)
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.select import write_where
from asyncorm.compiler.subtypes import kinds_of
from asyncorm.sql.statements.delete import Delete


def render_delete(renderer: Renderer, delete: Delete[Any]) -> None:
    """A nested DELETE."""
    renderer.note_write(delete._target)
    write_delete(renderer, delete, is_top=False)


def write_delete(renderer: Renderer, delete: Delete[Any], *, is_top: bool) -> None:
    """DELETE FROM ... USING ... WHERE."""
    write_ctes(renderer, delete)
    with renderer.deriving(bases_of(delete._source)):
        trees = other_trees(renderer, delete, delete._where)
        with renderer.within([scope_of(delete, sources_of_trees(trees))]):
            _write_delete(renderer, delete, trees, is_top=is_top)


def _write_delete(
    renderer: Renderer, delete: Delete[Any], trees: list[JoinTree], *, is_top: bool
) -> None:
    source, table = delete._source, delete._table
    returning = partial(write_returning, renderer, delete, sources_of_trees(trees), is_top=is_top)
    parts = parts_to_delete(table)
    if len(table.physical) > 1 or len(parts) > 1:
        if len(parts) > 1:
            returning = partial(write_returned_items, renderer, delete, is_top=is_top)
        write_joined_delete(renderer, delete, trees, returning)
        return
    renderer.write("DELETE FROM ")
    write_target(renderer, source, only=delete._only)
    write_trees(renderer, " USING ", trees)
    write_where(renderer, (*delete._where, *kinds_of(source, *(tree.root for tree in trees))))
    returning()
