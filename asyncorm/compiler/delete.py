"""Rendering of DELETE."""

from __future__ import annotations

from functools import partial
from typing import Any

from asyncorm.compiler.bases import bases_of
from asyncorm.compiler.joined_dml import parts_to_delete, write_joined_delete
from asyncorm.compiler.modification import (
    other_sources,
    write_returned_items,
    write_returning,
    write_sources,
    write_target,
)
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.compiler.select import write_where
from asyncorm.compiler.subtypes import kinds_of
from asyncorm.sql.delete import Delete


def render_delete(renderer: Renderer, delete: Delete[Any]) -> None:
    """A nested DELETE."""
    renderer.writes = True
    write_delete(renderer, delete, is_top=False)


def write_delete(renderer: Renderer, delete: Delete[Any], *, is_top: bool) -> None:
    """DELETE FROM ... USING ... WHERE."""
    table = delete._table
    with renderer.deriving(bases_of(table)):
        others = other_sources(renderer, delete, list(delete._where))
        with renderer.within([{source_key(table), *map(source_key, others)}]):
            _write_delete(renderer, delete, others, is_top=is_top)


def _write_delete(
    renderer: Renderer, delete: Delete[Any], others: list[Any], *, is_top: bool
) -> None:
    table = delete._table
    if len(table.physical) > 1 or len(parts_to_delete(table)) > 1:
        alone = len(parts_to_delete(table)) == 1
        write = write_returning if alone else write_returned_items
        returning = partial(write, renderer, delete, is_top=is_top)
        write_joined_delete(renderer, delete, others, returning)
        return
    renderer.write("DELETE FROM ")
    write_target(renderer, table)
    write_sources(renderer, " USING ", others)
    write_where(renderer, (*delete._where, *kinds_of(table, *others)))
    write_returning(renderer, delete, is_top=is_top)
