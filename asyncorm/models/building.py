"""Whether a model class is being built right now: then columns hide from pydantic, which would
take an inherited class attribute for the field's default."""

from __future__ import annotations

from types import TracebackType
from typing import Final


class Building:
    """A re-entrant switch; building a class is synchronous, so one per process is enough."""

    __slots__ = ("depth",)

    def __init__(self) -> None:
        self.depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.depth -= 1


BUILDING: Final = Building()
