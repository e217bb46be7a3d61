"""The branches of MERGE, and what they do with a row."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from asyncorm.sql.assignment import Assignment
from asyncorm.sql.expressions import Expression
from asyncorm.sql.nodes import combined
from asyncorm.sql.statements.inserted_rows import ValueRows


class Action:
    """What a branch does."""

    _key: Hashable
    _parameters: tuple[Any, ...] = ()


class Nothing(Action):
    """DO NOTHING."""

    _key = "nothing"


class DeleteRow(Action):
    """DELETE."""

    _key = "delete"


class UpdateRow(Action):
    """UPDATE SET."""

    def __init__(self, assignments: tuple[Assignment, ...]) -> None:
        self.assignments = assignments
        keys, self._parameters = combined(assignments)
        self._key = ("update", keys)


class InsertRow(Action):
    """INSERT of one row; None is one of nothing but the server's defaults."""

    def __init__(self, rows: ValueRows | None, overriding: str | None) -> None:
        self.rows = rows
        self.overriding = overriding
        self._key = ("insert", overriding, rows and rows._key)
        self._parameters = () if rows is None else rows._parameters


class MergeBranch:
    """WHEN ... AND condition THEN action."""

    __slots__ = ("_key", "_parameters", "action", "conditions", "kind")

    def __init__(
        self, kind: str, conditions: tuple[Expression[bool, Any], ...], action: Action
    ) -> None:
        self.kind = kind
        self.conditions = conditions
        self.action = action
        keys, parameters = combined(conditions)
        self._key: Hashable = (kind, keys, action._key)
        self._parameters: tuple[Any, ...] = parameters + action._parameters
