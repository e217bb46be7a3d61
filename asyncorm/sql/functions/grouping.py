"""GROUPING SETS, ROLLUP and CUBE: several groupings in one statement."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.nodes import combined
from asyncorm.types.scalars import INTEGER


class Grouping:
    """What stands in GROUP BY beside expressions: a keyword and sets of them, or one such set."""

    __slots__ = ("_key", "_parameters", "keyword", "members")

    def __init__(self, keyword: str, members: Iterable[Expression[Any, Any] | Grouping]) -> None:
        self.keyword = keyword
        self.members = tuple(members)
        keys, parameters = combined(self.members)
        self._key: Hashable = ("grouping", keyword, keys)
        self._parameters: tuple[Any, ...] = parameters


Member = Expression[Any, Any] | Iterable[Expression[Any, Any]]
SetMember = Member | Grouping


class GroupingFunctions:
    """The groupings of ``func``, for ``group_by``."""

    def grouping_sets(self, *sets: SetMember) -> Grouping:
        """``GROUPING SETS ((a, b), (a), ())``: one grouping for each of the sets."""
        return Grouping("GROUPING SETS", map(_set, sets))

    def rollup(self, *levels: Member) -> Grouping:
        """``ROLLUP (a, b)``: groups by all, then by one less each time, at last by nothing."""
        return Grouping("ROLLUP", map(_level, levels))

    def cube(self, *levels: Member) -> Grouping:
        """``CUBE (a, b)``: one grouping for each combination."""
        return Grouping("CUBE", map(_level, levels))

    def grouping(self, *expressions: Expression[Any, Any]) -> FunctionCall[int, int]:
        """A bit for each expression, set where the row is of a group without it."""
        return FunctionCall("grouping", expressions, INTEGER)


def grouped(given: Iterable[Any]) -> tuple[Any, ...]:
    """What ``group_by()`` was given, if all of it can stand there."""
    found = tuple(given)
    for item in found:
        if not isinstance(item, (Expression, Grouping)):
            raise InvalidRequestError(
                f"group_by() takes columns and expressions, not a {type(item).__name__}",
                hint="give columns, as in group_by(User.name), or func.rollup(...)",
            )
    return found


def _set(given: Any) -> Any:
    if isinstance(given, Grouping):
        return given
    return Grouping("", grouped(_members(given)))


def _level(given: Any) -> Any:
    return given if isinstance(given, Expression) else Grouping("", grouped(_members(given)))


def _members(given: Any) -> Iterable[Any]:
    return given if isinstance(given, (list, tuple)) else (given,)
