"""Rendering of JSON documents."""

from __future__ import annotations

import re

from asyncorm.compiler.quoting import quote_name
from asyncorm.compiler.renderer import Renderer
from asyncorm.sql.documents import KEY, DocumentRows, DocumentValue


def render_document_value(renderer: Renderer, node: DocumentValue) -> None:
    """A value by its template."""
    for piece in re.split(r"(\{[01]\})", node.template):
        if piece == "{0}":
            renderer.render(node.inner)
        elif piece == "{1}" and node.values is not None:
            renderer.render(node.values)
        else:
            renderer.write(piece)


def render_document_rows(renderer: Renderer, node: DocumentRows) -> None:
    """A row, or the aggregate of all rows."""
    name = renderer.source_name(node.rows)
    if node.kind == "one":
        renderer.write(f"row_to_json({name})")
    elif node.kind == "list":
        renderer.write(f"coalesce(json_agg({name}), '[]'::json)")
    else:
        key = f"{name}.{quote_name(KEY)}"
        renderer.write(
            f"coalesce(json_object_agg({key}, to_jsonb({name}) - '{KEY}'), '{{}}'::json)"
        )
