"""Objects: which objects a session holds as new, dirty or deleted, told apart by identity."""

from __future__ import annotations

from typing import Any, SupportsIndex


class Objects(tuple[Any, ...]):
    """Some objects of a session at one moment; another one with equal columns is none of them."""

    __slots__ = ()

    def __contains__(self, instance: object) -> bool:
        return any(held is instance for held in self)

    def count(self, instance: Any) -> int:
        """1 for an object that is held, else 0."""
        return sum(held is instance for held in self)

    def index(
        self, instance: Any, start: SupportsIndex = 0, stop: SupportsIndex | None = None
    ) -> int:
        """The position of this very object; ValueError if it is not held."""
        for position in range(*slice(start, stop).indices(len(self))):
            if self[position] is instance:
                return position
        raise ValueError(f"the {type(instance).__name__} is not among these objects")
