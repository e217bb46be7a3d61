"""Rendering of UPDATE."""

from __future__ import annotations

from functools import partial
from typing import Any

from asyncorm.compiler.bases import bases_of
from asyncorm.compiler.joined_dml import write_joined_update
from asyncorm.compiler.joins import JoinTree
from asyncorm.compiler.modification import (
    other_trees,
    scope_of,
    sources_of_trees,
    write_assignments,
    write_ctes,
    write_returning,
    write_target,
    write_trees,
)
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.select import write_where
from asyncorm.compiler.subtypes import kinds_of
from asyncorm.sql.statements.update import Update


def render_update(renderer: Renderer, update: Update[Any]) -> None:
    """A nested UPDATE."""
    renderer.note_write(update._target)
    write_update(renderer, update, is_top=False)


def write_update(renderer: Renderer, update: Update[Any], *, is_top: bool) -> None:
    """UPDATE ... SET ... FROM ... WHERE."""
    values = [assignment.value for assignment in update._assignments]
    write_ctes(renderer, update)
    with renderer.deriving(bases_of(update._source)):
        trees = other_trees(renderer, update, [*values, *update._where])
        with renderer.within([scope_of(update, sources_of_trees(trees))]):
            _write_update(renderer, update, trees, is_top=is_top)


def _write_update(
    renderer: Renderer, update: Update[Any], trees: list[JoinTree], *, is_top: bool
) -> None:
    source, others = update._source, sources_of_trees(trees)
    returning = partial(write_returning, renderer, update, others, is_top=is_top)
    if len(update._table.physical) > 1:
        write_joined_update(renderer, update, trees, returning)
        return
    renderer.write("UPDATE ")
    write_target(renderer, source, only=update._only)
    renderer.write(" SET ")
    write_assignments(renderer, update._assignments)
    write_trees(renderer, " FROM ", trees)
    write_where(renderer, (*update._where, *kinds_of(source, *(tree.root for tree in trees))))
    returning()
