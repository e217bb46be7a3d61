"""One library in the benchmark of compiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Built = Any


class Case(NamedTuple):
    """How a library builds each statement, finds its text and arguments, and compiles it."""

    name: str
    statements: Mapping[str, Callable[[], Built]]
    look_up: Callable[[Built], object]
    compile: Callable[[Built], object]
