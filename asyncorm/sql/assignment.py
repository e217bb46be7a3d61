"""Assignment: a column and the value it gets."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from asyncorm.sql.expressions import Expression, operand


class Assignment:
    """A column and the value it gets."""

    __slots__ = ("_key", "_parameters", "column", "value")

    def __init__(self, column: Expression[Any, Any], value: Any) -> None:
        self.column = column
        self.value = operand(value, column, nullable=True)
        self._key: Hashable = ("set", column._key, self.value._key)
        # the target binds something where it is a part of a column
        self._parameters: tuple[Any, ...] = column._parameters + self.value._parameters

    @property
    def columns(self) -> tuple[Expression[Any, Any], ...]:
        """The columns that get a value."""
        return (self.column,)
