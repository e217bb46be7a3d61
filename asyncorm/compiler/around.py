"""Casts around rows that are told apart or ordered: not by what the driver sees of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncorm.compiler.renderer import Renderer


def cast_around(renderer: Renderer, write: Callable[[], None]) -> None:
    """Write rows without casts of their columns, and SELECT these from them with casts.

    DISTINCT and UNION of ``citext`` know no upper and lower case, and labels of an enum have an
    order: their texts are told apart and ordered in another way.
    """
    columns: list[Any] = []
    renderer.uncast = columns
    with renderer.aside() as rows:
        write()
    renderer.uncast = None
    casts = [column._type.select_type if column._type.comparable else None for column in columns]
    if not any(casts):
        renderer.extend(rows)
        return
    names = [f"c{number}" for number in range(1, len(columns) + 1)]
    outer = (f"{n}::{cast}" if cast else n for n, cast in zip(names, casts, strict=True))
    renderer.write("SELECT ", ", ".join(outer), " FROM (")
    renderer.extend(rows)
    renderer.write(f") AS told_apart({', '.join(names)})")
