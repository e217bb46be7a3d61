"""AND, OR and NOT of what is true or false."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.operators.base import C, Operators, R, V


class LogicOperators(Operators[V, R, C]):
    """``&``, ``|`` and ``~`` of boolean columns and functions, as conditions have them."""

    __slots__ = ()

    def __and__(self: LogicOperators[bool, Any, C], other: Operators[bool, Any, C]) -> C:
        return self._logical("AND", other)

    def __or__(self: LogicOperators[bool, Any, C], other: Operators[bool, Any, C]) -> C:
        return self._logical("OR", other)

    def __invert__(self: LogicOperators[bool, Any, C]) -> C:
        return self._logical("NOT")

    def _logical(self, operator: str, *others: Any) -> C:
        if self._type.cast_type not in ("boolean", ""):
            raise ArgumentError(
                f"{self._describe()} is {self._type.ddl}, and & | ~ are those of conditions",
                hint="put comparisons in parentheses; of bits it is bitwise_and() and the like",
            )
        for other in others:
            if not isinstance(other, Operators):
                raise InvalidRequestError(
                    f"a condition must be a SQL expression, not a {type(other).__name__}",
                    hint="compare columns, as in where(User.active & (User.id == 5))",
                )
        return self._condition(operator, *others)
