"""Expansion: the statement that is sent for a statement whose options load something with it."""

from __future__ import annotations

from typing import Any

from asyncorm.loading.contained import check_none_contained, take_contained
from asyncorm.loading.draft import Draft, Expansion
from asyncorm.loading.joining import join_related
from asyncorm.loading.nesting import nest_related
from asyncorm.loading.tree import LoadNode
from asyncorm.sql.statements.query import Rows


def expand(statement: Any, trees: dict[int, LoadNode], *, in_pieces: bool) -> Expansion:
    """The statement that loads these trees as far as one statement can.

    ``in_pieces`` its rows don't arrive all at once.
    """
    if not isinstance(statement, Rows):
        for node in trees.values():
            check_none_contained(node)
        return Expansion(statement)
    draft = Draft(statement, trees)
    take_contained(draft)
    join_related(draft)
    nest_related(draft, in_pieces=in_pieces)
    return draft.finished()
