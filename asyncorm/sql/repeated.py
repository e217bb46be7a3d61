"""Expressions that are written twice: the one of GROUP BY is that of the select list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from asyncorm.sql.expressions import Expression, Label, Parameter
from asyncorm.sql.functions.grouping import Grouping
from asyncorm.sql.operators.order import Order

T = TypeVar("T")


def found_again(given: T, among: Iterable[Any]) -> T:
    """A term of GROUP BY or ORDER BY; its expressions are those of ``among`` that equal them.

    Values are numbered one by one, and PostgreSQL does not take two numbers for one value: of an
    expression that is the same object, the values are, too.
    """
    term: Any = given
    if not term._parameters:
        return given
    if isinstance(term, Order):
        found: Any = Order(found_again(term.expression, among), term.direction, term.nulls)
    elif isinstance(term, Grouping):
        known = tuple(among)
        found = Grouping(term.keyword, (found_again(member, known) for member in term.members))
    else:
        found = _equal(term, among)
    return found  # type: ignore[no-any-return]


def _equal(term: Any, among: Iterable[Any]) -> Any:
    for item in among:
        inner = item.inner if isinstance(item, Label) else item
        if isinstance(inner, Expression) and inner._key == term._key and inner is not term:
            pairs = zip(inner._parameters, term._parameters, strict=True)
            if all(_is_same(one, other) for one, other in pairs):
                return inner
    return term


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not Parameter or type(other) is not Parameter:
        return False
    values = one.value, other.value
    return type(values[0]) is type(values[1]) and bool(values[0] == values[1])
