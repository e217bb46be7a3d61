"""Rendering of windows and their frames."""

from __future__ import annotations

from asyncorm.compiler.renderer import Renderer
from asyncorm.sql.functions.calls import Over
from asyncorm.sql.functions.frames import Bound, Frame, Window

_SIDES = {-2: "UNBOUNDED PRECEDING", -1: " PRECEDING", 0: "CURRENT ROW", 1: " FOLLOWING",
          2: "UNBOUNDED FOLLOWING"}  # fmt: skip


def render_over(renderer: Renderer, over: Over[object, object]) -> None:
    """A function over a window."""
    renderer.render(over.call)
    renderer.write(" OVER (")
    _write_window(renderer, over.window)
    renderer.write(")")


def _write_window(renderer: Renderer, window: Window) -> None:
    separator = ""
    if window.partition:
        renderer.write("PARTITION BY ")
        renderer.render_list(window.partition)
        separator = " "
    if window.ordering:
        renderer.write(separator, "ORDER BY ")
        renderer.render_list(window.ordering)
        separator = " "
    if window.frame is not None:
        renderer.write(separator)
        _write_frame(renderer, window.frame)


def _write_frame(renderer: Renderer, frame: Frame) -> None:
    renderer.write(frame.mode, " BETWEEN ")
    _write_bound(renderer, frame.start)
    renderer.write(" AND ")
    _write_bound(renderer, frame.end)
    if frame.excluded is not None:
        renderer.write(" EXCLUDE ", frame.excluded)


def _write_bound(renderer: Renderer, bound: Bound) -> None:
    if bound.distance is not None:
        renderer.render(bound.distance)
    renderer.write(_SIDES[bound.side])
