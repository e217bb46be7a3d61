"""Expansion: the statement that is sent for a statement whose options load something with it."""

from __future__ import annotations

from typing import Any, NamedTuple

from asyncorm.loading.tree import Edge, LoadNode


class Attachment(NamedTuple):
    """An item that was added to a statement: the objects of an edge for those of another item."""

    owner: int
    edge: Edge
    position: int


class Expansion(NamedTuple):
    """A statement with more items than were asked for, and what becomes of these."""

    statement: Any
    attachments: tuple[Attachment, ...] = ()


def expand(statement: Any, trees: dict[int, LoadNode]) -> Expansion:
    """The statement that loads these trees as far as one statement can."""
    return Expansion(statement)
