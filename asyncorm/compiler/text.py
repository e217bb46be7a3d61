"""Rendering of raw SQL."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.quoting import quote_name
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.select import write_items
from asyncorm.compiler.subtypes import physical_columns
from asyncorm.sql.text import EntityColumns, Name, Text


def render_text(renderer: Renderer, text: Text[Any]) -> None:
    """The developer's text, with the arguments in their places."""
    first, *rest = text.pieces
    renderer.write(first)
    with renderer.within([set()]):  # nothing can be joined to what the text says
        for argument, piece in zip(text.arguments, rest, strict=True):
            renderer.render(argument)
            renderer.write(piece)


def render_name(renderer: Renderer, name: Name) -> None:
    """A quoted name."""
    renderer.write(".".join(map(quote_name, name.parts)))


def render_entity_columns(renderer: Renderer, columns: EntityColumns) -> None:
    """The columns of an entity, as a select list."""
    write_items(renderer, physical_columns(columns.entity), is_top=True)
