"""Correlated: a subquery about the rows of a source of the statement around it."""

from __future__ import annotations

from typing import Any

from asyncorm.sql.expressions import Condition, ScalarQuery
from asyncorm.sql.nodes import Query
from asyncorm.types.scalars import BOOLEAN


class Correlated(ScalarQuery[bool, bool]):
    """A query that asks for each row of ``source``, which thereby belongs into FROM outside."""

    __slots__ = ("source",)

    def __init__(self, query: Query[Any], source: Any) -> None:
        super().__init__(query, BOOLEAN)
        # the query speaks of it, so that it is in the key already
        self.source = source


def exists_for(source: Any, query: Query[Any]) -> Condition:
    """Whether the query has rows for a row of the source."""
    return Condition("EXISTS", (Correlated(query, source),))
