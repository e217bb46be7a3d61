"""AND, OR and NOT of conditions."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Condition, Expression, as_condition


def and_(*conditions: Expression[bool, Any]) -> Expression[bool, bool]:
    """All conditions joined by AND."""
    return _joined("AND", conditions)


def or_(*conditions: Expression[bool, Any]) -> Expression[bool, bool]:
    """All conditions joined by OR."""
    return _joined("OR", conditions)


def not_(condition: Expression[bool, Any]) -> Condition:
    """The opposite of a condition."""
    return Condition("NOT", (as_condition(condition),))


def _joined(operator: str, conditions: tuple[Any, ...]) -> Expression[bool, bool]:
    if not conditions:
        raise InvalidRequestError(
            f"{operator.lower()}_() was given no condition",
            hint="give at least one; true() and false() are the constants",
        )
    if len(conditions) == 1:
        return as_condition(conditions[0])
    return Condition(operator, tuple(as_condition(item) for item in conditions))
