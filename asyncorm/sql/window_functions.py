"""Window functions, with exact types; each needs ``over()``."""

from __future__ import annotations

from typing import Any, TypeVar

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import Expression, Parameter
from asyncorm.sql.function_calls import FunctionCall, NullFunctionCall
from asyncorm.types import scalars

V = TypeVar("V")
R = TypeVar("R")


class WindowFunctions:
    """The window functions of ``func``."""

    def row_number(self) -> FunctionCall[int, int]:
        """The number of the row in its window; needs ``over()``."""
        return FunctionCall("row_number", (), scalars.BIGINT)

    def rank(self) -> FunctionCall[int, int]:
        """The rank of the row with gaps; needs ``over()``."""
        return FunctionCall("rank", (), scalars.BIGINT)

    def dense_rank(self) -> FunctionCall[int, int]:
        """The rank of the row without gaps; needs ``over()``."""
        return FunctionCall("dense_rank", (), scalars.BIGINT)

    def lag(self, expression: Expression[V, Any], offset: int = 1) -> NullFunctionCall[V]:
        """The value of an earlier row of the window; needs ``over()``."""
        return NullFunctionCall("lag", (expression, _integer(offset)), expression._type)

    def lead(self, expression: Expression[V, Any], offset: int = 1) -> NullFunctionCall[V]:
        """The value of a later row of the window; needs ``over()``."""
        return NullFunctionCall("lead", (expression, _integer(offset)), expression._type)

    def first_value(self, expression: Expression[V, R]) -> FunctionCall[V, R]:
        """The value of the first row of the window; needs ``over()``."""
        return FunctionCall("first_value", (expression,), expression._type)


def _integer(value: int) -> Expression[Any, Any]:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(
            f"an offset is int, not {type(value).__name__}", hint="give a whole number"
        )
    return Parameter(value, scalars.INTEGER)
