"""Whether a model class is being built right now: then columns hide from pydantic, which would
take an inherited class attribute for the field's default."""

from __future__ import annotations

from threading import get_ident
from types import TracebackType
from typing import Final


class Building:
    """A re-entrant switch, for the thread that builds: others go on using their columns.

    ``threads`` is empty nearly always, which is what reading a column of a class checks.
    """

    __slots__ = ("threads",)

    def __init__(self) -> None:
        self.threads: list[int] = []

    def here(self) -> bool:
        """Whether this thread is building a class."""
        return get_ident() in self.threads

    def __enter__(self) -> None:
        self.threads.append(get_ident())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.threads.remove(get_ident())


BUILDING: Final = Building()
