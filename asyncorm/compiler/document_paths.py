"""Rendering of parts of JSON documents, as values and as targets of assignments."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.expressions import render_column
from asyncorm.compiler.quoting import quote_text
from asyncorm.compiler.renderer import Renderer
from asyncorm.sql.document_columns import PartColumn
from asyncorm.sql.document_paths import DocumentPath, FieldStep
from asyncorm.sql.values import is_json


def render_document_path(renderer: Renderer, path: DocumentPath[Any]) -> None:
    """``("settings" ->> 'theme')``, as another type with a CAST around it."""
    type_ = path._type
    as_text = not is_json(type_)
    is_cast = as_text and type_.cast_type != "text"
    renderer.write("CAST(" if is_cast else "(")
    renderer.render(path._column)
    last = len(path._steps) - 1
    for index, step in enumerate(path._steps):
        renderer.write(" ->> " if as_text and index == last else " -> ")
        _write_step(renderer, step)
    if as_text and last < 0:
        renderer.write(" #>> '{}'")
    renderer.write(f" AS {type_.ddl})" if is_cast else ")")


def render_part_column(renderer: Renderer, part: PartColumn) -> None:
    """``"settings"['theme']`` on the left of an assignment."""
    render_column(renderer, part)
    write_subscripts(renderer, part)


def write_subscripts(renderer: Renderer, part: PartColumn) -> None:
    """The subscripts behind the name of the column."""
    for step in part.steps:
        renderer.write("[")
        _write_step(renderer, step)
        renderer.write("]")


def _write_step(renderer: Renderer, step: Any) -> None:
    if isinstance(step, FieldStep):
        renderer.write(quote_text(step.key))
    else:
        renderer.render(step)
