"""Loader options: what a statement loads beside its rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.mapping.relationships import Relationship


class SelectInLoad:
    """Load a relationship, or a path of them, with one further SELECT a step."""

    __slots__ = ("_key", "path")

    def __init__(self, path: tuple[Relationship[Any, Any], ...]) -> None:
        check_path(path)
        self.path = path
        self._key = ("selectinload", *(relationship._key for relationship in path))

    def selectinload(self, relationship: Relationship[Any, Any]) -> SelectInLoad:
        """The same path with one more relationship at its end."""
        return SelectInLoad((*self.path, relationship))

    def __repr__(self) -> str:
        return f"selectinload({', '.join(str(relationship) for relationship in self.path)})"


def selectinload(*path: Relationship[Any, Any]) -> SelectInLoad:
    """Load a relationship for all rows of a statement with one more SELECT (``= ANY``).

    ``selectinload(User.books)`` or a path, ``selectinload(User.books).selectinload(Book.tags)``.
    """
    return SelectInLoad(path)


def check_path(path: tuple[Relationship[Any, Any], ...]) -> None:
    """A path is made of relationships, each of the entity the one before leads to."""
    if not path:
        raise ArgumentError(
            "no relationship to load was given", hint="name one: selectinload(User.books)"
        )
    for relationship in path:
        if not isinstance(relationship, Relationship):
            raise ArgumentError(
                f"{relationship!r} is not a relationship",
                hint="name a relationship of a model: User.books",
            )
        relationship.owner.metadata.configure()
    for before, after in pairwise(path):
        if after.mapper is not before.target:
            raise ArgumentError(
                f"{after} does not follow {before}, which leads to {before.target.name}",
                hint=f"continue with a relationship of {before.target.name}",
            )
