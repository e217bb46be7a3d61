"""Rendering of UPDATE."""

from __future__ import annotations

from functools import partial
from typing import Any

from asyncorm.compiler.bases import bases_of
from asyncorm.compiler.joined_dml import write_joined_update
from asyncorm.compiler.modification import (
    other_sources,
    write_assignments,
    write_returning,
    write_sources,
    write_target,
)
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.compiler.select import write_where
from asyncorm.compiler.subtypes import kinds_of
from asyncorm.sql.update import Update


def render_update(renderer: Renderer, update: Update[Any]) -> None:
    """A nested UPDATE."""
    renderer.writes = True
    write_update(renderer, update, is_top=False)


def write_update(renderer: Renderer, update: Update[Any], *, is_top: bool) -> None:
    """UPDATE ... SET ... FROM ... WHERE."""
    table = update._table
    values = [assignment.value for assignment in update._assignments]
    with renderer.deriving(bases_of(table)):
        others = other_sources(renderer, update, [*values, *update._where])
        with renderer.within([{source_key(table), *map(source_key, others)}]):
            _write_update(renderer, update, others, is_top=is_top)


def _write_update(
    renderer: Renderer, update: Update[Any], others: list[Any], *, is_top: bool
) -> None:
    table = update._table
    if len(table.physical) > 1:
        returning = partial(write_returning, renderer, update, is_top=is_top)
        write_joined_update(renderer, update, others, returning)
        return
    renderer.write("UPDATE ")
    write_target(renderer, table)
    renderer.write(" SET ")
    write_assignments(renderer, update._assignments)
    write_sources(renderer, " FROM ", others)
    write_where(renderer, (*update._where, *kinds_of(table, *others)))
    write_returning(renderer, update, is_top=is_top)
