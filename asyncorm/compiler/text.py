"""Rendering of raw SQL."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.quoting import quote_name
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.select import write_items
from asyncorm.compiler.subtypes import physical_columns
from asyncorm.sql.expressions import Label
from asyncorm.sql.sources import entity_columns, is_entity
from asyncorm.sql.statements.raw import EntityColumns, Name, RowOf, Text, part_name


def render_text(renderer: Renderer, text: Text[Any]) -> None:
    """The developer's text, with the arguments in their places."""
    first, *rest = text.pieces
    renderer.acts = True
    renderer.write(first)
    renderer.entities_of_text = 0 if isinstance(text._shape, RowOf) else None
    with renderer.within([set()]):  # nothing can be joined to what the text says
        for argument, piece in zip(text.arguments, rest, strict=True):
            renderer.render(argument)
            renderer.write(piece)


def render_name(renderer: Renderer, name: Name) -> None:
    """A quoted name."""
    renderer.write(".".join(map(quote_name, name.parts)))


def render_entity_columns(renderer: Renderer, columns: EntityColumns) -> None:
    """The columns of an entity, as a select list; under names of their own if there are several
    entities in a row."""
    shown = physical_columns(columns.entity)
    if renderer.entities_of_text is None:
        write_items(renderer, shown, is_top=True)
        return
    number = renderer.entities_of_text
    renderer.entities_of_text += 1
    first, *further = shown
    listed = (*entity_columns(first), *further) if is_entity(first) else shown
    write_items(
        renderer,
        tuple(Label(column, part_name(number, index)) for index, column in enumerate(listed)),
        is_top=True,
    )
